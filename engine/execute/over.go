package execute

import (
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Database is a source's open database.
type Database struct {
	Pool *pgxpool.Pool
	// Isolation is "", "read-committed", "repeatable-read" or "serializable": the mutations' isolation level.
	Isolation string
}

// Over makes an executor over databases that somebody else opened and will close. It lets a state of the engine keep
// its own set of sources: a request runs on the databases its snapshot knew, whatever is added or renamed meanwhile.
func Over(log *slog.Logger, databases map[string]Database) *Executor {
	e := New(log)
	for name, d := range databases {
		e.sources[name] = newSource(Source{Name: name, Isolation: d.Isolation}, d.Pool)
	}
	return e
}
