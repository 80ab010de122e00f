package operation

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/engine/fault"
	"gatehouse/engine/schema"
)

// Values of columns are JSON to Hasura, however they were written (Postgres/SQL/Value, parsePGValue): a string fits every
// type, Postgres reads it; other kinds must be the type's own. So "1" is an Int's value, an enum literal is a string,
// and an array may be given as Postgres writes it.

// literalColumn resolves a column's value that is written in the document.
func (r *resolver) literalColumn(in *Input, v *ast.Value) error {
	var t templateBuilder
	if err := r.json(&t, v, in.Path); err != nil {
		return err
	}
	in.Value = t.build()
	if l, ok := in.Value.(*schema.Literal); ok {
		in.Text = string(l.JSON)
		return checkColumn(in.Type.Class, parseJSON(l.JSON), in.Path)
	}
	if r.isStatic {
		return nil
	}
	raw := r.b.JSON(in.Value)
	for _, hole := range t.holes { // the kinds of what the variables hold decide whether the whole is a value of the type
		if r.types[hole.Name] == nil {
			r.types[hole.Name] = elementOf(in.Type)
		}
	}
	return checkColumn(in.Type.Class, parseJSON(raw), in.Path)
}

// elementOf is the type of what stands inside a value of type ref.
func elementOf(ref *schema.Ref) *schema.Ref {
	for ref.Elem != nil {
		ref = ref.Elem
	}
	return ref
}

func checkColumn(c *schema.Class, n *node, path string) error {
	if problem := columnProblem(c, n); problem != "" {
		return fault.New(fault.ParseFailed, path, "%s", problem)
	}
	return nil
}

// CheckValue tells what is wrong with a JSON value that is to be a column's of class c; "" is nothing.
func CheckValue(c schema.Class, raw json.RawMessage) string { return columnProblem(&c, parseJSON(raw)) }

// columnProblem tells what is wrong with a JSON value for a column of class c; "" is nothing. Null is for the caller.
func columnProblem(c *schema.Class, n *node) string {
	if n.kind == 's' || n.kind == 'n' {
		return ""
	}
	switch c.Kind {
	case schema.JSONKind:
		return ""
	case schema.ListKind:
		if n.kind != '[' {
			return wrongKind("[]", "Array", n)
		}
		for _, kid := range n.kids {
			if problem := columnProblem(c.Elem, kid); problem != "" {
				return problem
			}
		}
		return ""
	case schema.GeoKind:
		if n.kind != '{' {
			return wrongKind("Geometry", "Object", n)
		}
		return ""
	case schema.RasterKind:
		return "expecting String for raster"
	case schema.BooleanKind:
		if n.kind != 't' && n.kind != 'f' {
			return wrongKind("Bool", "Boolean", n)
		}
		return ""
	}
	switch c.Name {
	case "smallint":
		return integerProblem("PGSmallInt", n, math.MinInt16, math.MaxInt16)
	case "Int":
		return integerProblem("PGInteger", n, math.MinInt32, math.MaxInt32)
	case "bigint":
		return integerProblem("PGBigInt", n, math.MinInt64, math.MaxInt64)
	case "Float":
		return floatProblem("PGFloat", n, 32)
	case "float8":
		return floatProblem("PGDouble", n, 64)
	case "numeric", "money":
		if n.kind != '#' {
			return wrongKind("Scientific", "Number", n)
		}
		return ""
	case "timetz":
		return "Expecting a string for timetz"
	case "ltree":
		return "Expecting label path: a sequence of zero or more labels separated by dots, for example L1.L2.L3"
	}
	if typ := jsonReaders[c.Name]; typ != "" {
		return wrongKind(typ, "String", n)
	}
	return "A string is expected for type: " + strings.TrimSuffix(c.Name, "_scalar")
}

// jsonReaders are what Hasura's JSON library calls the types it reads itself, by GraphQL name.
var jsonReaders = map[string]string{
	"String": "Text", "citext": "Text", "lquery": "Text", "ltxtquery": "Text", "bpchar": "Char", "uuid": "UUID",
	"date": "Day", "timestamp": "LocalTime", "timestamptz": "UTCTime",
}

// wrongKind words a value of the wrong JSON type as Hasura's JSON library does.
func wrongKind(typ, want string, n *node) string {
	got := map[byte]string{'n': "Null", 't': "Boolean", 'f': "Boolean", '#': "Number", 's': "String", '[': "Array", '{': "Object"}[n.kind]
	return "parsing " + typ + " failed, expected " + want + ", but encountered " + got
}

func integerProblem(typ string, n *node, low, high int64) string {
	if n.kind != '#' {
		return wrongKind("Integer expected for input type: "+typ, "Number", n)
	}
	if v, exact := integer(n.raw); !exact || v < low || v > high {
		return outsideInteger(n.raw)
	}
	return ""
}

func floatProblem(typ string, n *node, bits int) string {
	if n.kind != '#' {
		return wrongKind("Float expected for input type: "+typ, "Number", n)
	}
	if v, err := strconv.ParseFloat(string(n.raw), bits); err != nil && math.IsInf(v, 0) {
		return "The value " + scientific(n.raw) + " lies outside the bounds. Is it overflowing the float bounds?"
	}
	return ""
}

func outsideInteger(raw []byte) string {
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
