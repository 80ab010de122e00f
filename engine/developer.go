package engine

import (
	"strconv"
	"time"

	"gatehouse/engine/subscription"
)

// liveGroup is a group of subscribers as Hasura's /dev/subscriptions shows its pollers.
type liveGroup struct {
	Source  string        `json:"source"`
	Role    string        `json:"role"`
	SQL     string        `json:"multiplexed_query"`
	Cohorts *[]liveCohort `json:"cohorts"`
	// The rest is ours, in docs/subscriptions.md.

	OperationName string `json:"operation_name"`
	OperationHash string `json:"operation_hash"`
	Subscribers   int    `json:"subscribers"`
	Results       int    `json:"results"`
	Batches       int    `json:"batches"`
	// IsFollowed: it is asked for when what it reads has changed. PollsBecause says why it is asked for at every interval.
	IsFollowed   bool      `json:"followed"`
	PollsBecause string    `json:"polls_because,omitempty"`
	RefetchDelay float64   `json:"refetch_delay"`
	Since        time.Time `json:"since"`
	Looks        int64     `json:"looks"`
	Statements   int64     `json:"statements"`
	Seconds      float64   `json:"seconds"`
	LastLook     *liveLook `json:"last_look"`
}

type liveLook struct {
	At        time.Time `json:"at"`
	Seconds   float64   `json:"seconds"`
	Results   int       `json:"results"`
	HasFailed bool      `json:"failed"`
}

type liveCohort struct {
	// Current and New count the subscribers that have had a result, and those still to get their first one.
	Current  int    `json:"current_ops"`
	New      int    `json:"new_ops"`
	LastHash string `json:"previous_result_hash"`
}

// liveSubscriptions is what GET /dev/subscriptions answers; extended shows who shares the results as well.
func (e *Engine) liveSubscriptions(extended bool) any {
	live, streams := []liveGroup{}, []liveGroup{}
	for _, g := range e.subscriptions.Describe() {
		group := liveGroupOf(&g)
		if extended {
			group.Cohorts = cohorts(g.Cohorts)
		}
		for _, p := range g.Live.Polls {
			group.Source, group.SQL = p.Source, p.SQL
			if g.Live.Stream != nil {
				streams = append(streams, group)
			} else {
				live = append(live, group)
			}
		}
	}
	return map[string]any{
		"options": shown(e.config.LiveQueries), "live_queries_map": live,
		"stream_queries_options": shown(e.config.Streams), "stream_queries_map": streams,
	}
}

// liveGroupOf is a group apart from its statements: it has one for each source that the operation reads.
func liveGroupOf(g *subscription.Group) liveGroup {
	out := liveGroup{
		Role: g.Role, OperationName: g.Operation, OperationHash: g.Hash, IsFollowed: g.Polls == "", PollsBecause: g.Polls,
		Results: len(g.Cohorts), Batches: (len(g.Cohorts) + g.Polling.Batch - 1) / g.Polling.Batch, RefetchDelay: g.Polling.Interval.Seconds(),
		Since: g.Since.UTC(), Looks: g.Cost.Looks, Statements: g.Cost.Statements, Seconds: g.Cost.Time.Seconds(),
	}
	for _, c := range g.Cohorts {
		out.Subscribers += c.Told + c.Fresh
	}
	if last := g.Cost.Last; !last.IsZero() {
		out.LastLook = &liveLook{At: last.UTC(), Seconds: g.Cost.LastTime.Seconds(), Results: g.Cost.LastCohorts, HasFailed: g.Cost.IsFailing}
	}
	return out
}

func cohorts(all []subscription.Cohort) *[]liveCohort {
	out := make([]liveCohort, 0, len(all))
	for _, c := range all {
		out = append(out, liveCohort{Current: c.Told, New: c.Fresh, LastHash: strconv.FormatUint(c.LastHash, 16)})
	}
	return &out
}
