package engine

import (
	"strconv"

	"gatehouse/engine/subscription"
)

// liveGroup is a group of subscribers as Hasura's /dev/subscriptions shows its pollers.
type liveGroup struct {
	Source  string        `json:"source"`
	Role    string        `json:"role"`
	SQL     string        `json:"multiplexed_query"`
	Cohorts *[]liveCohort `json:"cohorts"`
	// IsFollowed: it is asked for when what it reads has changed. PollsBecause says why it is asked for at every interval.
	IsFollowed   bool   `json:"followed"`
	PollsBecause string `json:"polls_because,omitempty"`
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
		for _, p := range g.Live.Polls {
			group := liveGroup{Source: p.Source, Role: g.Role, SQL: p.SQL, IsFollowed: g.Polls == "", PollsBecause: g.Polls}
			if extended {
				group.Cohorts = cohorts(g.Cohorts)
			}
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

func cohorts(all []subscription.Cohort) *[]liveCohort {
	out := make([]liveCohort, 0, len(all))
	for _, c := range all {
		out = append(out, liveCohort{Current: c.Told, New: c.Fresh, LastHash: strconv.FormatUint(c.LastHash, 16)})
	}
	return &out
}
