package kriti

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// number is a JSON number; what JSON does not allow but templates do, leading zeros, is taken away.
func number(text string) json.Number {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	for len(text) > 1 && text[0] == '0' && isDigit(text[1]) {
		text = text[1:]
	}
	return json.Number(sign + text)
}

// integer is a number's value if it is a whole one that fits.
func integer(n json.Number) (int, bool) {
	if i, err := strconv.Atoi(n.String()); err == nil {
		return i, true
	}
	f, err := n.Float64()
	if err != nil || f != float64(int32(f)) {
		return 0, false
	}
	return int(f), true
}

// typeName is a value's type as messages name it.
func typeName(v any) string {
	switch v.(type) {
	case map[string]any:
		return "Object"
	case []any:
		return "Array"
	case string:
		return "String"
	case json.Number:
		return "Number"
	case bool:
		return "Boolean"
	}
	return "Null"
}

// rank orders values of different types.
func rank(v any) int {
	return slices.Index([]string{"Object", "Array", "String", "Number", "Boolean", "Null"}, typeName(v))
}

// compare orders any two values: by type first, as Hasura's JSON library does.
func (e *evaluation) compare(at expr, a, b any) (int, error) {
	if err := e.spend(at, 0); err != nil {
		return 0, err
	}
	if r := rank(a) - rank(b); r != 0 {
		return r, nil
	}
	switch a := a.(type) {
	case string:
		b := b.(string)
		return strings.Compare(a, b), e.spend(at, min(len(a), len(b))/32)
	case json.Number:
		return compareNumbers(a.String(), b.(json.Number).String()), nil
	case bool:
		switch {
		case a == b.(bool):
			return 0, nil
		case a:
			return 1, nil
		}
		return -1, nil
	case []any:
		return e.compareLists(at, a, b.([]any))
	case map[string]any:
		return e.compareObjects(at, a, b.(map[string]any))
	}
	return 0, nil
}

func (e *evaluation) compareLists(at expr, a, b []any) (int, error) {
	for i := range min(len(a), len(b)) {
		if c, err := e.compare(at, a[i], b[i]); err != nil || c != 0 {
			return c, err
		}
	}
	return len(a) - len(b), nil
}

// compareObjects compares them as lists of pairs in the order of their keys.
func (e *evaluation) compareObjects(at expr, a, b map[string]any) (int, error) {
	if err := e.spend(at, len(a)+len(b)); err != nil {
		return 0, err
	}
	ka, kb := slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))
	for i := range min(len(ka), len(kb)) {
		if c := strings.Compare(ka[i], kb[i]); c != 0 {
			return c, nil
		}
		if c, err := e.compare(at, a[ka[i]], b[kb[i]]); err != nil || c != 0 {
			return c, err
		}
	}
	return len(ka) - len(kb), nil
}

// compareNumbers compares exactly, whatever the exponents.
func compareNumbers(a, b string) int {
	negA, digitsA, expA := decimal(a)
	negB, digitsB, expB := decimal(b)
	switch {
	case digitsA == "" && digitsB == "":
		return 0
	case digitsA == "":
		negA = !negB
	case digitsB == "":
		negB = !negA
	}
	sign := 1
	if negA {
		sign = -1
	}
	switch {
	case negA != negB:
		return sign
	case expA > expB:
		return sign
	case expA < expB:
		return -sign
	}
	return sign * strings.Compare(digitsA, digitsB)
}

// decimal is a number as 0.digits × 10^exponent, without zeros at either end; digits is "" for zero.
func decimal(s string) (isNegative bool, digits string, exponent int64) {
	s, isNegative = strings.CutPrefix(s, "-")
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.ParseInt(s[i+1:], 10, 64)
		if exponent = n; err != nil || n > 1<<40 || n < -1<<40 { // beyond all that differ in length
			exponent = 1 << 40
			if strings.HasPrefix(s[i+1:], "-") {
				exponent = -exponent
			}
		}
		s = s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	exponent += int64(len(whole)) - int64(len(whole+fraction)-len(digits))
	return isNegative, strings.TrimRight(digits, "0"), exponent
}

// shown is a value in an error's text.
func shown(v any) string {
	text, err := Encode(v, 200)
	if err != nil {
		return typeName(v)
	}
	return string(text)
}

// ErrTooLarge is returned by Encode.
var ErrTooLarge = errors.New("the template's result is too large")

// Encode writes a value as compact JSON with sorted keys, or gives ErrTooLarge past limit bytes: a small value may hold
// the same large one many times.
func Encode(v any, limit int) ([]byte, error) {
	var b bytes.Buffer
	if err := encode(&b, v, limit); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func encode(b *bytes.Buffer, v any, limit int) error {
	switch v := v.(type) {
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := encode(b, item, limit); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteByte(',')
			}
			encodeScalar(b, k)
			b.WriteByte(':')
			if err := encode(b, v[k], limit); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	default:
		encodeScalar(b, v)
	}
	if b.Len() > limit {
		return ErrTooLarge
	}
	return nil
}

func encodeScalar(b *bytes.Buffer, v any) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)       // a scalar always encodes
	b.Truncate(b.Len() - 1) // the line's end
}
