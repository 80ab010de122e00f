package admin

import (
	"context"
	"encoding/json"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// Reached is what is found where a source is said to be, or why nothing is.
type Reached struct {
	// Problem is "" where the database answered; else env, file, url, host, refused, timeout, encryption, password, database, full
	// or other, and Message what the driver said of it.
	Problem string `json:"problem"`
	Message string `json:"message"`

	Version     string  `json:"version"`
	Database    string  `json:"database"`
	User        string  `json:"user"`
	IsEncrypted bool    `json:"encrypted"`
	IsReplica   bool    `json:"replica"`
	Tables      int     `json:"tables"`
	Took        float64 `json:"took_ms"`
}

func init() { reads["gatehouse_test_source"] = (*execution).testSource }

// testSource connects to where args.configuration says that a database is, and changes nothing.
func (e *execution) testSource(ctx context.Context, _ View, r *request) ([]byte, error) {
	var args struct {
		Configuration json.RawMessage `json:"configuration"`
	}
	if err := json.Unmarshal(r.args, &args); err != nil {
		return nil, misread(fault.Root, err)
	}
	if args.Configuration == nil {
		return nil, fault.New(fault.ParseFailed, fault.Root, "key %q not found", "configuration")
	}
	add, err := json.Marshal(map[string]any{"name": "tested", "configuration": args.Configuration})
	if err != nil {
		return nil, err
	}
	m, _, err := metadata.ParseCommand("add_source", add, fault.Root)
	if err != nil {
		return nil, err
	}
	doc, err := m.Apply(&metadata.Metadata{}, nil)
	if err != nil {
		return nil, err
	}
	return marshal(e.h.TestSource(ctx, &doc.Source("tested").Configuration.ConnectionInfo))
}
