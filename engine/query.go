package engine

import (
	"context"
	"errors"
	"time"

	"github.com/maypok86/otter/v2"

	"gatehouse/engine/changes"
	"gatehouse/engine/execute"
	"gatehouse/engine/fault"
	"gatehouse/engine/limit"
	"gatehouse/engine/operation"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/translate"
	"gatehouse/engine/validation"
	"gatehouse/telemetry"
)

// Line is the query line over one model: parse, bind, plan, translate, run. Its caches belong to it, so a reload, which
// makes a new line, drops them.
type Line struct {
	model     *schema.Model
	exec      *execute.Executor
	validator *validation.Validator
	// strategy is translate.FromRows but in tests, which compare the answers of each.
	strategy translate.Strategy

	operations *otter.Cache[documentKey, *operation.Operation]
	variables  *otter.Cache[roleKey, map[string]*schema.Ref]
	plans      *otter.Cache[planKey, *program]
	// introspections are bounded by their size: one can be many megabytes.
	introspections *otter.Cache[*plan.Introspect, *introspection]
	// responses are those of queries with @cached; nil keeps none.
	responses *responses
	// suspect hears of every error of a database.
	suspect func(error)
	// feed tells what changes in a source; nil: nobody does.
	feed func(source string) *changes.Feed
	// tags are the comments on its statements.
	tags queryTags
	// watch is told what the line does; nil is not.
	watch *watch
	// limits are what operations may amount to; nil limits nobody.
	limits *limit.Limits
}

// program is an operation's SQL: steps, or for a subscription live.
type program struct {
	steps []translate.Step
	live  *translate.Live
	// validations are the webhooks to ask before a mutation is run.
	validations []plan.Validation
	// depends is what the answer of a query with @cached depends on; isCacheable, whether that is known.
	depends     translate.Depends
	isCacheable bool
	// hash and requests are for who watches (operation.ParameterizedHash).
	hash     string
	requests *telemetry.Requests
}

type documentKey struct{ text, operationName string }

type roleKey struct {
	op          *operation.Operation
	role        string
	backendOnly bool
	relay       bool
}

type planKey struct {
	roleKey
	shape string
}

// The caches' bounds, in entries; a text or shape past its bound in bytes is worked out anew each time.
const (
	maxOperations = 2_000
	maxPlans      = 4_000
	maxText       = 64 << 10
	maxShape      = 4 << 10
	// maxIntrospections is in bytes.
	maxIntrospections = 64 << 20
)

// NewLine makes the query line of a model.
func NewLine(model *schema.Model, exec *execute.Executor, validator *validation.Validator) *Line {
	return &Line{
		model: model, exec: exec, validator: validator,
		operations: otter.Must(&otter.Options[documentKey, *operation.Operation]{MaximumSize: maxOperations}),
		variables:  otter.Must(&otter.Options[roleKey, map[string]*schema.Ref]{MaximumSize: maxPlans}),
		plans:      otter.Must(&otter.Options[planKey, *program]{MaximumSize: maxPlans}),
		introspections: otter.Must(&otter.Options[*plan.Introspect, *introspection]{
			MaximumWeight: maxIntrospections,
			Weigher:       func(_ *plan.Introspect, i *introspection) uint32 { return i.weight() },
		}),
	}
}

// Query answers one request with the whole response body. Errors a client may see are *fault.Error.
func (l *Line) Query(ctx context.Context, s *session.Session, req operation.Request) ([]byte, error) {
	a, err := l.answer(ctx, s, req, l.role(s, false))
	return a.Body, err
}

// Relay is Query on the Relay endpoint's schema.
func (l *Line) Relay(ctx context.Context, s *session.Session, req operation.Request) ([]byte, error) {
	a, err := l.answer(ctx, s, req, l.role(s, true))
	return a.Body, err
}

// role is the schema of a session's role on the GraphQL or the Relay endpoint.
func (l *Line) role(s *session.Session, relay bool) *schema.Schema {
	if len(s.Roles) > 1 {
		has := func(variable string) bool { _, ok := s.Variables[variable]; return ok }
		return l.model.Several(s.Roles, has, s.BackendOnly, relay)
	}
	if relay {
		return l.model.RelayRole(s.Role, s.BackendOnly)
	}
	return l.model.Role(s.Role, s.BackendOnly)
}

// answer answers a query or mutation, within the time that its role has.
func (l *Line) answer(ctx context.Context, s *session.Session, req operation.Request, role *schema.Schema) (operation.Answer, error) {
	a, _, err := l.answerKnowing(ctx, s, req, role)
	return a, err
}

// answerKnowing is answer, and tells whether anything was run: an error is else about the request alone.
func (l *Line) answerKnowing(ctx context.Context, s *session.Session, req operation.Request, role *schema.Schema) (a operation.Answer, hasRun bool, err error) {
	limits := l.limits.Of(s)
	ctx, end := limits.Within(ctx)
	defer end()
	var p *program
	if l.watch == nil {
		a, err = l.answerLimited(ctx, s, req, role, limits, &p)
	} else {
		began := time.Now()
		a, err = l.answerLimited(ctx, s, req, role, limits, &p)
		l.watch.answered(p, time.Since(began), err)
	}
	return a, p != nil, limit.Explain(ctx, err)
}

