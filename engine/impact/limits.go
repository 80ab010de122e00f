package impact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// limits tells what the operations of roles may amount to, and whether they may introspect.
func (c *rightsComparison) limits(roles []string) {
	before, after := limitsOf(c.before.Document), limitsOf(c.after.Document)
	for _, role := range roles {
		if role == schema.AdminRole {
			continue // whom nothing limits
		}
		was, is := before.of(role), after.of(role)
		sayLimit(c, role, "depth limit", was.depth, is.depth)
		sayLimit(c, role, "node limit", was.nodes, is.nodes)
		sayLimit(c, role, "batch limit", was.batch, is.batch)
		sayLimit(c, role, "time limit", was.time, is.time)
		if a, b := was.rate, is.rate; a != nil && b != nil && !a.isUnclear && !b.isUnclear && counted(a.value) != counted(b.value) {
			c.say(role, "", "run", Unclear, "rate limit changed from %d a minute %s to %d %s", a.value.PerMinute, counted(a.value), b.value.PerMinute, counted(b.value))
		} else {
			sayLimit(c, role, "rate limit a minute", perMinute(a), perMinute(b))
		}
		switch {
		case was.isHidden && !is.isHidden:
			c.say(role, "", "run", Wider, "introspection would be allowed")
		case !was.isHidden && is.isHidden:
			c.say(role, "", "run", Narrower, "introspection would be refused")
		}
	}
}

// bounds are a role's; nil is none.
type bounds struct {
	depth, nodes, batch *bound[int]
	time                *bound[time.Duration]
	rate                *bound[metadata.RateLimit]
	isHidden            bool
}

// bound is a limit's value; one that is not understood closes everything.
type bound[T any] struct {
	value     T
	isUnclear bool
}

type documentLimits struct {
	limits    *metadata.Limits
	hidden    []string
	everybody bool
}

func limitsOf(m *metadata.Metadata) documentLimits {
	d := documentLimits{limits: m.Limits()}
	if d.limits == nil {
		d.limits = &metadata.Limits{}
	}
	d.hidden, d.everybody = m.HiddenSchema()
	return d
}

func (d documentLimits) of(role string) bounds {
	l := d.limits
	closed := l.Problem != ""
	return bounds{
		boundOf(l.Depth, role, closed), boundOf(l.Nodes, role, closed), boundOf(l.Batch, role, closed), boundOf(l.Time, role, closed),
		boundOf(l.Rate, role, closed), d.everybody || slices.Contains(d.hidden, role),
	}
}

func boundOf[T any](l *metadata.Limit[T], role string, isClosed bool) *bound[T] {
	if isClosed {
		return &bound[T]{isUnclear: true}
	}
	if l == nil {
		return nil
	}
	b := l.Of(role)
	return &bound[T]{b.Value, b.Problem != ""}
}

func perMinute(b *bound[metadata.RateLimit]) *bound[int] {
	if b == nil {
		return nil
	}
	return &bound[int]{b.value.PerMinute, b.isUnclear}
}

// counted says who is counted together.
func counted(r metadata.RateLimit) string {
	switch {
	case r.ByIP:
		return "by address"
	case len(r.ByVariables) > 0:
		return "by " + strings.Join(r.ByVariables, ", ")
	}
	return "for the role"
}

func sayLimit[T cmp.Ordered](c *rightsComparison, role, what string, was, is *bound[T]) {
	text := func(b *bound[T]) string {
		switch {
		case b == nil:
			return "none"
		case b.isUnclear:
			return "what is not understood"
		}
		return fmt.Sprint(b.value)
	}
	// How much is let through, in order: nothing where a bound is not understood, then by value, then all.
	rank := func(b *bound[T]) int {
		switch {
		case b == nil:
			return 2
		case b.isUnclear:
			return 0
		}
		return 1
	}
	order := cmp.Compare(rank(was), rank(is))
	if order == 0 && rank(was) == 1 {
		order = cmp.Compare(was.value, is.value)
	}
	if order != 0 {
		direction := Wider
		if order > 0 {
			direction = Narrower
		}
		c.say(role, "", "run", direction, "%s changed from %s to %s", what, text(was), text(is))
	}
}
