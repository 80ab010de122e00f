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
	replicas []*connection
	// broken are the replicas, counted from 0, that can never be reached as they are configured, and why.
	broken map[int]error
	// key is everything that decides what is opened.
	key string
}

// connections works out how a source's servers are reached. A replica that is configured wrongly costs the source nothing.
func (c *Config) connections(s *metadata.Source) (*connections, error) {
	primary, err := c.connection(&s.Configuration.ConnectionInfo)
	if err != nil {
		return nil, err
	}
	out := &connections{primary: primary, broken: map[int]error{}}
	var key strings.Builder
	key.WriteString(primary.key)
	for i, info := range c.replicasOf(s) {
		r, err := c.connection(&info)
		if err != nil {
			out.broken[i] = err
			fmt.Fprintf(&key, "\n%d: %s", i, err)
			continue
		}
		out.replicas = append(out.replicas, r)
		fmt.Fprintf(&key, "\n%d: %s", i, r.key)
	}
	if len(out.replicas) > 0 { // which are told apart by the source's name
		fmt.Fprintf(&key, "\n%q", s.Name)
	}
	out.key = key.String()
	return out, nil
}

// keyOf is the key a source would be opened under.
func (c *Config) keyOf(s *metadata.Source) (string, error) {
	conns, err := c.connections(s)
	if err != nil {
		return "", err
	}
	return conns.key, nil
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

// replicaName is shown to administrators.
func replicaName(i int, c *connection) string {
	conn := c.pool.ConnConfig
	return fmt.Sprintf("%d (%s:%d)", i+1, conn.Host, conn.Port)
}

// brokenReplicas lists the replicas of a source that can never be read as they are configured.
func (c *Config) brokenReplicas(s *metadata.Source) []metadata.Inconsistency {
	if len(c.replicasOf(s)) == 0 {
		return nil
	}
	conns, err := c.connections(s)
	if err != nil {
		return nil // the source itself is inconsistent
	}
	var out []metadata.Inconsistency
	for i := range c.replicasOf(s) {
		if err := conns.broken[i]; err != nil {
			out = append(out, metadata.Inconsistency{
				Definition: s.Name, Name: fmt.Sprintf("read_replica %d in source %s", i+1, s.Name), Type: "read_replica",
				Reason: "Inconsistent object: " + err.Error(), Message: messageOf(err), Unsupported: true,
			})
		}
	}
	return out
}
