package identity

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/httpd"
	"gatehouse/identity/event"
	"gatehouse/identity/oidc"
	"gatehouse/identity/token"
)

// audit writes what the provider does to the audit log, in batches behind the requests: a token should not wait for a
// disk. Entries about changes of the directory are not written here but in the transaction of the change.
type audit struct {
	pool *pgxpool.Pool
	log  *slog.Logger
	// happened counts entries; nil does not.
	happened func(key, result string)
	entries  chan event.Entry
	done     chan struct{}
	closing  sync.Once
}

// Bounds of the audit queue: when it is full, entries are written at once by the request.
const (
	auditQueue = 4096
	auditBatch = 256
	auditDelay = 200 * time.Millisecond
)

func newAudit(pool *pgxpool.Pool, log *slog.Logger, happened func(key, result string)) *audit {
	a := &audit{pool: pool, log: log, happened: happened, entries: make(chan event.Entry, auditQueue), done: make(chan struct{})}
	go a.run()
	return a
}

func (a *audit) record(ctx context.Context, e oidc.Event) {
	entry := event.Entry{Key: e.Key, ApplicationID: e.ApplicationID, UserID: e.UserID, SessionID: e.SessionID, IP: httpd.ClientIP(ctx)}
	if e.Err != nil {
		entry.Result = event.Error
		entry.Error = map[string]string{"message": e.Err.Error()}
		var protocol *oidc.Error
		if !errors.As(e.Err, &protocol) {
			entry.Error = map[string]string{"message": "internal error"}
		}
	}
	a.add(ctx, entry)
}

func (a *audit) scriptFailed(ctx context.Context, f token.ScriptFailure) {
	a.add(ctx, event.Entry{
		Key: "JwtCustomizer." + f.TokenType, Result: event.Error, ApplicationID: f.ApplicationID, UserID: f.UserID,
		IP: httpd.ClientIP(ctx), Error: map[string]string{"message": f.Err.Error()},
	})
}

func (a *audit) add(ctx context.Context, entry event.Entry) {
	if a.happened != nil {
		a.happened(entry.Key, cmp.Or(entry.Result, event.Success))
	}
	select {
	case a.entries <- entry:
	default:
		a.write([]event.Entry{entry})
	}
}

func (a *audit) run() {
	defer close(a.done)
	for entry := range a.entries {
		batch := []event.Entry{entry}
		timer := time.NewTimer(auditDelay)
	collect:
		for len(batch) < auditBatch {
			select {
			case next, open := <-a.entries:
				if !open {
					break collect
				}
				batch = append(batch, next)
			case <-timer.C:
				break collect
			}
		}
		timer.Stop()
		a.write(batch)
	}
}

func (a *audit) write(batch []event.Entry) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := event.WriteAll(ctx, a.pool, batch)
	if err != nil {
		a.log.ErrorContext(ctx, "audit entries are lost", "entries", len(batch), "error", err)
	}
}

// close writes what is queued. Nothing may be recorded after it.
func (a *audit) close() {
	a.closing.Do(func() { close(a.entries) })
	<-a.done
}
