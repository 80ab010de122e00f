package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// nodePrefix begins the name by which a process is connected to the metadata database.
const nodePrefix = "gatehouse metadata "

// NodeStatus is one process that serves this metadata database.
type NodeStatus struct {
	// Host and PID are those of its machine or container.
	Host string `json:"host"`
	PID  string `json:"pid"`
	// Since is when the oldest of its connections was made; pools renew theirs, so the process may be older.
	Since       time.Time `json:"since"`
	Connections int       `json:"connections"`
	// IsThis tells the process that answers.
	IsThis bool `json:"isThis"`
}

// nodeName is what a process calls itself: host, process id, and something that no other has, since containers share both.
// Postgres keeps 63 bytes of it.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unknown"
	}
	host = strings.Join(strings.Fields(host), "-")
	var own [3]byte
	_, _ = rand.Read(own[:]) // never fails (crypto/rand)
	return fmt.Sprintf("%s%.25s %d %s", nodePrefix, host, os.Getpid(), hex.EncodeToString(own[:]))
}

const selectNodes = `
	select application_name, min(backend_start) as since, count(*)::int as connections
	from pg_catalog.pg_stat_activity
	where datname = pg_catalog.current_database() and pg_catalog.starts_with(application_name, $1)
	group by application_name
	order by application_name`

// Nodes are the processes that are connected to the metadata database now, by the names their connections have there. A
// pooler in between that drops application_name hides them.
func (e *Engine) Nodes(ctx context.Context) ([]NodeStatus, error) {
	rows, err := e.storage.pool.Query(ctx, selectNodes, nodePrefix)
	if err != nil {
		return nil, away(err)
	}
	nodes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (NodeStatus, error) {
		var n NodeStatus
		var name string
		err := row.Scan(&name, &n.Since, &n.Connections)
		parts := strings.Fields(strings.TrimPrefix(name, nodePrefix))
		if len(parts) == 3 {
			n.Host, n.PID = parts[0], parts[1]
		}
		n.IsThis = name == e.node
		return n, err
	})
	return nodes, away(err)
}
