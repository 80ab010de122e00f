package engine

import (
	"strings"
	"testing"
)

func TestQueryTags_nothingBreaksOut(t *testing.T) {
	t.Parallel()
	odd := [][2]string{{"field_name", "a */ drop table x; /* ' \" \\ \n é $1"}}
	for name, format := range tagFormats {
		got := format(odd)
		inside := strings.TrimSuffix(strings.TrimPrefix(got, " /* "), " */")
		if strings.ContainsAny(strings.ReplaceAll(inside, "'", ""), "*/;\"\\\n$ ") || strings.Count(inside, "'") > 2 {
			t.Errorf("%s: %s", name, got)
		}
	}
	pairs := [][2]string{{"field_name", "child"}, {"parameterized_query_hash", "b2a7"}, {"operation_name", "GetChild"}}
	if got := standardTag(pairs); got != " /* field_name=child, parameterized_query_hash=b2a7, operation_name=GetChild */" {
		t.Errorf("standard: %s", got)
	}
	if got := sqlCommenterTag(pairs); got != " /* field_name='child', operation_name='GetChild', parameterized_query_hash='b2a7' */" {
		t.Errorf("sqlcommenter: %s", got)
	}
}
