package metadata

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits are what operations of a role may amount to (Hasura: RQL/Types/ApiLimit). A nil one limits nothing.
type Limits struct {
	Depth, Nodes, Batch *Limit[int]
	Time                *Limit[time.Duration]
	Rate                *Limit[RateLimit]
	// Problem is what is wrong with the stored section as a whole: whom it limits, and how, cannot be told.
	Problem string
}

// Limit holds for a role as PerRole says, and for every other one as Global does.
type Limit[T any] struct {
	Global  Bound[T]
	PerRole map[string]Bound[T]
}

// Bound is one value of a limit. A stored one may be something that is not understood: Problem says what is wrong then.
type Bound[T any] struct {
	Value   T
	Problem string
}

// RateLimit is how many operations are admitted in a minute.
type RateLimit struct {
	PerMinute int
	// ByIP counts every address on its own, ByVariables every combination of these session variables' values, in lower
	// case; with neither the whole role is counted together.
	ByIP        bool
	ByVariables []string
}

// Of is the bound that holds for a role.
func (l *Limit[T]) Of(role string) Bound[T] {
	if b, ok := l.PerRole[role]; ok {
		return b
	}
	return l.Global
}

// Limits reads the section api_limits; nil where there are no limits, or they are switched off.
func (m *Metadata) Limits() *Limits {
	if problem := m.Leftovers.putAsideWhole("api_limits"); problem != "" {
		return &Limits{Problem: problem}
	}
	if m.APILimits == nil {
		return nil
	}
	n, err := parseNode(m.APILimits)
	if err != nil {
		return &Limits{Problem: err.Error()}
	}
	if n.isTrue("disabled") {
		return nil
	}
	out := &Limits{
		Depth: limitAt(n, "depth_limit", naturalShape, readCount), Nodes: limitAt(n, "node_limit", naturalShape, readCount),
		Batch: limitAt(n, "batch_limit", naturalShape, readCount), Time: limitAt(n, "time_limit", secondsShape, readSeconds),
		Rate: limitAt(n, "rate_limit", rateLimitShape, readRate),
	}
	r := &reader{path: "$", strict: true}
	if r.refuseUnknown(n, apiLimitKeys); r.err != nil {
		out.Problem = problem(r.err)
	}
	return out
}

// limitAt reads a limit as far as it is understood.
func limitAt[T any](section *node, key string, is shape, read func(*node) T) *Limit[T] {
	n := section.member(key)
	if n == nil || n.kind == nullNode {
		return nil
	}
	bound := func(v *node) Bound[T] {
		if wrong := is.check(v.compact()); wrong != "" {
			return Bound[T]{Problem: wrong}
		}
		return Bound[T]{Value: read(v)}
	}
	if wrong := limitShape(anything).check(n.compact()); wrong != "" { // for whom is what, cannot be told
		return &Limit[T]{Global: Bound[T]{Problem: wrong}}
	}
	out := &Limit[T]{Global: bound(n.member("global")), PerRole: map[string]Bound[T]{}}
	if n.given("per_role") {
		roles := n.member("per_role")
		for i, role := range roles.keys {
			out.PerRole[role] = bound(roles.values[i])
		}
	}
	return out
}

func readCount(n *node) int { return integer.read(&reader{}, n) }

func readSeconds(n *node) time.Duration {
	seconds, _ := strconv.ParseFloat(string(n.raw), 64) // it is a number; one that is too large gives infinity
	return time.Duration(min(seconds*float64(time.Second), math.MaxInt64/2))
}

func readRate(n *node) RateLimit {
	out := RateLimit{PerMinute: readCount(n.member("max_reqs_per_min"))}
	switch by := n.member("unique_params"); {
	case !n.given("unique_params"):
	case by.kind == stringNode:
		out.ByIP = true
	default:
		for _, item := range by.items {
			out.ByVariables = append(out.ByVariables, strings.ToLower(item.text))
		}
		slices.Sort(out.ByVariables)
		out.ByVariables = slices.Compact(out.ByVariables)
	}
	return out
}

// HiddenSchema are the roles that may not introspect; everybody says that whom a stored section names cannot be told.
func (m *Metadata) HiddenSchema() (roles []string, everybody bool) {
	if m.Leftovers.putAsideWhole("graphql_schema_introspection") != "" {
		return nil, true
	}
	if m.GraphQLSchemaIntrospection == nil {
		return nil, false
	}
	if introspectionShape.check(m.GraphQLSchemaIntrospection) != "" {
		everybody = true
	}
	n, err := parseNode(m.GraphQLSchemaIntrospection)
	if err != nil || !n.given("disabled_for_roles") {
		return nil, true
	}
	for _, role := range n.member("disabled_for_roles").items {
		if role.kind == stringNode {
			roles = append(roles, role.text)
		}
	}
	return roles, everybody
}

// putAsideWhole says why the value of a key of the document was put aside; "" when it was not.
func (l *Leftovers) putAsideWhole(key string) string {
	if l == nil {
		return ""
	}
	for _, p := range l.broken {
		if p.whole && p.list == key {
			return p.reason
		}
	}
	return ""
}

// The grammar (Hasura: RQL/Types/ApiLimit). A limit's "state" is the console's; Hasura passes over it.

func limitShape(value shape) shape {
	return record("Limit", needs("global", value), has("per_role", dictionary(value)), has("state", textShape))
}

var apiLimitKeys = []string{"disabled", "depth_limit", "node_limit", "batch_limit", "time_limit", "rate_limit"}

var apiLimitsShape = record("ApiLimit", has("disabled", boolShape),
	has("depth_limit", limitShape(naturalShape)), has("node_limit", limitShape(naturalShape)), has("batch_limit", limitShape(naturalShape)),
	has("time_limit", limitShape(secondsShape)), has("rate_limit", limitShape(rateLimitShape)))

var rateLimitShape = record("RateLimitConfig", needs("max_reqs_per_min", naturalShape), has("unique_params", uniqueParamsShape))

// secondsShape is a number that is not negative.
func secondsShape(r *reader, n *node) {
	if numberShape(r, n); r.err == nil && strings.HasPrefix(string(n.raw), "-") {
		r.fail("parsing Seconds failed, unexpected negative number %s", n.raw)
	}
}

// uniqueParamsShape is "IP" or a list of session variables, worded as Hasura does.
func uniqueParamsShape(r *reader, n *node) {
	ok := n.kind == stringNode && strings.EqualFold(n.text, "ip")
	if n.kind == arrayNode {
		ok = !slices.ContainsFunc(n.items, func(item *node) bool {
			name := strings.ToLower(item.text)
			return item.kind != stringNode || !strings.HasPrefix(name, "x-hasura-") || name == "x-hasura-role"
		})
	}
	if !ok {
		r.fail("Not a valid value. Should be either: 'IP' or a list of Hasura session variables")
	}
}

var introspectionShape = record("SetGraphqlIntrospectionOptions", needs("disabled_for_roles", textsShape))

// listUnclear says what a stored section is listed for that is honoured but not understood whole.
func listUnclear(wrong string) string {
	return fmt.Sprintf("Inconsistent object: %s; whoever it may concern is refused", wrong)
}
