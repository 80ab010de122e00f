package rest

import (
	"cmp"
	"slices"
	"strings"

	"gatehouse/engine/metadata"
)

// Problem is why endpoints cannot be served.
type Problem struct {
	// Reason is Hasura's text.
	Reason string
	// Endpoints has one element, or all that are ambiguous together, by name.
	Endpoints []*metadata.RESTEndpoint
	// IsAmbiguous: several endpoints match the same requests.
	IsAmbiguous bool
	// texts are the stored queries of ambiguous endpoints, by endpoint name.
	texts map[string]string
}

func problem(def *metadata.RESTEndpoint, reason string) *Problem {
	return &Problem{Reason: reason, Endpoints: []*metadata.RESTEndpoint{def}}
}

// Check lists what is wrong with the REST endpoints of a metadata document: bad templates, queries that cannot be
// served, and templates that match the same requests.
func Check(m *metadata.Metadata) []*Problem {
	var problems []*Problem
	for _, def := range m.RESTEndpoints {
		if _, p := compile(def, m.QueryCollections); p != nil {
			problems = append(problems, p)
		}
	}
	return append(problems, ambiguities(Compile(m).all)...)
}

// ambiguities groups endpoints that match the same requests, directly or through a third.
func ambiguities(all []*Endpoint) []*Problem {
	group := make([]int, len(all)) // group[i] is the least index endpoint i is connected with
	for i := range all {
		group[i] = i
		for j := range i {
			if all[i].overlaps(all[j]) && group[i] != group[j] {
				from, to := max(group[i], group[j]), min(group[i], group[j])
				for k := range i + 1 {
					if group[k] == from {
						group[k] = to
					}
				}
			}
		}
	}
	var problems []*Problem
	for i := range all {
		var members []*Endpoint
		for j := range all {
			if group[j] == i {
				members = append(members, all[j])
			}
		}
		if len(members) > 1 {
			problems = append(problems, ambiguous(members))
		}
	}
	return problems
}

func ambiguous(members []*Endpoint) *Problem {
	slices.SortFunc(members, func(a, b *Endpoint) int { return cmp.Compare(a.Name, b.Name) })
	p := &Problem{IsAmbiguous: true, texts: make(map[string]string)}
	var urls []string
	for _, e := range members {
		urls = append(urls, e.URL)
		p.Endpoints = append(p.Endpoints, e.RESTEndpoint)
		p.texts[e.Name] = e.Text
	}
	p.Reason = "Ambiguous URL paths: " + strings.Join(urls, ", ")
	return p
}

// overlaps tells whether one request can match both.
func (e *Endpoint) overlaps(o *Endpoint) bool {
	if len(e.segments) != len(o.segments) || !slices.ContainsFunc(e.Methods, func(m string) bool { return slices.Contains(o.Methods, m) }) {
		return false
	}
	for i, s := range e.segments {
		if t := o.segments[i]; !s.isVariable && !t.isVariable && s.text != t.text {
			return false
		}
	}
	return true
}

// Entry is the problem as an element of an error's `internal` or of the list of inconsistent objects.
func (p *Problem) Entry() any {
	if !p.IsAmbiguous {
		return struct {
			Definition endpointJSON `json:"definition"`
			Reason     string       `json:"reason"`
			Name       string       `json:"name"`
			Type       string       `json:"type"`
		}{describe(p.Endpoints[0]), p.Reason, "rest_endpoint " + p.Endpoints[0].Name, "rest_endpoint"}
	}
	out := struct {
		Reason    string         `json:"reason"`
		Conflicts []endpointJSON `json:"conflicts"`
	}{Reason: p.Reason}
	for _, e := range p.Endpoints {
		d := describe(e)
		d.Definition = map[string]any{"query": p.texts[e.Name]}
		out.Conflicts = append(out.Conflicts, d)
	}
	return out
}

// endpointJSON is an endpoint as Hasura's inconsistencies show it.
type endpointJSON struct {
	Definition any      `json:"definition"`
	URL        string   `json:"url"`
	Methods    []string `json:"methods"`
	Name       string   `json:"name"`
	Comment    *string  `json:"comment"`
}

func describe(e *metadata.RESTEndpoint) endpointJSON {
	d := endpointJSON{URL: e.URL, Methods: e.Methods, Name: e.Name, Comment: e.Comment}
	d.Definition = map[string]any{"query": map[string]string{"collection_name": e.Collection, "query_name": e.Query}}
	return d
}
