package subscription

import (
	"cmp"
	"slices"

	"gatehouse/engine/translate"
)

// Group is a group as it stands: the subscribers of one statement.
type Group struct {
	// Role, Operation and Hash are Query's.
	Role, Operation, Hash string
	Live                  *translate.Live
	Cohorts               []Cohort
	// Polls is why the group asks at every interval; "": it asks when what it reads has changed.
	Polls string
	// IsFailing: the last look had an error.
	IsFailing bool
}

// Cohort is the subscribers whom every poll gives the same.
type Cohort struct {
	// Told have had a result, Fresh are still to get their first one.
	Told, Fresh int
	// LastHash is that of the result told last.
	LastHash uint64
}

// Describe lists what is subscribed to, for a developer to look at.
func (h *Hub) Describe() []Group {
	h.mu.Lock()
	defer h.mu.Unlock()
	groups := make([]Group, 0, len(h.groups))
	for _, g := range h.groups {
		groups = append(groups, g.describe())
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Live.Polls[0].SQL, b.Live.Polls[0].SQL))
	})
	return groups
}

func (g *group) describe() Group {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := Group{Role: g.role, Operation: g.operation, Hash: g.hash, Live: g.live, Polls: g.polls(), IsFailing: g.isFailing.Load()}
	for _, c := range g.cohorts {
		out.Cohorts = append(out.Cohorts, Cohort{Told: len(c.old), Fresh: len(c.fresh), LastHash: c.last})
	}
	return out
}
