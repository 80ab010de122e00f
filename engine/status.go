package engine

import (
	"slices"
	"strings"

	"gatehouse/engine/execute"
)

// PoolStatus is the connections to one database.
type PoolStatus struct {
	Source string `json:"source"`
	// Role is primary or replica.
	Role string `json:"role"`
	Host string `json:"host"`
	// InUse of Open connections, of at most Max.
	InUse int32 `json:"inUse"`
	Open  int32 `json:"open"`
	Max   int32 `json:"max"`
}

// Status is what runs now, for people.
type Status struct {
	ResourceVersion int          `json:"resourceVersion"`
	Sockets         int          `json:"sockets"`
	Pools           []PoolStatus `json:"pools"`
	// Subscriptions are as on /dev/subscriptions.
	Subscriptions any `json:"subscriptions"`
}

// Status tells what runs now: pools, sockets and subscriptions with what they cost.
func (e *Engine) Status() Status {
	s := e.Snapshot()
	out := Status{ResourceVersion: s.ResourceVersion, Sockets: e.sockets.Count(), Pools: []PoolStatus{}, Subscriptions: e.liveSubscriptions(false)}
	for name, state := range s.sources {
		if state.open == nil || s.Doc.Source(name) == nil {
			continue
		}
		out.Pools = append(out.Pools, poolStatus(&state.open.database, name, "primary"))
		for i := range state.open.replicas {
			out.Pools = append(out.Pools, poolStatus(&state.open.replicas[i], name, "replica"))
		}
	}
	slices.SortFunc(out.Pools, func(a, b PoolStatus) int {
		return strings.Compare(a.Source+"\x00"+a.Role+"\x00"+a.Host, b.Source+"\x00"+b.Role+"\x00"+b.Host)
	})
	return out
}

func poolStatus(db *execute.Database, source, role string) PoolStatus {
	stat := db.Pool.Stat()
	return PoolStatus{Source: source, Role: role, Host: db.Pool.Config().ConnConfig.Host, InUse: stat.AcquiredConns(), Open: stat.TotalConns(), Max: stat.MaxConns()}
}
