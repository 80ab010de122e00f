package fault

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// Key is the path of a member of an object: Key("$.args", "where") is "$.args.where", and a name that is no plain
// word is quoted: `$.args["$set"]` (observed: Hasura's tests of v1/query).
func Key(path, name string) string {
	if !isPlain(name) {
		quoted, err := json.Marshal(name)
		if err != nil {
			panic("fault: a string always has a JSON form")
		}
		return path + "[" + string(quoted) + "]"
	}
	return path + "." + name
}

// Index is the path of an element of a list: Index("$.args", 1) is "$.args[1]".
func Index(path string, i int) string {
	return path + "[" + strconv.Itoa(i) + "]"
}

// Under moves an error found in a part of a request to the part's place in the whole: an error at "$.where" under
// "$.args" is at "$.args.where". Errors of other types are returned unchanged.
func Under(prefix string, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Path = prefix + strings.TrimPrefix(e.Path, Root)
	return &c
}

// isPlain tells whether name can stand after a dot: a letter or underscore, then letters, digits, "_" or "-".
func isPlain(name string) bool {
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case i > 0 && (c == '-' || '0' <= c && c <= '9'):
		default:
			return false
		}
	}
	return name != ""
}
