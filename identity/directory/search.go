package directory

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Search is a parsed advanced search (Logto's "search", "search.<field>", "mode", "joint", "isCaseSensitive").
// The zero value matches everything.
type Search struct {
	matches       []match
	and           bool
	caseSensitive bool
}

type match struct {
	field  string // outward name; empty: any of the searchable ones
	mode   string
	values []string
}

// Modes of a match.
const (
	modeExact   = "exact"
	modeLike    = "like"
	modeSimilar = "similar_to"
	modePosix   = "posix"
)

// SearchError says what is wrong with a search's parameters.
type SearchError struct{ Reason string }

func (e *SearchError) Error() string { return e.Reason }

func searchErrorf(format string, args ...any) error {
	return &SearchError{fmt.Sprintf(format, args...)}
}

// ParseSearch reads a search from a query string. fields are the outward names that may be searched.
// Source for modes, defaults and what is refused: Logto core, src/utils/search.ts.
func ParseSearch(q url.Values, fields []string) (Search, error) {
	var s Search
	joint := q.Get("joint")
	if joint == "" {
		joint = q.Get("jointMode")
	}
	switch joint {
	case "", "or":
	case "and":
		s.and = true
	default:
		return s, searchErrorf("Search joint mode `%s` is not valid, expect one of or, and.", joint)
	}
	switch strings.ToLower(q.Get("isCaseSensitive")) {
	case "true", "1", "yes", "y":
		s.caseSensitive = true
	}
	modes := map[string]string{}
	for _, key := range sortedKeys(q, "mode") {
		field, err := searchField(key, fields)
		if err != nil {
			return s, err
		}
		mode := q[key][len(q[key])-1]
		if !slices.Contains([]string{modeExact, modeLike, modeSimilar, modePosix}, mode) {
			return s, searchErrorf("Search match mode `%s` is not valid, expect one of like, exact, similar_to, posix.", mode)
		}
		modes[field] = mode
	}
	for _, key := range sortedKeys(q, "search") {
		field, err := searchField(key, fields)
		if err != nil {
			return s, err
		}
		m := match{field: field, mode: modeLike, values: q[key]}
		if mode, ok := modes[""]; ok {
			m.mode = mode
		}
		if mode, ok := modes[field]; ok {
			m.mode = mode
		}
		switch {
		case slices.Contains(m.values, ""):
			return s, searchErrorf("Search value cannot be empty.")
		case m.mode != modeExact && len(m.values) > 1:
			return s, searchErrorf("Only one search value is allowed when search mode is not `exact`.")
		case m.mode == modeSimilar && !s.caseSensitive:
			return s, searchErrorf("Cannot use case-insensitive match for `similar to`.")
		}
		s.matches = append(s.matches, m)
	}
	return s, nil
}

// sortedKeys are the keys "prefix" and "prefix.*" in a fixed order.
func sortedKeys(q url.Values, prefix string) []string {
	var keys []string
	for k := range q {
		if k == prefix || strings.HasPrefix(k, prefix+".") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func searchField(key string, fields []string) (string, error) {
	_, field, dotted := strings.Cut(key, ".")
	switch {
	case !dotted:
		return "", nil
	case strings.Contains(field, "."):
		return "", searchErrorf("Unsupported nested search field path `%s` detected. Only the first level field is supported.", field)
	case !slices.Contains(fields, field):
		return "", searchErrorf("Search field `%s` is not allowed. Expect one of %s.", field, strings.Join(fields, ", "))
	}
	return field, nil
}

// Searchable fields of each entity, by outward name, with the qualified columns they stand for.
type searchColumns struct {
	alias  string
	fields []string
}

var (
	userSearchColumns        = searchColumns{"u", []string{"id", "username", "primaryEmail", "primaryPhone", "name"}}
	roleSearchColumns        = searchColumns{"r", []string{"id", "name", "description"}}
	scopeSearchColumns       = searchColumns{"s", []string{"id", "name", "description"}}
	applicationSearchColumns = searchColumns{"a", []string{"id", "name", "description"}}
)

// The searchable fields by entity, for ParseSearch.
var (
	UserSearchFields        = userSearchColumns.fields
	RoleSearchFields        = roleSearchColumns.fields
	ScopeSearchFields       = scopeSearchColumns.fields
	ApplicationSearchFields = applicationSearchColumns.fields
)

// column is the SQL of a searchable field: a name of ours in snake case.
func (c searchColumns) column(field string) string {
	var b strings.Builder
	for _, r := range field {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return c.alias + "." + b.String()
}

// where collects conditions and their parameters.
type where struct {
	conditions []string
	args       []any
}

func newWhere(condition string, args ...any) *where {
	w := &where{}
	w.and(condition, args...)
	return w
}

// and adds a condition whose "?" are the args in order.
func (w *where) and(condition string, args ...any) {
	w.conditions = append(w.conditions, w.bind(condition, args...))
}

func (w *where) bind(condition string, args ...any) string {
	for _, a := range args {
		w.args = append(w.args, a)
		condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(w.args)), 1)
	}
	return condition
}

func (w *where) sql() string { return strings.Join(w.conditions, " and ") }

func (w *where) search(s Search, columns searchColumns) {
	var matches []string
	for _, m := range s.matches {
		fields := columns.fields
		if m.field != "" {
			fields = []string{m.field}
		}
		var any []string
		for _, f := range fields {
			any = append(any, w.match(columns.column(f), m, s.caseSensitive))
		}
		matches = append(matches, "("+strings.Join(any, " or ")+")")
	}
	if matches == nil {
		return
	}
	joint := " or "
	if s.and {
		joint = " and "
	}
	w.conditions = append(w.conditions, "("+strings.Join(matches, joint)+")")
}

func (w *where) match(column string, m match, caseSensitive bool) string {
	switch {
	case m.mode == modeExact && caseSensitive:
		return w.bind(column+" = any(?::text[])", m.values)
	case m.mode == modeExact:
		lower := make([]string, len(m.values))
		for i, v := range m.values {
			lower[i] = strings.ToLower(v)
		}
		return w.bind("lower("+column+") = any(?::text[])", lower)
	case m.mode == modeSimilar:
		return w.bind(column+" similar to ?", m.values[0])
	case m.mode == modePosix && caseSensitive:
		return w.bind(column+" ~ ?", m.values[0])
	case m.mode == modePosix:
		return w.bind(column+" ~* ?", m.values[0])
	case caseSensitive:
		return w.bind(column+" like ?", m.values[0])
	}
	return w.bind(column+" ilike ?", m.values[0])
}

// UserFilter narrows Users.
type UserFilter struct {
	Search        Search
	ExcludeRoleID string // leave out the users who have this role
	IsSuspended   *bool
}

func (f UserFilter) where() *where {
	w := newWhere("true")
	if f.ExcludeRoleID != "" {
		w.and("not exists (select from identity.users_roles ur where ur.user_id = u.id and ur.role_id = ?)", f.ExcludeRoleID)
	}
	if f.IsSuspended != nil {
		w.and("u.is_suspended = ?", *f.IsSuspended)
	}
	w.search(f.Search, userSearchColumns)
	return w
}
