// Package limit bounds what the operations of a role may amount to: how many in a minute, how deep, how many nodes, how
// many in a batch, how long (Hasura: security/api-limits); and it hides the schema from roles that may not introspect.
//
// It judges what it is told and waits for nothing: the query line asks it, at one place for each limit. The administrator
// is not limited, as in Hasura. What a stored limit says that is not understood refuses whoever it may concern.
package limit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
)

// Limits are those of a document. A nil one limits nobody.
type Limits struct {
	// named are the roles that the document names; everybody else is like other.
	named map[string]*Role
	other *Role
}

// Role is what holds for the operations of one role, or of several that act at once. A nil one is not limited.
type Role struct {
	name                string
	depth, nodes, batch *int
	time                *time.Duration
	rates               []rate
	isHidden            bool
	// problem is what of the limits is not understood.
	problem string
}

// rate is a role's limit of operations in a minute.
type rate struct {
	role string
	metadata.RateLimit
}

// Compile reads a document's limits; nil where it has none.
func Compile(m *metadata.Metadata) *Limits {
	limits := m.Limits()
	hidden, everybody := m.HiddenSchema()
	if limits == nil && len(hidden) == 0 && !everybody {
		return nil
	}
	if limits == nil {
		limits = &metadata.Limits{}
	}
	l := &Limits{named: map[string]*Role{}}
	of := func(role string) *Role {
		r := compile(limits, role)
		r.isHidden = everybody && role != session.Admin || slices.Contains(hidden, role)
		return r
	}
	for _, role := range slices.Concat(rolesOf(limits), hidden) {
		l.named[role] = of(role)
	}
	// No session has the empty role; it stands for all that are not named.
	l.other = of("")
	l.named[session.Admin] = &Role{isHidden: slices.Contains(hidden, session.Admin)}
	return l
}

// rolesOf are the roles that limits name.
func rolesOf(l *metadata.Limits) (roles []string) {
	add := func(name string) { roles = append(roles, name) }
	named(l.Depth, add)
	named(l.Nodes, add)
	named(l.Batch, add)
	named(l.Time, add)
	named(l.Rate, add)
	return roles
}

func named[T any](l *metadata.Limit[T], add func(string)) {
	if l != nil {
		for role := range l.PerRole {
			add(role)
		}
	}
}

func compile(l *metadata.Limits, role string) *Role {
	r := &Role{name: role, problem: l.Problem}
	r.depth, r.nodes, r.batch, r.time = bound(r, l.Depth), bound(r, l.Nodes), bound(r, l.Batch), bound(r, l.Time)
	if max := bound(r, l.Rate); max != nil {
		r.rates = []rate{{role, *max}}
	}
	return r
}

// bound is what a limit says for a role, nil where there is none or it is not understood, which r remembers.
func bound[T any](r *Role, l *metadata.Limit[T]) *T {
	if l == nil {
		return nil
	}
	b := l.Of(r.name)
	if b.Problem != "" {
		r.problem = b.Problem
		return nil
	}
	return &b.Value
}

// Of is what holds for a session.
func (l *Limits) Of(s *session.Session) *Role {
	switch {
	case l == nil:
		return nil
	case len(s.Roles) > 1:
		return l.several(s)
	default:
		return l.of(s.Role)
	}
}

func (l *Limits) of(role string) *Role {
	if r := l.named[role]; r != nil {
		return r
	}
	r := *l.other
	r.name = role
	if len(r.rates) > 0 {
		r.rates = []rate{{role, r.rates[0].RateLimit}}
	}
	return &r
}

// several is what holds for roles that act at once: every limit of each, so that nobody gets around one role's by
// bringing another.
func (l *Limits) several(s *session.Session) *Role {
	sum := &Role{name: s.Role}
	for _, name := range s.Roles {
		r := l.of(name)
		sum.depth, sum.nodes, sum.batch, sum.time = least(sum.depth, r.depth), least(sum.nodes, r.nodes), least(sum.batch, r.batch), least(sum.time, r.time)
		sum.rates = append(sum.rates, r.rates...)
		sum.isHidden = sum.isHidden || r.isHidden
		if r.problem != "" {
			sum.problem = r.problem
		}
	}
	return sum
}

