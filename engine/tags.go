package engine

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/translate"
)

// queryTags are the comments by which a database's own tools tell whose a statement is, for each source that wants them
// (Hasura: QueryTags). They are part of the text that is kept with the plan and prepared, so they cost nothing when it
// runs. For that reason the request's id is never in them: with it every text would be prepared anew.
type queryTags map[string]tagFormat

type tagFormat func(pairs [][2]string) string

var tagFormats = map[string]tagFormat{"": standardTag, "standard": standardTag, "sqlcommenter": sqlCommenterTag}

// newQueryTags reads the tags of a document's sources. A source without them has none, as in Hasura's free edition.
func newQueryTags(doc *metadata.Metadata) queryTags {
	var out queryTags
	for _, s := range doc.Sources {
		if s.QueryTags == nil {
			continue
		}
		var c struct {
			Disabled bool   `json:"disabled"`
			Format   string `json:"format"`
		}
		if json.Unmarshal(s.QueryTags, &c) != nil || c.Disabled || tagFormats[strings.ToLower(c.Format)] == nil {
			continue
		}
		if out == nil {
			out = queryTags{}
		}
		out[s.Name] = tagFormats[strings.ToLower(c.Format)]
	}
	return out
}

// tag puts the comments on a program's statements.
func (t queryTags) tag(p *program, b *operation.Bound) {
	if len(t) == 0 {
		return
	}
	comment := func(source, field string) string {
		format := t[source]
		if format == nil {
			return ""
		}
		pairs := [][2]string{{"field_name", field}, {"parameterized_query_hash", p.hash}}
		if b.Name != "" && p.live == nil { // as Hasura
			pairs = append(pairs, [2]string{"operation_name", b.Name})
		}
		return format(pairs)
	}
	translate.Tag(p.steps, comment)
	if p.live != nil {
		translate.TagLive(p.live, comment)
	}
}

// standardTag is Hasura's own form. Names and hashes hold nothing that could end the comment; whatever else might come
// loses it.
func standardTag(pairs [][2]string) string {
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = p[0] + "=" + strings.Map(plainOnly, p[1])
	}
	return " /* " + strings.Join(parts, ", ") + " */"
}

// plainOnly drops what is not part of a GraphQL name, a hash or a namespace.
func plainOnly(r rune) rune {
	switch {
	case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == '.', r == '-':
		return r
	}
	return -1
}

// sqlCommenterTag is the form of sqlcommenter: sorted by key, values encoded as in URLs.
func sqlCommenterTag(pairs [][2]string) string {
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = p[0] + "='" + strings.ReplaceAll(url.QueryEscape(p[1]), "+", "%20") + "'"
	}
	slices.Sort(parts)
	return " /* " + strings.Join(parts, ", ") + " */"
}
