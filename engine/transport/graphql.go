package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/httpd"
	"gatehouse/telemetry"
)

// runner answers one request.
type runner func(ctx context.Context, s *session.Session, req Request) (Answer, error)

// graphQL serves one GraphQL path. isAlways200 is Hasura's convention since /v1/graphql: errors are in the body only.
// hasPersisted: requests may name their texts by hash.
func (h *Handler) graphQL(run runner, isAlways200, hasPersisted bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h.Socket != nil {
			if token := streamToken(r); token != "" {
				h.postOperation(w, r, token, hasPersisted)
				return
			}
			if wantsEvents(r.Header) {
				h.postEvents(w, r, hasPersisted)
				return
			}
		}
		in, parseErr := h.readGraphQL(w, r, hasPersisted)
		noted := h.note(r, in)
		s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host, Body: func() json.RawMessage { return forHook(in.requests, in.isBatch) }})
		if err == nil {
			err = parseErr // Hasura tells who is refused nothing about the body
		}
		if err == nil && in.isBatch && h.MayBatch != nil {
			err = h.MayBatch(s, len(in.requests))
		}
		if err != nil {
			h.refuse(w, r, s, err, isAlways200)
			return
		}
		var answer Answer
		switch {
		case in.isBatch:
			answer.Body, noted.Batch = h.batch(r, run, s, in.requests)
		case in.persisted != nil:
			answer, err = h.runPersisted(r.Context(), run, s, in.requests[0], in.persisted)
		default:
			answer, err = run(r.Context(), s, in.requests[0])
		}
		if err != nil {
			h.writeGraphQLError(w, r, s, err, isAlways200)
			return
		}
		writeAnswer(w, r, s, answer)
	}
}

// writeAnswer writes a response with what the session and the answer add to its headers.
func writeAnswer(w http.ResponseWriter, r *http.Request, s *session.Session, answer Answer) {
	for _, header := range s.ResponseHeaders {
		w.Header().Add(header[0], header[1])
	}
	setHeaders(w, answer.Header)
	if r.Method == http.MethodGet {
		keepPrivate(w)
	}
	body := answer.Body
	if answer.Zipped != nil && takesZipped(r, body) {
		httpd.OperationOf(r.Context()).PlainBytes = int64(len(body))
		body = answer.Zipped()
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Add("Vary", "Accept-Encoding")
	}
	httpd.WriteBytes(w, http.StatusOK, body)
}

// note says for the log what is asked for.
func (h *Handler) note(r *http.Request, in incoming) *telemetry.Operation {
	noted := httpd.OperationOf(r.Context())
	noted.Mode = "single"
	if in.isBatch {
		noted.Mode = "batched"
	}
	if h.LogsQueries {
		noted.Query = func() json.RawMessage { return forHook(in.requests, in.isBatch) }
	}
	return noted
}

// batch runs requests one after the other; each has its own result, errors included.
func (h *Handler) batch(r *http.Request, run runner, s *session.Session, requests []Request) ([]byte, []telemetry.BatchResult) {
	var out bytes.Buffer
	results := make([]telemetry.BatchResult, len(requests))
	out.WriteByte('[')
	for i, req := range requests {
		if i > 0 {
			out.WriteByte(',')
		}
		began := time.Now()
		answer, err := run(r.Context(), s, req)
		body := answer.Body // its headers speak of one request
		if err != nil {
			f := h.Errors.known(r, err)
			body, results[i].Failure = f.GraphQLBody(h.Errors.ShowsInternal(s)), f
		}
		out.Write(body)
		results[i].Bytes, results[i].Took = len(body), time.Since(began)
	}
	out.WriteByte(']')
	return out.Bytes(), results
}

// refuse is writeGraphQLError for a request that is not run.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, s *session.Session, err error, isAlways200 bool) {
	h.refused()
	h.writeGraphQLError(w, r, s, err, isAlways200)
}

func (h *Handler) refused() {
	if h.Refused != nil {
		h.Refused()
	}
}

func (h *Handler) writeGraphQLError(w http.ResponseWriter, r *http.Request, s *session.Session, err error, isAlways200 bool) {
	f := h.Errors.known(r, err)
	httpd.OperationOf(r.Context()).Failure = f
	status := f.Status
	if isAlways200 && (status != http.StatusUnauthorized || !h.PreserveUnauthorized) {
		status = http.StatusOK
	}
	httpd.WriteBytes(w, status, f.GraphQLBody(h.Errors.ShowsInternal(s)))
}

