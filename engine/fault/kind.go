package fault

import "bytes"

// JSONKind names a JSON value's type as Hasura's messages do, by its first byte; no value at all is Null.
func JSONKind(data []byte) string {
	data = bytes.TrimLeft(data, " \t\r\n")
	if len(data) == 0 {
		return "Null"
	}
	switch data[0] {
	case '{':
		return "Object"
	case '[':
		return "Array"
	case '"':
		return "String"
	case 't', 'f':
		return "Boolean"
	case 'n':
		return "Null"
	default:
		return "Number"
	}
}
