package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
)

// invalidQueries lists the queries of collections that the administrator's schema does not have the fields for (Hasura:
// RQL/DDL/QueryCollection). Texts that hold no single operation are left to the endpoints that want to serve them.
func invalidQueries(doc *metadata.Metadata, model *schema.Model) []metadata.Inconsistency {
	var out []metadata.Inconsistency
	for _, c := range doc.QueryCollections {
		for _, q := range c.Queries {
			op, err := operation.Parse(q.Query, "")
			if err != nil {
				continue
			}
			if err = op.Check(model.Role(session.Admin, true)); err == nil {
				continue
			}
			id := metadata.CollectionQueryObject(c.Name, q.Name)
			out = append(out, metadata.Inconsistency{
				Definition: collectionQuery{q.Name, q.Query}, Name: id.Name, Type: id.Type, Unsupported: hasForeignFields(doc),
				Reason: fmt.Sprintf("Inconsistent object: In query collection %q the query %q is invalid with the following error(s): %q%s",
					c.Name, q.Name, complaint(err), usedBy(doc, c.Name, q.Name)),
			})
		}
	}
	return out
}

type collectionQuery struct {
	Name  string `json:"name"`
	Query string `json:"query"`
}

// hasForeignFields tells whether the schema would have fields that are not served yet: a query may be in want of those
// only, and must not stand in the way of a project that moves in.
func hasForeignFields(doc *metadata.Metadata) bool {
	return len(doc.RemoteSchemas)+len(doc.Actions) > 0 || slices.ContainsFunc(doc.Sources, func(s *metadata.Source) bool {
		return s.Foreign != nil ||
			slices.ContainsFunc(s.Tables, func(t *metadata.Table) bool {
				return slices.ContainsFunc(t.RemoteRelationships, func(o *metadata.Opaque) bool { return !o.LeadsToSource() })
			})
	})
}

// complaint words an error as Hasura's analysis of stored queries does: "$.author: field 'author' not found in object
// 'query_root'".
func complaint(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	path := strings.ReplaceAll(f.Path, ".selectionSet", "")
	return path + ": " + strings.Replace(f.Message, "' not found in type: '", "' not found in object '", 1)
}

func usedBy(doc *metadata.Metadata, collection, query string) string {
	var names []string
	for _, e := range doc.RESTEndpoints {
		if e.Collection == collection && e.Query == query {
			names = append(names, fmt.Sprintf("%q", e.Name))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ". This query is being used in the following REST endpoint(s): " + strings.Join(names, ", ")
}