// get is a GET where there are no queries by GET: a WebSocket handshake, or an event stream.
func (h *Handler) get(w http.ResponseWriter, r *http.Request) {
	switch {
	case h.Socket == nil:
		NotFound(w, r)
	case isUpgrade(r):
		h.Socket.ServeHTTP(w, r)
	case wantsEvents(r.Header):
		h.getEvents(w, r)
	default:
		NotFound(w, r)
	}
}

func isUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// readBody reads a body within bounds; the error is the client's.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := h.MaxBody
	if limit == 0 {
		limit = DefaultMaxBody
	}
	body, err := httpd.ReadBody(w, r, limit)
	switch {
	case httpd.IsTooLarge(err):
		return nil, fault.New(fault.BadRequest, "", "request body is larger than %d bytes", limit).WithStatus(http.StatusRequestEntityTooLarge)
	case err != nil:
		return nil, fault.New(fault.BadRequest, "", "request body cannot be read").WithCause(err)
	}
	return body, nil
}

// incoming is what a client sent to a GraphQL path: one request, perhaps by its text's hash, or a batch of them.
type incoming struct {
	requests  []Request
	isBatch   bool
	persisted *persistedQuery
	body      []byte
}

// readGraphQL reads a request, or a batch of them.
func (h *Handler) readGraphQL(w http.ResponseWriter, r *http.Request, hasPersisted bool) (in incoming, err error) {
	body, err := h.readBody(w, r)
	if err != nil {
		return in, err
	}
	in.body = body
	if bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")) {
		in.isBatch = true
		in.requests, err = parseBatch(body)
	} else {
		req, ok := scanRequest(body)
		if !ok && hasPersisted {
			req, in.persisted, err = parsePersisted(body)
		}
		if !ok && in.persisted == nil && err == nil {
			req, err = parseRequest(fault.Root, body)
		}
		in.requests = []Request{req}
	}
	if err != nil {
		// Whether it is JSON at all is asked last, and of the few bodies only that are wrong; told first.
		if invalid := fault.Syntax(body); invalid != nil {
			err = invalid
		}
		return incoming{isBatch: in.isBatch}, err
	}
	return in, nil
}

func parseBatch(body []byte) ([]Request, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(body, &parts); err != nil {
		return nil, fault.New(fault.InvalidJSON, "", "Error in $: %s", err)
	}
	requests := make([]Request, 0, len(parts))
	for i, part := range parts {
		req, err := parseRequest(fault.Index(fault.Root, i), part)
		if err != nil {
			return nil, err
		}
		requests = append(requests, req)
	}
	return requests, nil
}

// parseRequest reads {query, operationName?, variables?}; other keys are ignored, as clients send extensions.
func parseRequest(path string, data json.RawMessage) (Request, error) {
	req, hasQuery, err := parseParts(path, data)
	if err == nil && !hasQuery {
		err = fault.New(fault.ParseFailed, path, `key "query" not found`)
	}
	return req, err
}

// parseParts is parseRequest without the demand for a query.
func parseParts(path string, data json.RawMessage) (req Request, hasQuery bool, err error) {
	var object map[string]json.RawMessage
	if err := fault.Decode(path, data, "Object", "Object", &object); err != nil {
		return req, false, err
	}
	query, hasQuery := object["query"]
	if hasQuery {
		if err := fault.Decode(fault.Key(path, "query"), query, "Text", "String", &req.Query); err != nil {
			return req, true, err
		}
	}
	if name, ok := object["operationName"]; ok && !fault.IsNull(name) {
		if err := fault.Decode(fault.Key(path, "operationName"), name, "Text", "String", &req.OperationName); err != nil {
			return req, hasQuery, err
		}
	}
	if variables, ok := object["variables"]; ok && !fault.IsNull(variables) {
		if err := fault.Decode(fault.Key(path, "variables"), variables, "HashMap", "Object", &req.Variables); err != nil {
			return req, hasQuery, err
		}
	}
	return req, hasQuery, nil
}

// forHook is the request or the batch as an auth hook is shown it; nil when the body could not be read.
func forHook(requests []Request, isBatch bool) json.RawMessage {
	if len(requests) == 0 || !isBatch && requests[0].Query == "" {
		return nil
	}
	type shown struct {
		OperationName string                     `json:"operationName,omitempty"`
		Query         string                     `json:"query"`
		Variables     map[string]json.RawMessage `json:"variables,omitempty"`
	}
	list := make([]shown, 0, len(requests))
	for _, r := range requests {
		list = append(list, shown{r.OperationName, r.Query, r.Variables})
	}
	var v any = list
	if !isBatch {
		v = list[0]
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("transport: a parsed request does not encode: %v", err))
	}
	return out
}
