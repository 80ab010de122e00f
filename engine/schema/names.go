package schema

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"gatehouse/engine/metadata"
)

var validName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*$`)

// IsName tells whether s can be a GraphQL name.
func IsName(s string) bool { return validName.MatchString(s) }

// words is a GraphQL name in the pieces a naming convention joins.
type words struct {
	pieces []string
	// isCustom: the first piece was given in the metadata and stays as it is.
	isCustom bool
}

// of are words of Hasura's own vocabulary.
func of(pieces ...string) words { return words{pieces: pieces} }

// customization is how one source names things (Hasura: source customization and naming convention).
type customization struct {
	graphql                bool // graphql-default
	namespace              string
	rootPrefix, rootSuffix string
	typePrefix, typeSuffix string
}

func newCustomization(c *metadata.SourceCustomization, o Options) customization {
	var out customization
	convention := o.NamingConvention
	if c != nil {
		if r := c.RootFields; r != nil {
			out.namespace, out.rootPrefix, out.rootSuffix = r.Namespace, r.Prefix, r.Suffix
		}
		if t := c.TypeNames; t != nil {
			out.typePrefix, out.typeSuffix = t.Prefix, t.Suffix
		}
		if c.NamingConvention != "" {
			convention = c.NamingConvention
		}
	}
	out.graphql = convention == "graphql-default" && o.Experimental["naming_convention"]
	return out
}

// auto splits a name taken from the database; custom keeps one given in the metadata whole.
func (c customization) auto(name string) words {
	if !c.graphql {
		return of(name)
	}
	var w []string
	for _, part := range strings.Split(name, "_") {
		if part != "" {
			w = append(w, part)
		}
	}
	if len(w) == 0 {
		return of(name)
	}
	if strings.HasPrefix(name, "_") {
		w[0] = "_" + w[0]
	}
	return of(w...)
}

func (w words) with(before, after string) words {
	out := words{pieces: make([]string, 0, len(w.pieces)+3), isCustom: w.isCustom && before == ""}
	if before != "" {
		out.pieces = append(out.pieces, strings.Split(before, "_")...)
	}
	out.pieces = append(out.pieces, w.pieces...)
	if after != "" {
		out.pieces = append(out.pieces, strings.Split(after, "_")...)
	}
	return out
}

// then joins two names.
func (w words) then(other words) words {
	return words{pieces: append(append([]string{}, w.pieces...), other.pieces...), isCustom: w.isCustom}
}

// field joins words into a field name: a_b, or aB under graphql-default.
func (c customization) field(w words) string {
	if !c.graphql {
		return strings.Join(w.pieces, "_")
	}
	var b strings.Builder
	for i, s := range w.pieces {
		if i > 0 {
			s = upperFirst(s)
		}
		b.WriteString(s)
	}
	return b.String()
}

// typ joins words into a type name: a_b, or AB under graphql-default, with the source's prefix and suffix.
func (c customization) typ(w words) string {
	return c.affix(c.bareType(w), c.typePrefix, c.typeSuffix)
}

// bareType is typ for the types all sources share.
func (c customization) bareType(w words) string {
	if !c.graphql {
		return strings.Join(w.pieces, "_")
	}
	var b strings.Builder
	for i, s := range w.pieces {
		if i > 0 || !w.isCustom {
			s = upperFirst(s)
		}
		b.WriteString(s)
	}
	return b.String()
}

// root adds the source's root field prefix and suffix.
func (c customization) root(name string) string { return c.affix(name, c.rootPrefix, c.rootSuffix) }

func (c customization) affix(name, prefix, suffix string) string {
	if c.graphql {
		if prefix != "" {
			name = prefix + upperFirst(name)
		}
		return name + upperFirst(suffix)
	}
	return prefix + name + suffix
}

// fixed is a name of Hasura's own vocabulary ("order_by", "_is_null") in the convention.
func (c customization) fixed(name string) string {
	if !c.graphql || !strings.Contains(strings.TrimLeft(name, "_"), "_") {
		return name
	}
	bare := strings.TrimLeft(name, "_")
	lead := name[:len(name)-len(bare)]
	return lead + c.field(of(strings.Split(bare, "_")...))
}

// enumValue is an enum value in the convention: upper case under graphql-default.
func (c customization) enumValue(name string) string {
	if c.graphql {
		return strings.ToUpper(name)
	}
	return name
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
