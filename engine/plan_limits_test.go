package engine_test

import (
	"slices"
	"strings"
	"testing"
)

// What limits would change is told for every role that may do something but the administrator.
func TestPlanMetadata_limits(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.do("set_api_limits", `{"depth_limit":{"global":5,"per_role":{"user":3}},"rate_limit":{"global":{"max_reqs_per_min":9}},"time_limit":{"global":1}}`)
	s.do("set_graphql_schema_introspection_options", `{"disabled_for_roles":["user"]}`)
	const limits = `"api_limits":{"depth_limit":{"global":5,"per_role":{"user":3}},"rate_limit":{"global":{"max_reqs_per_min":9}},"time_limit":{"global":1}}`
	doc := s.document()
	if !strings.Contains(doc, limits) {
		t.Fatal(doc)
	}
	for to, want := range map[string][]string{
		limits: nil,
		`"api_limits":{"depth_limit":{"global":5,"per_role":{"user":3,"nobody":1}},"rate_limit":{"global":{"max_reqs_per_min":9}},"time_limit":{"global":1}}`: nil,
		`"api_limits":{"depth_limit":{"global":5},"rate_limit":{"global":{"max_reqs_per_min":8}}}`: {
			"wider user: depth limit changed from 3 to 5", "wider user: time limit changed from 1s to none", "narrower user: rate limit a minute changed from 9 to 8",
		},
		`"api_limits":{"node_limit":{"global":7},"depth_limit":{"global":5,"per_role":{"user":3}},"rate_limit":{"global":{"max_reqs_per_min":99,"unique_params":"IP"}},"time_limit":{"global":1}}`: {
			"narrower user: node limit changed from none to 7", "unclear user: rate limit changed from 9 a minute for the role to 99 by address",
		},
	} {
		var told []string
		for _, r := range s.plan(strings.Replace(doc, limits, to, 1)).Rights {
			told = append(told, r.Direction+" "+r.Role+": "+r.Change)
		}
		slices.Sort(told)
		slices.Sort(want)
		if !slices.Equal(told, want) {
			t.Errorf("%s\ngot  %q\nwant %q", to, told, want)
		}
	}
	p := s.plan(strings.Replace(doc, `"disabled_for_roles":["user"]`, `"disabled_for_roles":["other"]`, 1))
	if len(p.Rights) != 1 || p.Rights[0].Change != "introspection would be allowed" || p.Summary.Widened != 1 {
		t.Errorf("introspection: %+v", p.Rights)
	}
}
