package engine

import (
	"fmt"
	"strings"
	"time"

	"gatehouse/engine/metadata"
)

// defaultReplicaLag is how far a replica may be behind where nothing is said.
const defaultReplicaLag = 30 * time.Second

func (c *Config) maxReplicaLag() time.Duration {
	if c.MaxReplicaLag > 0 {
		return c.MaxReplicaLag
	}
	return defaultReplicaLag
}

// connections are how a source's servers are reached.
type connections struct {
	primary  *connection
	replicas []replica
	// broken are the replicas that can never be reached as they are configured, and why.
	broken []brokenReplica
	// key is everything that decides what is opened.
	key string
}

// replica is one that may be read; number is its place among those configured, from 1.
type replica struct {
	number int
	*connection
}

type brokenReplica struct {
	number int
	why    error
}

// connections works out how a source's servers are reached. A replica that is configured wrongly costs the source nothing.
func (c *Config) connections(s *metadata.Source) (*connections, error) {
	primary, err := c.connection(&s.Configuration.ConnectionInfo)
	if err != nil {
		return nil, err
	}
	primary.pool.ConnConfig.BuildContextWatcherHandler, primary.pool.PrepareConn = cancelling, isSettled
	out := &connections{primary: primary}
	var key strings.Builder
	key.WriteString(primary.key)
	for i, info := range c.replicasOf(s) {
		r, err := c.connection(&info)
		if err != nil {
			out.broken = append(out.broken, brokenReplica{i + 1, err})
			fmt.Fprintf(&key, "\n%d: %s", i, err)
			continue
		}
		out.replicas = append(out.replicas, replica{i + 1, r})
		fmt.Fprintf(&key, "\n%d: %s", i, r.key)
	}
	if len(out.replicas) > 0 { // which are told apart by the source's name
		fmt.Fprintf(&key, "\n%q", s.Name)
	}
	out.key = key.String()
	return out, nil
}

// replicasOf are a source's replicas: the metadata's, else for the default source the operator's.
func (c *Config) replicasOf(s *metadata.Source) []metadata.ConnectionInfo {
	if len(s.Configuration.ReadReplicas) > 0 {
		return s.Configuration.ReadReplicas
	}
	info := &s.Configuration.ConnectionInfo
	if url, err := c.connectionURL(info); err != nil || c.DefaultSourceURL == "" || url != c.DefaultSourceURL {
		return nil
	}
	var out []metadata.ConnectionInfo
	for _, url := range c.ReplicaURLs {
		pool := metadata.PoolSettings{}
		if info.PoolSettings != nil {
			pool = *info.PoolSettings
		}
		size := defaultMaxConnections
		if c.ReplicaConnections > 0 {
			size = c.ReplicaConnections
		}
		pool.MaxConnections = &size
		out = append(out, metadata.ConnectionInfo{URL: url, PoolSettings: &pool, UsePreparedStatements: info.UsePreparedStatements})
	}
	return out
}

// name is shown to administrators.
func (r replica) name() string {
	return fmt.Sprintf("%d (%s:%d)", r.number, r.pool.ConnConfig.Host, r.pool.ConnConfig.Port)
}

// inconsistencies lists the replicas of a source that can never be read as they are configured.
func (s *source) inconsistencies(name string) []metadata.Inconsistency {
	var out []metadata.Inconsistency
	for _, r := range s.broken {
		out = append(out, metadata.Inconsistency{
			Definition: name, Name: fmt.Sprintf("read_replica %d in source %s", r.number, name), Type: "read_replica",
			Reason: "Inconsistent object: " + r.why.Error(), Message: messageOf(r.why), Unsupported: true,
		})
	}
	return out
}
