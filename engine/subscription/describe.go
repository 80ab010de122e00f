package subscription

import (
	"cmp"
	"slices"
	"time"

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
	// Polling is how often it asks at most, and for how many cohorts in one statement.
	Polling Polling
	// Since is when its first subscriber came.
	Since time.Time
	Cost  Cost
}

// Cost is what a group has cost its databases.
type Cost struct {
	// Looks is how often everybody was asked for. The rest counts looks at newcomers as well.
	Looks int64
	// Statements is how many batches were asked for, of each source that the operation reads, and Time how long the looks took.
	Statements int64
	Time       time.Duration
	// Last is the last look, for LastCohorts in LastTime; zero: there was none. IsFailing: it had an error.
	Last        time.Time
	LastTime    time.Duration
	LastCohorts int
	IsFailing   bool
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
	out := Group{Role: g.role, Operation: g.operation, Hash: g.hash, Live: g.live, Polls: g.polls(), Polling: g.polling, Since: g.since, Cost: g.cost}
	for _, c := range g.cohorts {
		out.Cohorts = append(out.Cohorts, Cohort{Told: len(c.old), Fresh: len(c.fresh), LastHash: c.last})
	}
	return out
}

// looked notes what a look for some cohorts cost.
func (g *group) looked(began time.Time, cohorts int, isAll bool) {
	hasFailed := g.hasFailed.Swap(false)
	statements := g.statements.Swap(0)
	if cohorts == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c := &g.cost
	if isAll {
		c.Looks++
	}
	c.Last, c.LastTime, c.LastCohorts, c.IsFailing = began, time.Since(began), cohorts, hasFailed
	c.Statements += statements
	c.Time += c.LastTime
}
