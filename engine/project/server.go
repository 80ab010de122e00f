package project

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Server is the engine a project is applied to: this process' own at start-up, one across HTTP for the command line.
type Server interface {
	// Post sends a JSON body to one of the administrator's paths (/v1/metadata, /v2/query, /v1/query, /v1alpha1/pg_dump)
	// and gives the answer. A request that is refused is a *Refusal.
	Post(ctx context.Context, path string, body any) ([]byte, error)
}

// Refusal is an error answer of the administrator's API.
type Refusal struct {
	Status   int             `json:"-"`
	Path     string          `json:"path"`
	Code     string          `json:"code"`
	Message  string          `json:"error"`
	Internal json.RawMessage `json:"internal,omitempty"`
}

// ReadRefusal reads an answer whose status is not 200.
func ReadRefusal(status int, body []byte) *Refusal {
	r := &Refusal{Status: status}
	if json.Unmarshal(body, r) != nil || r.Message == "" {
		r.Message = strings.TrimSpace(string(body))
	}
	return r
}

func (r *Refusal) Error() string {
	message := r.Message
	if sql := r.SQL(); sql != nil {
		message = sql.text()
	}
	if r.Path != "" && r.Path != "$" && r.SQL() == nil {
		message += " (at " + r.Path + ")"
	}
	if r.Code == "" {
		return fmt.Sprintf("%s (status %d)", message, r.Status)
	}
	return fmt.Sprintf("%s [%s]", message, r.Code)
}

// SQLError is what Postgres said to a statement.
type SQLError struct {
	Message     string `json:"message"`
	State       string `json:"status_code"`
	Description string `json:"description"`
	Hint        string `json:"hint"`
}

func (e *SQLError) text() string {
	text := e.Message
	if e.Description != "" {
		text += "\n  detail: " + e.Description
	}
	if e.Hint != "" {
		text += "\n  hint: " + e.Hint
	}
	if e.State != "" {
		text += "\n  SQLSTATE " + e.State
	}
	return text
}

// SQL is nil when it was not Postgres that refused.
func (r *Refusal) SQL() *SQLError {
	var internal struct {
		Error *SQLError `json:"error"`
	}
	if json.Unmarshal(r.Internal, &internal) != nil || internal.Error == nil || internal.Error.Message == "" {
		return nil
	}
	return internal.Error
}

// command is a request of the administrator's API.
type command struct {
	Type    string `json:"type"`
	Version int    `json:"version,omitempty"`
	Args    any    `json:"args"`
}

// runSQL is run_sql as the Hasura command line sends it.
type runSQL struct {
	SQL    string `json:"sql"`
	Source string `json:"source,omitempty"`
	// Check is set for migrations: whatever they do to tracked objects, metadata follows separately.
	Check         *bool `json:"check_metadata_consistency,omitempty"`
	NoTransaction bool  `json:"no_transaction,omitempty"`
}

// ask sends a command to /v1/metadata and reads the answer.
func ask(ctx context.Context, s Server, kind string, version int, args, into any) error {
	answer, err := s.Post(ctx, "/v1/metadata", command{Type: kind, Version: version, Args: args})
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s: read the answer: %w", kind, err)
	}
	return nil
}

// rows runs a query on a source.
func rows(ctx context.Context, s Server, source, sql string) ([][]string, error) {
	answer, err := s.Post(ctx, "/v2/query", command{Type: "run_sql", Args: runSQL{SQL: sql, Source: source}})
	if err != nil {
		return nil, err
	}
	var result struct {
		Result [][]string `json:"result"`
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return nil, fmt.Errorf("read the answer of run_sql: %w", err)
	}
	if len(result.Result) == 0 {
		return nil, nil
	}
	return result.Result[1:], nil
}

// none is the arguments of a command without any.
type none struct{}
