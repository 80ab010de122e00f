package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Turn is the right to apply a project: to run migrations and to note that they were run, which are many requests of one
// client. One client or process at a time has it for a metadata database. It is a courtesy among those who ask for it: the
// Hasura command line does not.
//
// It is held by a transaction and not by a session, so that it works through a pooler of transactions. The transaction
// has no snapshot, so that it keeps vacuum from nothing and create index concurrently from ending: its statements are sent
// the simple way, as a portal of the other one would stay open and keep its snapshot.
type Turn struct{ conn *pgx.Conn }

const (
	// turnPoll is how often somebody who waits asks.
	turnPoll = 500 * time.Millisecond
	// turnBeat is how often whoever has the turn hears that it still has it: in less than proxies take for idle.
	turnBeat = 5 * time.Second
)

// TakeTurn waits for the turn. While it does it calls waiting, whose error ends that.
func TakeTurn(ctx context.Context, metadataURL string, waiting func() error) (*Turn, error) {
	conn, err := pgx.Connect(ctx, metadataURL)
	if err != nil {
		return nil, fmt.Errorf("connect to the metadata database: %w", err)
	}
	t := &Turn{conn}
	if err := t.take(ctx, waiting); err != nil {
		t.End(ctx)
		return nil, fmt.Errorf("wait for others who apply a project: %w", err)
	}
	return t, nil
}

func (t *Turn) take(ctx context.Context, waiting func() error) error {
	if err := t.conn.PgConn().Exec(ctx, `begin; set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0`).Close(); err != nil {
		return err
	}
	for {
		results, err := t.conn.PgConn().Exec(ctx, `select pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('gatehouse project'))`).ReadAll()
		if err != nil || string(results[0].Rows[0][0]) == "t" {
			return err
		}
		if err := waiting(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(turnPoll):
		}
	}
}

// End gives the turn to the next.
func (t *Turn) End(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = t.conn.Close(ctx) // which ends the transaction
}

// HoldTurn takes the turn and has it until ctx ends. It tells "waiting" while somebody else has it and then, every few
// seconds, "taken"; an error of tell ends it.
func (e *Engine) HoldTurn(ctx context.Context, tell func(state string) error) error {
	t, err := TakeTurn(ctx, e.config.MetadataURL, func() error { return tell("waiting") })
	if err != nil {
		return away(err)
	}
	defer t.End(ctx)
	for {
		if err := tell("taken"); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(turnBeat):
		}
		if err := t.conn.Ping(ctx); err != nil {
			return away(err)
		}
	}
}