func least[T int | time.Duration](a, b *T) *T {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}

// Admit counts one operation of a caller at the given address; it is refused where there were too many within a minute.
func (r *Role) Admit(counts *Counts, s *session.Session, ip string) error {
	if r == nil {
		return nil
	}
	for i := range r.rates {
		if !counts.admit(&r.rates[i], s, ip) {
			return exceeded(fault.RateLimitExceeded, "rate", strconv.Itoa(r.rates[i].PerMinute)).WithStatus(http.StatusTooManyRequests)
		}
	}
	return nil
}

// Batch checks the number of operations in a batch.
func (r *Role) Batch(operations int) error {
	if r != nil && r.batch != nil && operations > *r.batch {
		return exceeded(fault.BatchLimitExceeded, "batch", strconv.Itoa(*r.batch))
	}
	return nil
}

// Understood refuses roles whose limits are not understood.
func (r *Role) Understood() error {
	if r == nil || r.problem == "" {
		return nil
	}
	return fault.New(fault.InvalidConfiguration, "", "the API limits of the role %s are stored in a form that is not understood", quoted(r.name)).
		WithInternal(r.problem)
}

// Check checks what an operation asks for.
func (r *Role) Check(op *operation.Operation) error {
	if err := r.Understood(); err != nil || r == nil || r.depth == nil && r.nodes == nil && !r.isHidden {
		return err
	}
	size := op.Size()
	switch {
	case r.isHidden && size.Introspects != "":
		return fault.New(fault.ValidationFailed, "$.selectionSet."+size.Introspects, "GraphQL introspection is not allowed for the role %s", quoted(r.name))
	case r.depth != nil && size.Depth > *r.depth:
		return exceeded(fault.DepthLimitExceeded, "depth", strconv.Itoa(*r.depth))
	case r.nodes != nil && size.Nodes > *r.nodes:
		return exceeded(fault.NodeLimitExceeded, "node", strconv.Itoa(*r.nodes))
	}
	return nil
}

// exceeded is worded as Hasura words it, whose codes and messages differ in the limit's name and value only.
func exceeded(code, limit, value string) *fault.Error {
	return fault.New(code, "", "%s limit of %s exceeded", limit, value)
}

// quoted is a role's name; several, which are a JSON list already, are not quoted again.
func quoted(role string) string {
	if len(role) > 0 && role[0] == '[' {
		return role
	}
	return strconv.Quote(role)
}

// Time is how long an operation may take; 0 when that is not limited. A limit of nothing is as short as can be.
func (r *Role) Time() time.Duration {
	if r == nil || r.time == nil {
		return 0
	}
	return max(*r.time, 1)
}

// errTime is the cause of contexts that end because of a time limit.
type errTime struct{ limit time.Duration }

func (e *errTime) Error() string { return fmt.Sprintf("time limit of %s exceeded", seconds(e.limit)) }

// Within is ctx with the time that an operation may take.
func (r *Role) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	if d := r.Time(); d > 0 {
		return Within(ctx, d)
	}
	return ctx, func() {}
}

// Within is ctx with a time limit; what becomes of it, Explain tells.
func Within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, &errTime{d})
}

// Explain gives an error that comes of an exceeded time limit as such. Others, and what a database said of its own accord
// in the last moment, stay as they are.
func Explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	var limit *errTime
	if !errors.As(context.Cause(ctx), &limit) {
		return err
	}
	var known *fault.Error
	if errors.As(err, &known) {
		switch known.Code {
		case fault.Unexpected, fault.Timeout, fault.PostgresError:
		default:
			return err
		}
	}
	return exceeded(fault.TimeLimitExceeded, "time", seconds(limit.limit)).WithCause(err)
}

// seconds writes a time as Hasura does: 2.5s.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}
