// Package impact tells what a new metadata document would change for those who use the API: role by role, what they may
// see and do more or less, how their schema differs, and which stored operations would break.
//
// It is pure: it compares two models, built by the code that serves them over the same catalogs. It never says that a
// right narrows where it may widen: what the structure does not show is reported as "unclear".
package impact

import (
	"encoding/json"
	"slices"
	"strings"

	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// State is a document and what is served of it.
type State struct {
	Document        *metadata.Metadata
	Model           *schema.Model
	Inconsistencies []metadata.Inconsistency
}

// Options are what the comparison needs to know of the settings.
type Options struct {
	// AllowList: only listed operations may be run, so that what is listed is a right.
	AllowList bool
	// SDL: the schemas are compared as text, too.
	SDL bool
}

// Plan is what would change. Its lists are never null, and begin with what matters most.
type Plan struct {
	Summary Summary `json:"summary"`
	// Rights that would change: wider first, then unclear, then narrower.
	Rights []Right `json:"rights"`
	// Operations that would break: of REST endpoints and of the allow list.
	Operations []BrokenOperation `json:"operations"`
	// Inconsistencies that would be new, and those that would be gone.
	Inconsistencies Inconsistencies `json:"inconsistencies"`
	// Schemas are the roles whose GraphQL schema would change, by name, admin first.
	Schemas []SchemaDiff `json:"schemas"`
	// SDL is where they differ as text, if that was asked for.
	SDL     []SDLDiff `json:"sdl,omitempty"`
	Objects Objects   `json:"objects"`
}

// Summary counts.
type Summary struct {
	Widened         int `json:"widened"`
	Unclear         int `json:"unclear"`
	Narrowed        int `json:"narrowed"`
	Breaking        int `json:"breaking"`
	Operations      int `json:"operations"`
	Inconsistencies int `json:"inconsistencies"`
	Objects         int `json:"objects"`
}

// Right is one right of a role that would change.
type Right struct {
	Role   string `json:"role"`
	Source string `json:"source,omitempty"`
	// Object is a table, "function f", "native query q", "collection c" or "" for the whole source.
	Object string `json:"object,omitempty"`
	// Operation is select, insert, update, delete, call or run.
	Operation string `json:"operation,omitempty"`
	// Direction is "wider", "unclear" or "narrower".
	Direction string `json:"direction"`
	// Change says what, in words.
	Change string `json:"change"`
}

// BrokenOperation is a stored operation that a role could run and could not any more.
type BrokenOperation struct {
	Collection string `json:"collection"`
	Query      string `json:"query"`
	// Endpoint is the REST endpoint that serves it, "" for one of the allow list.
	Endpoint string `json:"endpoint,omitempty"`
	Role     string `json:"role,omitempty"`
	Reason   string `json:"reason"`
}

// Inconsistencies that would come and go.
type Inconsistencies struct {
	New      []metadata.Inconsistency `json:"new"`
	Resolved []metadata.Inconsistency `json:"resolved"`
}

// Objects of the metadata that would differ.
type Objects struct {
	Added   []Object `json:"added"`
	Changed []Object `json:"changed"`
	Removed []Object `json:"removed"`
}

// Object names one, as get_inconsistent_metadata does.
type Object struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

// Compare tells what putting after in the place of before would change.
func Compare(before, after State, o Options) *Plan {
	p := &Plan{
		Rights: rights(before, after, o), Operations: brokenOperations(before, after, o),
		Schemas: schemaDiffs(before.Model, after.Model), Objects: changedObjects(before.Document, after.Document),
		Inconsistencies: Inconsistencies{
			New:      fresh(before.Inconsistencies, after.Inconsistencies),
			Resolved: fresh(after.Inconsistencies, before.Inconsistencies),
		},
	}
	if o.SDL {
		p.SDL = sdlDiffs(before.Model, after.Model)
	}
	s := &p.Summary
	for _, r := range p.Rights {
		switch r.Direction {
		case Wider:
			s.Widened++
		case Narrower:
			s.Narrowed++
		default:
			s.Unclear++
		}
	}
	for _, d := range p.Schemas {
		for _, c := range d.Changes {
			if c.Breaking {
				s.Breaking++
			}
		}
	}
	s.Operations, s.Inconsistencies = len(p.Operations), len(p.Inconsistencies.New)
	s.Objects = len(p.Objects.Added) + len(p.Objects.Changed) + len(p.Objects.Removed)
	return p
}

// IsEmpty tells that nothing would change.
func (p *Plan) IsEmpty() bool {
	return p.Summary == Summary{} && len(p.Schemas)+len(p.SDL)+len(p.Inconsistencies.Resolved) == 0
}

// fresh are the inconsistencies of after that before does not have.
func fresh(before, after []metadata.Inconsistency) []metadata.Inconsistency {
	key := func(i metadata.Inconsistency) string { return i.Type + "\x00" + i.Name + "\x00" + i.Reason }
	known := map[string]bool{}
	for _, i := range before {
		known[key(i)] = true
	}
	out := []metadata.Inconsistency{}
	for _, i := range after {
		if !known[key(i)] {
			out = append(out, i)
		}
	}
	return out
}

// changedObjects compares two documents object by object.
func changedObjects(before, after *metadata.Metadata) Objects {
	was := map[metadata.ObjectID]json.RawMessage{}
	for _, o := range before.Objects() {
		was[o.ID] = o.JSON
	}
	out := Objects{Added: []Object{}, Changed: []Object{}, Removed: []Object{}}
	is := map[metadata.ObjectID]bool{}
	for _, o := range after.Objects() {
		is[o.ID] = true
		switch doc, known := was[o.ID]; {
		case !known:
			out.Added = append(out.Added, Object(o.ID))
		case string(doc) != string(o.JSON):
			out.Changed = append(out.Changed, Object(o.ID))
		}
	}
	for id := range was {
		if !is[id] {
			out.Removed = append(out.Removed, Object(id))
		}
	}
	for _, list := range [][]Object{out.Added, out.Changed, out.Removed} {
		slices.SortFunc(list, func(a, b Object) int { return strings.Compare(a.Type+"\x00"+a.Name, b.Type+"\x00"+b.Name) })
	}
	return out
}
