package admin

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
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
	query   operation.Request
	user    map[string]string
	isRelay bool
}

func parseExplain(body []byte) (*explainRequest, error) {
	if err := fault.Syntax(body); err != nil {
		return nil, err
	}
	var o, query map[string]json.RawMessage
	if err := fault.Decode(fault.Root, body, "Object", "Object", &o); err != nil {
		return nil, err
	}
	raw, ok := o["query"]
	if !ok {
		return nil, fault.New(fault.ParseFailed, "", "key %q not found", "query")
	}
	if err := fault.Decode("$.query", raw, "Object", "Object", &query); err != nil {
		return nil, err
	}
	if _, ok := query["query"]; !ok {
		return nil, fault.New(fault.ParseFailed, "$.query", "key %q not found", "query")
	}
	var r explainRequest
	var user map[string]json.RawMessage
	for _, part := range []struct {
		of           map[string]json.RawMessage
		path, key    string
		what, wanted string
		target       any
	}{
		{query, "$.query", "query", "Text", "String", &r.query.Query},
		{query, "$.query", "operationName", "Text", "String", &r.query.OperationName},
		{query, "$.query", "variables", "HashMap", "Object", &r.query.Variables},
		{o, fault.Root, "user", "HashMap", "Object", &user},
		{o, fault.Root, "is_relay", "Bool", "Boolean", &r.isRelay},
	} {
		data, ok := part.of[part.key]
		if !ok || part.key != "query" && fault.IsNull(data) {
			continue
		}
		if err := fault.Decode(fault.Key(part.path, part.key), data, part.what, part.wanted, part.target); err != nil {
			return nil, err
		}
	}
	r.user = make(map[string]string, len(user))
	for _, name := range slices.Sorted(maps.Keys(user)) {
		var value string
		if err := fault.Decode(fault.Key("$.user", name), user[name], "Text", "String", &value); err != nil {
			return nil, err
		}
		r.user[strings.ToLower(name)] = value
	}
	return &r, nil
}

// asCaller is the session the explained query would run in.
func (r *explainRequest) asCaller() *session.Session {
	s := &session.Session{Role: session.Admin, Variables: r.user}
	if role := s.Variables["x-hasura-role"]; role != "" {
		s.Role = role
	}
	s.Variables["x-hasura-role"] = s.Role
	return s
}

// onlyAdmin resolves the caller of an endpoint for administrators, which is part of scope, and reads the body.
func (h *Handler) onlyAdmin(answer func(ctx context.Context, s *session.Session, body []byte, w http.ResponseWriter) error, any ...session.Scope) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host})
		if err == nil && !s.IsAdmin() {
			err = fault.New(fault.AccessDenied, "", "You have to be an admin to access this endpoint")
		}
		if err == nil && !slices.ContainsFunc(any, s.May) {
			err = s.Require(any[0])
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
	r, err := parseExplain(body)
	if err != nil {
		return err
	}
	answer, err := h.Explainer.Explain(ctx, r.asCaller(), r.query, r.isRelay)
	if err != nil {
		return err
	}
	httpd.WriteBytes(w, http.StatusOK, answer)
	return nil
}
