package engine

import (
	"context"
	"fmt"
	"net/url"
)

// clearChannel carries what to clear to every process on the metadata database: the query string of the request.
const clearChannel = "gatehouse_clear_responses"

// clearResponses drops cached responses here, and tells the other processes to.
func (e *Engine) clearResponses(ctx context.Context, key, family string) error {
	payload := url.Values{}
	if key != "" {
		payload.Set("key", key)
	}
	if family != "" {
		payload.Set("family", family)
	}
	e.clearHere(payload.Encode())
	if _, err := e.storage.pool.Exec(ctx, `select pg_notify($1, $2)`, clearChannel, payload.Encode()); err != nil {
		return fmt.Errorf("tell the other processes: %w", err)
	}
	return nil
}

// clearHere does what a payload says; one that is not understood clears all.
func (e *Engine) clearHere(payload string) {
	what, err := url.ParseQuery(payload)
	if err != nil {
		what = url.Values{}
	}
	if s := e.Snapshot(); s != nil && s.Line != nil && s.Line.responses != nil {
		s.Line.responses.clear(what.Get("key"), what.Get("family"))
	}
}
