package translate

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/schema"
)

// Encoding says how a JSON value is written as the text of a parameter.
type Encoding byte

// The encodings.
const (
	// Plain: strings unquoted, everything else as it stands.
	Plain Encoding = iota
	// Document: the JSON itself.
	Document
	// PlainList, DocumentList: a JSON array as a Postgres array of the above.
	PlainList
	DocumentList
	// ListOfArrays: a JSON array of arrays as a Postgres array of their texts.
	ListOfArrays
	// GeoJSON is checked and passed on.
	GeoJSON
	// Raster is hexadecimal.
	Raster
	// Integer: a number may be written 1.0 or 1e3.
	Integer
	// Ltree is a label path.
	Ltree
	// JSONPath is a path into a JSON value as a Postgres text array.
	JSONPath
)

func encodingOf(t *catalog.Type) Encoding {
	switch {
	case t.Kind == catalog.ArrayType && t.Elem != nil:
		return listEncoding(encodingOf(t.Elem))
	case t.Name.Name == "json" || t.Name.Name == "jsonb":
		return Document
	case t.Name.Name == "raster":
		return Raster
	case t.Name.Name == "ltree":
		return Ltree
	case t.Kind == catalog.BaseType && (t.Name.Name == "int2" || t.Name.Name == "int4" || t.Name.Name == "int8"):
		return Integer
	case t.Kind == catalog.DomainType && t.Base != nil:
		return encodingOf(t.Base)
	}
	return Plain
}

func listEncoding(e Encoding) Encoding {
	if e == Document || e == DocumentList {
		return DocumentList
	}
	return PlainList
}

// Values gives the content of values for one request.
type Values interface {
	// Variable is the JSON a variable holds, nil when there is none.
	Variable(*schema.Variable) json.RawMessage
	// Session is a session variable; ok is false when the session lacks it.
	Session(name string) (text string, ok bool)
	// SessionJSON is the object of all session variables.
	SessionJSON() string
	// Produced is what an earlier step wrote; nil is null.
	Produced(schema.Produced) *string
}

// Text is the text of a parameter; nil is null.
func (a Arg) Text(in Values) (*string, error) {
	switch v := a.Value.(type) {
	case *schema.Literal:
		return a.encode(v.JSON)
	case *schema.Variable:
		raw := in.Variable(v)
		if raw == nil {
			return nil, fault.New(fault.Unexpected, a.Path, "a value of variable %q is missing", v.Name)
		}
		return a.encode(raw)
	case *schema.Template:
		var b strings.Builder
		for i, hole := range v.Holes {
			b.WriteString(v.Parts[i])
			raw := in.Variable(hole)
			if raw == nil {
				return nil, fault.New(fault.Unexpected, a.Path, "a value of variable %q is missing", hole.Name)
			}
			b.Write(raw)
		}
		b.WriteString(v.Parts[len(v.Parts)-1])
		return a.encode([]byte(b.String()))
	case schema.SessionVariable:
		text, ok := in.Session(v.Name)
		if !ok {
			return nil, fault.New(fault.NotFound, fault.Root, "missing session variable: %q", v.Name)
		}
		return a.sessionText(text), nil
	case schema.SessionJSON:
		text := in.SessionJSON()
		return &text, nil
	case schema.Produced:
		return in.Produced(v), nil
	}
	return nil, fmt.Errorf("a parameter of unknown origin %T", a.Value)
}

// sessionText takes a session variable as Postgres' own text. Where an array is wanted, a JSON array is rewritten,
// because tokens carry lists as JSON.
func (a Arg) sessionText(text string) *string {
	if (a.Encoding == PlainList || a.Encoding == DocumentList) && strings.HasPrefix(strings.TrimSpace(text), "[") && json.Valid([]byte(text)) {
		list := arrayText([]byte(text), a.Encoding == DocumentList)
		return &list
	}
	return &text
}

func (a Arg) encode(raw []byte) (*string, error) {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" && a.Encoding != Document {
		return nil, nil
	}
	var text string
	switch a.Encoding {
	case Document:
		text = string(raw)
	case PlainList, DocumentList:
		if raw[0] == '"' { // an array literal in Postgres' form
			text = unquoted(raw)
		} else {
			text = arrayText(raw, a.Encoding == DocumentList)
		}
	case ListOfArrays:
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, fault.New(fault.ParseFailed, a.Path, "parsing list failed, expected Array")
		}
		texts := make([]string, len(items))
		for i, item := range items {
			texts[i] = arrayText(item, false)
		}
		list, err := json.Marshal(texts)
		if err != nil {
			return nil, err
		}
		text = arrayText(list, false)
	case GeoJSON:
		text = unquoted(raw)
		if strings.HasPrefix(text, "{") || raw[0] != '"' {
			if err := checkGeoJSON([]byte(text), a.Path); err != nil {
				return nil, err
			}
		}
	case Raster:
		text = unquoted(raw)
		if _, err := hex.DecodeString(text); err != nil || text == "" {
			return nil, fault.New(fault.ParseFailed, a.Path, "invalid hexadecimal representation of raster well known binary format")
		}
	case Integer:
		text = unquoted(raw)
		if raw[0] != '"' && bytes.ContainsAny(raw, ".eE") {
			text = wholeNumber(text)
		}
	case Ltree:
		text = unquoted(raw)
		if strings.HasPrefix(text, ".") || strings.HasSuffix(text, ".") || strings.Contains(text, "..") || text == "" {
			return nil, fault.New(fault.ParseFailed, a.Path,
				"Expecting label path: a sequence of zero or more labels separated by dots, for example L1.L2.L3")
		}
	case JSONPath:
		path := unquoted(raw)
		steps, ok := jsonPathSteps(path)
		if !ok {
			return nil, fault.New(fault.ValidationFailed, strings.TrimSuffix(a.Path, ".path"), "parse json path error: %s. %s", path,
				`Accept letters, digits, underscore (_) or hyphen (-) only. Use quotes enclosed in bracket (["..."]) if there is any special character`)
		}
		list, err := json.Marshal(steps)
		if err != nil {
			return nil, err
		}
		text = arrayText(list, false)
	default:
		text = unquoted(raw)
	}
	if a.Pattern == likePattern && (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1 {
		return nil, fault.New(fault.BadRequest, fault.Root, "LIKE pattern must not end with escape character")
	}
	if strings.IndexByte(text, 0) >= 0 {
		return nil, fault.New(fault.DataException, a.Path, "a text value cannot contain the character with code zero")
	}
	return &text, nil
}

