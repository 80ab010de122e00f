package metadata

import "strings"

// How conditions are spelt (Hasura: RQL/IR/BoolExp, Session).

// Operator is the name of an operator of a condition without its sign: "eq" of "_eq" and "$eq". ok is false for what is no
// operator, as a column's name.
func Operator(key string) (name string, ok bool) {
	if key == "" || key[0] != '_' && key[0] != '$' {
		return "", false
	}
	return key[1:], true
}

// columnOperators compare with a column in the place of a value.
var columnOperators = map[string]string{"ceq": "eq", "cne": "neq", "cneq": "neq", "cgt": "gt", "clt": "lt", "cgte": "gte", "clte": "lte"}

// ColumnOperator tells of an operator's name whether it compares with a column, and how.
func ColumnOperator(name string) (like string, ok bool) {
	like, ok = columnOperators[name]
	return like, ok
}

const sessionPrefix = "x-hasura-"

// SessionVariable is the session variable that a text stands for where a value does, in lower case.
func SessionVariable(text string) (name string, ok bool) {
	if len(text) < len(sessionPrefix) || !strings.EqualFold(text[:len(sessionPrefix)], sessionPrefix) {
		return "", false
	}
	return strings.ToLower(text), true
}
