package impact

import (
	"slices"

	"gatehouse/engine/allowlist"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// brokenOperations are the stored operations that some role can run before and not after: of REST endpoints, and of the
// allow list where it counts.
func brokenOperations(before, after State, o Options) []BrokenOperation {
	c := &operationsComparison{
		before: before, after: after, out: []BrokenOperation{}, parsed: map[string]parsed{},
		roles: union(before.Model.Roles(), after.Model.Roles()),
	}
	for _, e := range before.Document.RESTEndpoints {
		c.endpoint(e)
	}
	if o.AllowList {
		for _, e := range before.Document.Allowlist {
			c.listed(e)
		}
	}
	return c.out
}

type operationsComparison struct {
	before, after State
	// roles are all but admin.
	roles  []string
	out    []BrokenOperation
	parsed map[string]parsed
}

// parsed is what a stored text says, whoever runs it.
type parsed struct {
	op  *operation.Operation
	err error
}

// endpoint looks at a REST endpoint of before, which serves whoever asks.
func (c *operationsComparison) endpoint(e *metadata.RESTEndpoint) {
	broken := BrokenOperation{Collection: e.Collection, Query: e.Query, Endpoint: e.Name}
	say := func(reason string) {
		broken.Reason = reason
		c.out = append(c.out, broken)
	}
	i := slices.IndexFunc(c.after.Document.RESTEndpoints, func(o *metadata.RESTEndpoint) bool { return o.Name == e.Name })
	if i < 0 {
		say("the endpoint would be removed")
		return
	}
	now := c.after.Document.RESTEndpoints[i]
	if now.URL != e.URL {
		say("the endpoint would move from " + e.URL + " to " + now.URL)
	}
	for _, method := range missingFrom(e.Methods, now.Methods) {
		say("the endpoint would no longer answer " + method)
	}
	was, is := stored(c.before.Document, e.Collection, e.Query), stored(c.after.Document, now.Collection, now.Query)
	switch {
	case was == nil:
	case is == nil:
		say("its stored query would be gone")
	default:
		c.run(broken, append([]string{schema.AdminRole}, c.roles...), was, is)
	}
}

// listed looks at a collection of the allow list of before. That its operations are no longer listed is a right that
// narrows.
func (c *operationsComparison) listed(e *metadata.AllowlistEntry) {
	roles := c.roles
	if e.Roles != nil {
		roles = listedRoles(e)
	}
	for _, collection := range c.before.Document.QueryCollections {
		if collection.Name != e.Collection {
			continue
		}
		for _, q := range collection.Queries {
			if is := stored(c.after.Document, e.Collection, q.Name); is != nil && sameOperation(q.Query, is.Query) {
				c.run(BrokenOperation{Collection: e.Collection, Query: q.Name}, roles, q, is)
			}
		}
	}
}

// sameOperation tells whether two texts are one entry of the allow list.
func sameOperation(a, b string) bool {
	was, ok := allowlist.Normal(a)
	is, too := allowlist.Normal(b)
	return a == b || ok && too && was == is
}

func stored(m *metadata.Metadata, collection, query string) *metadata.CollectionQuery {
	for _, c := range m.QueryCollections {
		if c.Name != collection {
			continue
		}
		for _, q := range c.Queries {
			if q.Name == query {
				return q
			}
		}
	}
	return nil
}

// run reports the roles for which was is valid before and is not after.
func (c *operationsComparison) run(broken BrokenOperation, roles []string, was, is *metadata.CollectionQuery) {
	for _, role := range roles {
		if c.validate(c.before.Model, role, was.Query) != nil {
			continue
		}
		if err := c.validate(c.after.Model, role, is.Query); err != nil {
			broken.Role, broken.Reason = role, err.Error()
			c.out = append(c.out, broken)
		}
	}
}

func (c *operationsComparison) validate(m *schema.Model, role, text string) error {
	p, known := c.parsed[text]
	if !known {
		p.op, p.err = operation.Parse(text, "")
		c.parsed[text] = p
	}
	if p.err != nil {
		return p.err
	}
	return p.op.Check(m.Role(role, true))
}