// wholeNumber writes an integer that came as 1.0 or 1e3 as Postgres reads integers; anything else is left to it.
func wholeNumber(text string) string {
	if len(text) > 40 {
		return text
	}
	f, ok := new(big.Float).SetPrec(200).SetString(text)
	if !ok || !f.IsInt() {
		return text
	}
	return f.Text('f', 0)
}

func unquoted(raw []byte) string {
	if len(raw) == 0 || raw[0] != '"' {
		return string(raw)
	}
	if inner := raw[1:max(1, len(raw)-1)]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return string(raw)
	}
	return s
}

// ArrayEscapes escapes an element of an array literal that stands in quotes.
var ArrayEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// arrayText writes a JSON array as a Postgres array literal; any other value stands for a list of itself. documents: elements
// stay JSON. It goes over the value once, however deep it is.
func arrayText(raw []byte, documents bool) string {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" {
		return "{}"
	}
	w := arrayWriter{in: raw, documents: documents}
	if len(raw) > 0 && raw[0] == '[' {
		w.list()
	} else {
		w.out.WriteByte('{')
		w.item()
		w.out.WriteByte('}')
	}
	return w.out.String()
}

type arrayWriter struct {
	in        []byte // valid JSON
	at        int
	out       strings.Builder
	documents bool
}

func (w *arrayWriter) space() {
	for w.at < len(w.in) && strings.IndexByte(" \t\r\n", w.in[w.at]) >= 0 {
		w.at++
	}
}

func (w *arrayWriter) list() {
	w.at++
	w.out.WriteByte('{')
	for w.space(); w.at < len(w.in) && w.in[w.at] != ']'; w.space() {
		if w.in[w.at] == ',' {
			w.out.WriteByte(',')
			w.at++
			continue
		}
		from := w.at
		if w.in[w.at] == '[' && !w.documents {
			w.list()
		} else {
			w.item()
		}
		if w.at == from {
			break // not JSON
		}
	}
	w.at++
	w.out.WriteByte('}')
}

// item writes a value that is one element.
func (w *arrayWriter) item() {
	from := w.at
	w.skip()
	switch item := w.in[from:w.at]; {
	case string(item) == "null":
		w.out.WriteString("NULL")
	default:
		text := string(item)
		if !w.documents {
			text = unquoted(item)
		}
		w.out.WriteByte('"')
		_, _ = ArrayEscapes.WriteString(&w.out, text) // a builder takes everything
		w.out.WriteByte('"')
	}
}

// skip goes to the end of a value.
func (w *arrayWriter) skip() {
	depth := 0
	for isText := false; w.at < len(w.in); w.at++ {
		switch c := w.in[w.at]; {
		case isText && c == '\\':
			w.at++
		case c == '"':
			isText = !isText
		case isText:
		case c == '[' || c == '{':
			depth++
		case depth > 0 && (c == ']' || c == '}'):
			depth--
		case depth == 0 && strings.IndexByte(",]} \t\r\n", c) >= 0:
			return
		}
	}
	w.at = min(w.at, len(w.in)) // an escape at the end of what is not JSON
}

// jsonPathSteps reads a path into a JSON value: $.a.b[0]["c d"], the $ and the dots optional (Hasura:
// Data/Parser/JSONPath).
func jsonPathSteps(s string) ([]string, bool) {
	steps := []string{}
	if s == "$" {
		return steps, true
	}
	for s = strings.TrimPrefix(s, "$"); ; {
		step, rest, ok := jsonPathStep(s)
		if !ok {
			return nil, false
		}
		if steps, s = append(steps, step), rest; s == "" {
			return steps, true
		}
	}
}

func jsonPathStep(s string) (step, rest string, ok bool) {
	if strings.HasPrefix(s, "[") {
		return bracketStep(s)
	}
	s = strings.TrimPrefix(s, ".")
	end := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-'
	})
	if end < 0 {
		end = len(s)
	}
	first, _ := utf8.DecodeRuneInString(s)
	return s[:end], s[end:], end > 0 && (first == '_' || unicode.IsLetter(first))
}

// bracketStep reads [0], ["key"] or ['key'] off a path; double quotes have JSON's escapes.
func bracketStep(s string) (step, rest string, ok bool) {
	switch {
	case strings.HasPrefix(s, `["`):
		d := json.NewDecoder(strings.NewReader(s[1:]))
		if d.Decode(&step) != nil {
			return "", "", false
		}
		rest, ok = strings.CutPrefix(s[1+d.InputOffset():], "]")
		return step, rest, ok
	case strings.HasPrefix(s, `['`):
		end := strings.Index(s[2:], `']`)
		if end < 0 {
			return "", "", false
		}
		return s[2 : end+2], s[end+4:], true
	}
	end := strings.IndexByte(s, ']')
	if end < 2 || strings.Trim(s[1:end], "0123456789") != "" {
		return "", "", false
	}
	return s[1:end], s[end+1:], true
}
