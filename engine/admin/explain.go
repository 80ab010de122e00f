package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// Explainer shows how a query would run.
type Explainer interface {
	Explain(ctx context.Context, s *session.Session, req operation.Request, isRelay bool) (json.RawMessage, error)
}

// explainRequest is {query: a GraphQL request, user: session variables, is_relay}.
type explainRequest struct {
	Query *struct {
		Query         *string                    `json:"query"`
		OperationName string                     `json:"operationName"`
		Variables     map[string]json.RawMessage `json:"variables"`
	} `json:"query"`
	User    map[string]string `json:"user"`
	IsRelay bool              `json:"is_relay"`
}

// asCaller is the session the explained query would run in.
func (r *explainRequest) asCaller() *session.Session {
	s := &session.Session{Role: session.Admin, Variables: map[string]string{}}
	for name, value := range r.User {
		s.Variables[strings.ToLower(name)] = value
	}
	if role := s.Variables["x-hasura-role"]; role != "" {
		s.Role = role
	}
	s.Variables["x-hasura-role"] = s.Role
	return s
}

// onlyAdmin resolves the caller of an endpoint for administrators and reads the body.
func (h *Handler) onlyAdmin(answer func(ctx context.Context, s *session.Session, body []byte, w http.ResponseWriter) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host})
		if err == nil && !s.IsAdmin() {
			err = fault.New(fault.AccessDenied, "", "You have to be an admin to access this endpoint")
		}
		var body []byte
		if err == nil {
			if body, err = httpd.ReadBody(w, r, h.MaxBody); err != nil {
				err = bodyError(err)
			}
		}
		if err == nil {
			err = answer(r.Context(), s, body, w)
		}
		if err != nil {
			h.WriteError(w, r, s, err)
		}
	}
}

// Explain serves /v1/graphql/explain.
func (h *Handler) explain(ctx context.Context, _ *session.Session, body []byte, w http.ResponseWriter) error {
	if err := fault.Syntax(body); err != nil {
		return err
	}
	var r explainRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return fault.New(fault.ParseFailed, "", "parsing GQLExplain failed: %s", err)
	}
	switch {
	case r.Query == nil:
		return fault.New(fault.ParseFailed, "", "key %q not found", "query")
	case r.Query.Query == nil:
		return fault.New(fault.ParseFailed, "$.query", "key %q not found", "query")
	}
	answer, err := h.Explainer.Explain(ctx, r.asCaller(), operation.Request{
		Query: *r.Query.Query, OperationName: r.Query.OperationName, Variables: r.Query.Variables,
	}, r.IsRelay)
	if err != nil {
		return err
	}
	httpd.WriteBytes(w, http.StatusOK, answer)
	return nil
}
