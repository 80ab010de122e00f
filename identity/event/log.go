// Package event owns what happened: the audit log. An entry about a change is written in the transaction of the
// change, so that neither exists without the other. Payload keys are Logto's where Logto has one.
package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/secret"
)

// Results of an entry.
const (
	Success = "Success"
	Error   = "Error"
)

// Entry is one line of the audit log.
type Entry struct {
	Key           string // what happened, e.g. ExchangeTokenBy.RefreshToken or Management.User.Created
	Result        string // Success if empty
	UserID        string // the user it happened to or who did it
	ApplicationID string
	SessionID     string
	IP, UserAgent string
	Error         any            // for Result Error: what the client was told
	Data          map[string]any // further keys of the payload
}

// Executor is a pool or a transaction.
type Executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Write stores an entry, in the caller's transaction when db is one.
func Write(ctx context.Context, db Executor, e Entry) error { return WriteAll(ctx, db, []Entry{e}) }

// Keep is Write outside of a transaction, for what has happened already: what of an entry Postgres does not take as JSON (half
// a character, a number past its bounds: both stand in documents that other databases and we take) is kept as text.
func Keep(ctx context.Context, db Executor, e Entry) error {
	err := Write(ctx, db, e)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || !strings.HasPrefix(refused.Code, "22") && !strings.HasPrefix(refused.Code, "54") {
		return err
	}
	plain := make(map[string]any, len(e.Data))
	for k, v := range e.Data {
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode audit entry %s: %w", e.Key, err)
		}
		plain[k] = v
		if _, err := db.Exec(ctx, `select $1::text::jsonb`, string(raw)); err != nil {
			plain[k] = string(raw)
		}
	}
	e.Data = plain
	return Write(ctx, db, e)
}

// WriteAll stores entries in one statement, in their order.
func WriteAll(ctx context.Context, db Executor, entries []Entry) error {
	var ids, keys, payloads []string
	for _, e := range entries {
		payload, err := e.payload()
		if err != nil {
			return err
		}
		ids, keys, payloads = append(ids, secret.ID()), append(keys, e.Key), append(payloads, payload)
	}
	_, err := db.Exec(ctx, `
insert into identity.logs (id, key, payload)
select e.id, e.key, e.payload::jsonb from unnest($1::text[], $2::text[], $3::text[]) with ordinality as e (id, key, payload, n) order by e.n`,
		ids, keys, payloads)
	if err != nil {
		return fmt.Errorf("write audit entries %v: %w", keys, err)
	}
	return nil
}

// payload is the entry as it is stored.
func (e Entry) payload() (string, error) {
	if e.Result == "" {
		e.Result = Success
	}
	payload := map[string]any{}
	for k, v := range e.Data {
		payload[k] = v
	}
	payload["key"], payload["result"] = e.Key, e.Result
	for k, v := range map[string]string{
		"userId": e.UserID, "applicationId": e.ApplicationID, "sessionId": e.SessionID, "ip": e.IP, "userAgent": e.UserAgent,
	} {
		if v != "" {
			// Header text may hold what jsonb cannot.
			payload[k] = strings.ToValidUTF8(strings.ReplaceAll(v, "\x00", ""), "\uFFFD")
		}
	}
	if e.Error != nil {
		payload["error"] = e.Error
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		return "", fmt.Errorf("encode audit entry %s: %w", e.Key, err)
	}
	// What Postgres cannot store must not keep the rest off the record.
	return strings.ReplaceAll(string(raw), `\u0000`, `\ufffd`), nil
}

// Log is a stored entry.
type Log struct {
	ID, Key   string
	Payload   json.RawMessage // object
	CreatedAt time.Time
}

// MarshalJSON writes an entry as Logto's Management API shows one.
func (l Log) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		TenantID  string          `json:"tenantId"`
		ID        string          `json:"id"`
		Key       string          `json:"key"`
		Payload   json.RawMessage `json:"payload"`
		CreatedAt int64           `json:"createdAt"`
	}{"default", l.ID, l.Key, l.Payload, l.CreatedAt.UnixMilli()})
}

// ErrNotFound says that there is no such entry.
var ErrNotFound = errors.New("no such log entry")

// Filter narrows Query. Zero values do not narrow.
type Filter struct {
	UserID, ApplicationID string
	Key                   string // exact, or with "%" a pattern of LIKE
	Result                string // Success or Error
	Text                  string // a part of the payload as text, in any case; see Searched
	From, To              time.Time
	Limit, Offset         int // Limit 0: no limit
}

// Searched is how many entries Text is looked for in: the newest of those that the other fields leave. No index holds a part of
// a text, and the log has no bound.
const Searched = 20_000

// Querier is a pool or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Query lists entries, the newest first, with their total.
func Query(ctx context.Context, db Querier, f Filter) ([]Log, int, error) {
	conditions := []string{"true"}
	var args []any
	and := func(condition string, v any) {
		args = append(args, v)
		conditions = append(conditions, fmt.Sprintf(condition, len(args)))
	}
	if f.UserID != "" {
		and("payload ->> 'userId' = $%d", f.UserID)
	}
	if f.ApplicationID != "" {
		and("payload ->> 'applicationId' = $%d", f.ApplicationID)
	}
	if f.Key != "" {
		and("key like $%d", f.Key)
	}
	if f.Result != "" {
		and("payload ->> 'result' = $%d", f.Result)
	}
	if !f.From.IsZero() {
		and("created_at >= $%d", f.From)
	}
	if !f.To.IsZero() {
		and("created_at <= $%d", f.To)
	}
	from := ` from identity.logs where ` + strings.Join(conditions, " and ")
	if f.Text != "" {
		args = append(args, "%"+likeEscaper.Replace(f.Text)+"%")
		from = fmt.Sprintf(` from (select id, key, payload, created_at%s order by created_at desc, id limit %d) newest where payload::text ilike $%d`,
			from, Searched, len(args))
	}
	window := ""
	if f.Limit > 0 {
		window = fmt.Sprintf(" limit %d offset %d", f.Limit, f.Offset)
	}
	rows, err := db.Query(ctx, `select id, key, payload, created_at`+from+` order by created_at desc, id`+window, args...)
	if err != nil {
		return nil, 0, fmt.Errorf("list log: %w", err)
	}
	logs, err := pgx.CollectRows(rows, scanLog)
	if err != nil {
		return nil, 0, fmt.Errorf("list log: %w", err)
	}
	var total int
	if err := db.QueryRow(ctx, `select count(*)`+from, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count log: %w", err)
	}
	if logs == nil {
		logs = []Log{}
	}
	return logs, total, nil
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func scanLog(row pgx.CollectableRow) (Log, error) {
	var l Log
	err := row.Scan(&l.ID, &l.Key, &l.Payload, &l.CreatedAt)
	return l, err
}

// Get returns one entry, or ErrNotFound.
func Get(ctx context.Context, db Querier, id string) (*Log, error) {
	rows, err := db.Query(ctx, `select id, key, payload, created_at from identity.logs where id = $1`, id)
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	l, err := pgx.CollectExactlyOneRow(rows, scanLog)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	return &l, nil
}
