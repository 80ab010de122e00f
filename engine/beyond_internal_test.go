package engine

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// beyond makes a query line over a source that serves what Hasura does not.
func beyond(t testing.TB, o schema.Options, edit func(*metadata.Metadata)) *Line {
	t.Helper()
	return fixtureLine(t, "beyond", o, edit)
}

// The golden cases of what is beyond Hasura.
func TestBeyond(t *testing.T) {
	t.Parallel()
	testFiles(t, "testdata/beyond/cases/*.json", func(t *testing.T, _ *goldenCase) *Line {
		t.Helper()
		return beyond(t, schema.Options{InferFunctionPermissions: true}, unchanged)
	})
}

// sdl is a whole schema as text.
func sdl(s *schema.Schema) string {
	var b strings.Builder
	inputs := func(list []*schema.InputField) {
		for _, in := range list {
			fmt.Fprintf(&b, " %s:%s", in.Name, in.Type)
			if in.Default != "" {
				fmt.Fprintf(&b, "=%s", in.Default)
			}
		}
	}
	for _, t := range s.Types() {
		if strings.HasPrefix(t.Name, "__") {
			continue
		}
		fmt.Fprintf(&b, "%s %s\n", t.Kind, t.Name)
		for _, f := range t.Fields() {
			fmt.Fprintf(&b, "  %s:%s", f.Name, f.Type)
			inputs(f.Args)
			b.WriteByte('\n')
		}
		if len(t.Inputs())+len(t.Members()) > 0 {
			b.WriteString(" ")
			inputs(t.Inputs())
			for _, v := range t.Members() {
				b.WriteString(" " + v.Name)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// goldenSchema compares a role's schema with testdata/beyond/<when>_<role>.txt.
func goldenSchema(t *testing.T, when string, s *schema.Schema) {
	t.Helper()
	got, file := sdl(s), "testdata/beyond/"+when+"_"+s.Role+".txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the schema is not that of %s:\n%s", file, got)
	}
}

// Switched on, a role is shown what it may do and nothing else.
func TestBeyond_onEachRoleSeesItsOwn(t *testing.T) {
	t.Parallel()
	line := beyond(t, schema.Options{InferFunctionPermissions: true}, unchanged)
	for _, role := range []string{"member", "jury", "passer", "caller"} {
		goldenSchema(t, "on", line.model.Role(role, false))
	}
	several := sdl(line.model.Several([]string{"member", "passer"}, func(string) bool { return true }, false, false))
	if strings.Contains(several, "_nested") || strings.Contains(several, "link:") || !strings.Contains(several, "update_article") {
		t.Errorf("several roles are shown:\n%s", several)
	}
}

// Switched off, the schema is as if there were no such features: the one in the golden file, which was made before there
// were any. Each feature switched on alone adds to it, and takes nothing away.
func TestBeyond_offIsHasurasSchema(t *testing.T) {
	t.Parallel()
	line := func(f metadata.SourceFeatures) *Line {
		return beyond(t, schema.Options{}, func(m *metadata.Metadata) {
			f.Name = "default"
			m.Gatehouse = &metadata.Settings{Sources: []*metadata.SourceFeatures{&f}}
			if !f.ScalarFunctions {
				m.Sources[0].Functions = nil
			}
		})
	}
	off := line(metadata.SourceFeatures{})
	for _, role := range []string{"admin", "member", "jury"} {
		goldenSchema(t, "off", off.model.Role(role, false))
	}
	query, err := os.ReadFile("testdata/query/introspection.graphql")
	if err != nil {
		t.Fatal(err)
	}
	introspect := func(l *Line) string {
		return string(ask(t, l, &goldenCase{Query: string(query)}))
	}
	silent := beyond(t, schema.Options{}, func(m *metadata.Metadata) { m.Gatehouse, m.Sources[0].Functions = nil, nil })
	if introspect(off) != introspect(silent) {
		t.Error("introspection tells whether there are settings")
	}
	before := sdl(off.model.Role("admin", false))
	for name, f := range map[string]metadata.SourceFeatures{
		"upsert_on_indexes": {UpsertOnIndexes: true}, "scalar_functions": {ScalarFunctions: true}, "group_by": {GroupBy: true}, "nested_updates": {NestedUpdates: true},
	} {
		after := sdl(line(f).model.Role("admin", false))
		if after == before {
			t.Errorf("%s shows nothing", name)
		}
		words := map[string]bool{}
		for _, w := range strings.Fields(after) {
			words[w] = true
		}
		for _, w := range strings.Fields(before) {
			if !words[w] && !(f.NestedUpdates && strings.HasPrefix(w, "data:")) { // which link may stand for
				t.Errorf("%s takes %s away", name, w)
			}
		}
	}
}

// What is beyond Hasura is named as everything else is: with the source's prefixes, in its namespace and convention. It
// takes no name from a table.
func TestBeyond_names(t *testing.T) {
	t.Parallel()
	o := schema.Options{Experimental: map[string]bool{"naming_convention": true}}
	line := beyond(t, o, func(m *metadata.Metadata) {
		m.Sources[0].Customization = &metadata.SourceCustomization{
			RootFields: &metadata.RootFieldCustomization{Namespace: "shop", Prefix: "my"}, TypeNames: &metadata.NameAffixes{Suffix: "x"}, NamingConvention: "graphql-default",
		}
	})
	for _, c := range []goldenCase{
		{
			Query:     `query ($k: [ArticleGroupByColumnX!]!, $o: [ArticleGroupByOrderByX!]) { shop { myArticleGroupBy(keys: $k, orderBy: $o, having: {count: {_gt: 1}}) { __typename key { authorId } aggregate { count } } } }`,
			Variables: json.RawMessage(`{"k": ["authorId"], "o": {"key": {"authorId": "ASC"}}}`),
			Want: json.RawMessage(`{"data":{"shop":{"myArticleGroupBy":[` +
				`{"__typename":"ArticleGroupByX","key":{"authorId":1},"aggregate":{"count":2}},{"__typename":"ArticleGroupByX","key":{"authorId":null},"aggregate":{"count":2}}]}}}`),
		},
		{
			Query: `{ shop { myAuthor(where: {name: {_eq: "Ann"}}) { articlesGroupBy(keys: [genre], orderBy: {key: {genre: ASC}}) { key { genre } } } } }`,
			Want:  json.RawMessage(`{"data":{"shop":{"myAuthor":[{"articlesGroupBy":[{"key":{"genre":"essay"}},{"key":{"genre":"novel"}}]}]}}}`),
		},
		{Query: `{ shop { myAddNumbers(args: {a: 1}) } }`, Want: json.RawMessage(`{"data":{"shop":{"myAddNumbers":3}}}`)},
		{Query: `mutation { shop { myResetCounter(args: {nTo: 1}) } }`, Want: json.RawMessage(`{"data":{"shop":{"myResetCounter":true}}}`)},
		{
			Query: `mutation { shop { myInsertAuthorOne(object: {name: "x", email: "ann@example.org"}, onConflict: {constraint: author_email, updateColumns: []}) { id } } }`,
			Want:  json.RawMessage(`{"data":{"shop":{"myInsertAuthorOne":null}}}`),
		},
	} {
		if got, want := compact(ask(t, line, &c)), compact(c.Want); got != want {
			t.Errorf("%s\n got %s\nwant %s", c.Query, got, want)
		}
	}
	taken := beyond(t, schema.Options{}, func(m *metadata.Metadata) {
		m.Sources[0].Table(metadata.TableName{Schema: "public", Name: "tag"}).Configuration = &metadata.TableConfiguration{CustomName: "article_group_by"}
	})
	for query, want := range map[string]string{
		`{ article_group_by(limit: 1, order_by: {label: asc}) { label } }`:      `{"data":{"article_group_by":[{"label":"old"}]}}`,
		`{ author_group_by(keys: [city], limit: 0) { key { city } } }`:          `{"data":{"author_group_by":[]}}`,
		`{ author(limit: 1) { articles_group_by(keys: [id]) { key { id } } } }`: `{"error":"field 'articles_group_by' not found in type: 'author'"`,
	} {
		if got := compact(ask(t, taken, &goldenCase{Query: query})); !strings.Contains(got, strings.TrimPrefix(want, "{")) {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}
