package execute

import (
	"context"
	"maps"

	"gatehouse/engine/schema"
	"gatehouse/engine/translate"
)

// LiveExplanation is the poll of a subscription with one subscriber, Postgres' plan of it, and what it is sent with.
type LiveExplanation struct {
	SQL       *string       `json:"sql"`
	Plan      []string      `json:"plan"`
	Variables LiveVariables `json:"variables"`
}

// LiveVariables are a poll's values as texts, by where they come from: the session, the request's variables, the request
// itself, and the cursor of a stream (Hasura: CohortVariables).
type LiveVariables struct {
	Session   map[string]string  `json:"session"`
	Query     map[string]*string `json:"query"`
	Synthetic []*string          `json:"synthetic"`
	Cursor    map[string]*string `json:"cursor"`
}

// ExplainLive asks Postgres how it would run a subscription's poll; a root field without a poll has no statement.
func (e *Executor) ExplainLive(ctx context.Context, live *translate.Live, r Request) (x LiveExplanation, err error) {
	x.Variables = LiveVariables{Session: map[string]string{}, Query: map[string]*string{}, Synthetic: []*string{}, Cursor: map[string]*string{}}
	subscriber, err := r.Subscriber(live)
	if err != nil || len(live.Polls) == 0 {
		return x, err
	}
	poll, values := &live.Polls[0], subscriber.values[0]
	if live.Stream != nil && subscriber.IsOpening() {
		poll, values = live.Stream.Opening, subscriber.opening
	}
	args, err := pollArguments(poll, []*Subscriber{subscriber}, func(*Subscriber) []*string { return values })
	if err != nil {
		return x, err
	}
	for i, a := range poll.Each {
		x.Variables.add(a.Value, values[i], r)
	}
	for _, p := range poll.Params {
		if p.Shared == nil {
			continue
		}
		text, err := p.Shared.Text(&subscribing{run: &run{r: r}})
		if err != nil {
			return x, err
		}
		x.Variables.add(p.Shared.Value, text, r)
	}
	x.SQL = &poll.SQL
	x.Plan, err = e.explain(ctx, poll.Source, &translate.Statement{SQL: poll.SQL}, args)
	return x, err
}

func (v *LiveVariables) add(value schema.Value, text *string, r Request) {
	switch value := value.(type) {
	case schema.SessionVariable:
		v.Session[value.Name] = r.Session.Variables[value.Name]
	case schema.SessionJSON:
		maps.Copy(v.Session, r.Session.Variables)
	case *schema.Variable:
		v.Query[value.Name] = text
	case schema.Produced:
		v.Cursor[value.Column] = text
	default:
		v.Synthetic = append(v.Synthetic, text)
	}
}
