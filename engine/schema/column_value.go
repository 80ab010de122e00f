package schema

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"

	"gatehouse/engine/fault"
)

// Values of columns are JSON to Hasura, in requests as in metadata (Postgres/SQL/Value, parsePGValue): a string fits every
// type, Postgres reads it; other kinds must be the type's own.

// ValueProblem tells what is wrong with a JSON value that is to be a column's of class c; "" is nothing. kind is the first
// byte of its text, with 's' for strings and '#' for numbers; raw the text. What is in a list is for the caller, as null is.
func (c *Class) ValueProblem(kind byte, raw []byte) string {
	if kind == 's' || kind == 'n' {
		return ""
	}
	switch c.Kind {
	case JSONKind:
		return ""
	case ListKind:
		if kind != '[' {
			return wrongKind("[]", "Array", kind)
		}
		return ""
	case GeoKind:
		if kind != '{' {
			return wrongKind("Geometry", "Object", kind)
		}
		return ""
	case RasterKind:
		return "expecting String for raster"
	case BooleanKind:
		if kind != 't' && kind != 'f' {
			return wrongKind("Bool", "Boolean", kind)
		}
		return ""
	}
	switch c.Name {
	case "smallint":
		return integerProblem("PGSmallInt", kind, raw, math.MinInt16, math.MaxInt16)
	case "Int":
		return integerProblem("PGInteger", kind, raw, math.MinInt32, math.MaxInt32)
	case "bigint":
		return integerProblem("PGBigInt", kind, raw, math.MinInt64, math.MaxInt64)
	case "Float":
		return floatProblem("PGFloat", kind, raw, 32)
	case "float8":
		return floatProblem("PGDouble", kind, raw, 64)
	case "numeric", "money":
		if kind != '#' {
			return wrongKind("Scientific", "Number", kind)
		}
		return ""
	case "timetz":
		return "Expecting a string for timetz"
	case "ltree":
		return "Expecting label path: a sequence of zero or more labels separated by dots, for example L1.L2.L3"
	}
	if typ := jsonReaders[c.Name]; typ != "" {
		return wrongKind(typ, "String", kind)
	}
	return "A string is expected for type: " + strings.TrimSuffix(c.Name, "_scalar")
}

// jsonReaders are what Hasura's JSON library calls the types it reads itself, by GraphQL name.
var jsonReaders = map[string]string{
	"String": "Text", "citext": "Text", "lquery": "Text", "ltxtquery": "Text", "bpchar": "Char", "uuid": "UUID",
	"date": "Day", "timestamp": "LocalTime", "timestamptz": "UTCTime",
}

// wrongKind words a value of the wrong JSON type as Hasura's JSON library does.
func wrongKind(typ, want string, kind byte) string {
	got := map[byte]string{'n': "Null", 't': "Boolean", 'f': "Boolean", '#': "Number", 's': "String", '[': "Array", '{': "Object"}[kind]
	return "parsing " + typ + " failed, expected " + want + ", but encountered " + got
}

func integerProblem(typ string, kind byte, raw []byte, low, high int64) string {
	if kind != '#' {
		return wrongKind("Integer expected for input type: "+typ, "Number", kind)
	}
	if v, exact := WholeNumber(raw); !exact || v < low || v > high {
		return OutsideInteger(raw)
	}
	return ""
}

func floatProblem(typ string, kind byte, raw []byte, bits int) string {
	if kind != '#' {
		return wrongKind("Float expected for input type: "+typ, "Number", kind)
	}
	if v, err := strconv.ParseFloat(string(raw), bits); err != nil && math.IsInf(v, 0) {
		return "The value " + scientific(raw) + " lies outside the bounds. Is it overflowing the float bounds?"
	}
	return ""
}

// OutsideInteger words a number that is no integer of the type.
func OutsideInteger(raw []byte) string {
	return "The value " + scientific(raw) + " lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?"
}

// scientific shows a number as Haskell's Scientific does: 40000.0, 2.147483648e9.
func scientific(raw []byte) string {
	text := string(raw)
	if len(text) > 40 {
		return text // a huge exponent would be expensive to expand
	}
	f, ok := new(big.Float).SetPrec(400).SetString(text)
	if !ok {
		return text
	}
	mantissa, exponent, _ := strings.Cut(f.Text('e', -1), "e")
	e, err := strconv.Atoi(exponent)
	if err != nil {
		return text
	}
	digits := strings.Replace(strings.TrimPrefix(mantissa, "-"), ".", "", 1)
	sign := mantissa[:len(mantissa)-len(strings.TrimPrefix(mantissa, "-"))]
	if e < -1 || e > 6 {
		if len(digits) == 1 {
			digits += "0"
		}
		return sign + digits[:1] + "." + digits[1:] + "e" + strconv.Itoa(e)
	}
	if e < 0 {
		return sign + "0." + digits
	}
	for len(digits) < e+2 {
		digits += "0"
	}
	return sign + digits[:e+1] + "." + digits[e+1:]
}

// WholeNumber reads a JSON number that is a 64-bit integer, also when written 1e3 or 2.0.
func WholeNumber(raw []byte) (int64, bool) {
	if v, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return v, true
	}
	if len(raw) > 40 {
		return 0, false // a huge exponent would be expensive to expand
	}
	f, _, err := big.ParseFloat(string(raw), 10, 200, big.ToNearestEven)
	if err != nil || !f.IsInt() {
		return 0, false
	}
	v, accuracy := f.Int64()
	return v, accuracy == big.Exact
}

// literalProblem is ValueProblem for a value that metadata holds, whatever is in it.
func literalProblem(c *Class, raw json.RawMessage) string {
	kind := map[string]byte{"Null": 'n', "String": 's', "Number": '#', "Array": '[', "Object": '{', "Boolean": raw[0]}[fault.JSONKind(raw)]
	if problem := c.ValueProblem(kind, raw); problem != "" || c.Kind != ListKind || kind != '[' {
		return problem
	}
	return elementsProblem(c.Elem, raw)
}

func elementsProblem(c *Class, list json.RawMessage) string {
	var items []json.RawMessage
	if json.Unmarshal(list, &items) != nil {
		return "" // compare has seen that it is a list
	}
	for _, item := range items {
		if problem := literalProblem(c, item); problem != "" {
			return problem
		}
	}
	return ""
}

// refuseLiteral refuses a literal that no value of the operator's type is written as, before a request meets it.
func (def OperatorDef) refuseLiteral(raw json.RawMessage) error {
	c, problem := ClassOf(def.Type), ""
	if def.List {
		problem = elementsProblem(&c, raw)
	} else {
		problem = literalProblem(&c, raw)
	}
	if problem != "" {
		return &Refusal{fault.ParseFailed, problem}
	}
	return nil
}