// answerLimited answers, and tells in runs what is run.
func (l *Line) answerLimited(ctx context.Context, s *session.Session, req operation.Request, role *schema.Schema, limits *limit.Role, runs **program) (operation.Answer, error) {
	span := l.watch.span(ctx)
	parsed := span.Child("Parse GraphQL")
	op, err := l.parse(req)
	parsed.End(err)
	if err != nil {
		return operation.Answer{}, err
	}
	if err := limits.Check(op); err != nil {
		return operation.Answer{}, err
	}
	if op.Kind == operation.Subscription {
		return operation.Answer{}, fault.New(fault.UnexpectedPayload, fault.Root, "subscriptions are not supported over HTTP, use websockets instead")
	}
	bound, err := op.Bind(req.Variables)
	if err != nil {
		return operation.Answer{}, err
	}
	planned := planning(span, op.Kind)
	p, err := l.program(bound, role)
	planned.End(err)
	if err != nil {
		return operation.Answer{}, err
	}
	l.watch.describe(span, req, op, p)
	*runs = p
	for _, v := range p.validations {
		caller := s
		if v.Role != "" {
			caller = s.As(v.Role)
		}
		if err := l.validator.Check(ctx, v.Webhook, caller, bound.JSON(v.Inputs)); err != nil {
			return operation.Answer{}, err
		}
	}
	seen := l.exec.NewSeen(s)
	run := func(ctx context.Context) ([]byte, error) {
		working := running(span, op.Kind)
		r := execute.Request{Bound: bound, Session: s, Schema: role, Remember: l.remember, Seen: seen, Span: working, ShowsSQL: l.watch.showsQueries()}
		l.watch.running(ctx, req, op.Kind, p.steps, r)
		body, err := l.run(ctx, op.Kind, p.steps, r)
		l.watch.ran(ctx, err)
		working.End(err)
		return body, err
	}
	if op.IsCached() {
		return l.cached(ctx, s, bound, keyOf(op, role), p, func(ctx context.Context) ([]byte, error) {
			ctx, end := limits.Within(ctx) // others may wait for it, and whoever asked first may have left
			defer end()
			body, err := run(ctx)
			return body, limit.Explain(ctx, err)
		})
	}
	body, err := run(ctx)
	a := operation.Answer{Body: body, Zipped: l.zipped(p.steps)}
	if token := seen.Token(); token != "" {
		a.Header = [][2]string{{execute.SeenHeader, token}}
	}
	return a, err
}

// run runs steps, again where a connection's prepared statement was out of date: nothing was done then.
func (l *Line) run(ctx context.Context, kind operation.Kind, steps []translate.Step, r execute.Request) (body []byte, err error) {
	for range 3 {
		body, err = l.exec.Run(ctx, kind, steps, r)
		if err == nil {
			return body, nil
		}
		if l.suspect != nil {
			l.suspect(err)
		}
		if !isStalePlan(err) || errors.As(err, new(execute.Committed)) {
			break
		}
	}
	return body, err
}

func keyOf(op *operation.Operation, role *schema.Schema) roleKey {
	return roleKey{op, role.Role, role.BackendOnly, role.Relay}
}

// parse is operation.Parse, remembered by text.
func (l *Line) parse(req operation.Request) (*operation.Operation, error) {
	key := documentKey{req.Query, req.OperationName}
	if op, ok := l.operations.GetIfPresent(key); ok {
		return op, nil
	}
	op, err := operation.Parse(req.Query, req.OperationName)
	if err == nil && len(req.Query) <= maxText {
		l.operations.Set(key, op)
	}
	return op, err
}

// program resolves, plans and translates, remembered by operation, role and the variables' shape: everything that steers
// the SQL's text. The shape can be told once the operation was resolved for the role before.
func (l *Line) program(b *operation.Bound, role *schema.Schema) (*program, error) {
	key := keyOf(b.Operation, role)
	types, known := l.variables.GetIfPresent(key)
	if known {
		if shape := b.Shape(types); len(shape) <= maxShape {
			if p, ok := l.plans.GetIfPresent(planKey{key, shape}); ok {
				return p, nil
			}
		}
	}
	resolved, err := b.Resolve(role)
	if err != nil {
		return nil, err
	}
	planned, err := plan.Build(resolved, role)
	if err != nil {
		return nil, err
	}
	p, o := &program{validations: planned.Validations}, translate.Options{StringifyNumericTypes: l.model.Options.StringifyNumericTypes, Strategy: l.strategy}
	if b.Kind == operation.Subscription {
		p.live, err = translate.Lives(planned, o)
	} else {
		p.steps, err = translate.Steps(planned, o)
		if b.IsCached() {
			p.depends, p.isCacheable = translate.DependsOn(p.steps)
		}
	}
	if err != nil {
		return nil, err
	}
	p.hash = b.ParameterizedHash()
	p.requests = l.watch.operation(b, p.hash)
	l.tags.tag(p, b)
	for name, ref := range types { // places another request's branch showed
		if resolved.VariableTypes[name] == nil || ref.Base().Steers {
			resolved.VariableTypes[name] = ref
		}
	}
	l.variables.Set(key, resolved.VariableTypes)
	if shape := b.Shape(resolved.VariableTypes); len(shape) <= maxShape {
		// The first one stays: subscribers who share it are asked for together.
		p, _ = l.plans.SetIfAbsent(planKey{key, shape}, p)
	}
	return p, nil
}
