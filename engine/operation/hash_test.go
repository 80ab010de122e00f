package operation_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gatehouse/engine/operation"
)

func hashOf(t *testing.T, query string, variables map[string]json.RawMessage) string {
	t.Helper()
	op, err := operation.Parse(query, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := op.Bind(variables)
	if err != nil {
		t.Fatal(err)
	}
	return b.ParameterizedHash()
}

func TestParameterizedHash_scalarsDoNotCount(t *testing.T) {
	t.Parallel()
	want := hashOf(t, `{ authors(where: {id: {_eq: 2}}, limit: 1) { id name } }`, nil)
	for query, variables := range map[string]map[string]json.RawMessage{
		`query Named { a: authors(limit: 9, where: {id: {_eq: 203943}}) { id x: name @include(if: true) } }`:            nil,
		`query($id: Int, $n: Int) { authors(where: {id: {_eq: $id}}, limit: $n) { id name } }`:                          {"id": json.RawMessage("7")},
		`query($w: authors_bool_exp) { authors(where: $w, limit: 1) { id ... on authors { name } } }`:                   {"w": json.RawMessage(`{"id":{"_eq":1}}`)},
		`query($w: authors_bool_exp) { authors(where: $w, limit: 1) { ...Both } } fragment Both on authors { id name }`: {"w": json.RawMessage(`{"id":{"_eq":1}}`)},
	} {
		if got := hashOf(t, query, variables); got != want {
			t.Errorf("%s hashes otherwise", query)
		}
	}
	for _, query := range []string{
		`{ authors(where: {id: {_gt: 2}}, limit: 1) { id name } }`, `{ authors(where: {id: {_eq: 2}}) { id name } }`,
		`{ authors(where: {id: {_eq: 2}}, limit: 1) { id } }`, `{ authors(where: {id: {_eq: [2]}}, limit: 1) { id name } }`,
	} {
		if hashOf(t, query, nil) == want {
			t.Errorf("%s hashes the same", query)
		}
	}
}

func TestParameterizedHash_muchOfLittleEnds(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("{ ...f0 }")
	for i := range 60 {
		fmt.Fprintf(&b, " fragment f%d on query_root { ...f%d ...f%d }", i, i+1, i+1)
	}
	b.WriteString(" fragment f60 on query_root { a }")
	hashOf(t, b.String(), nil) // would take 2^60 steps
}
