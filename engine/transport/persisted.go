package transport

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/maypok86/otter/v2"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
)

// Persisted keeps the texts of automatic persisted queries (Apollo's protocol; Hasura: ENABLE_PERSISTED_QUERIES): a
// client sends the SHA-256 of a text instead of it, and both when told that the text is not known here.
//
// A text is found by its own hash only, so nobody can put another one in its place, and it runs as the caller's own: with
// the caller's permissions and under the allow list.
type Persisted struct {
	texts *otter.Cache[textHash, string]
}

type textHash [sha256.Size]byte

// Bounds of what is kept, in bytes; past the first the texts used least are forgotten. A longer text runs, but is not kept.
const (
	maxPersisted     = 16 << 20
	maxPersistedText = 256 << 10
)

// NewPersisted forgets a text that was not used for ttl.
func NewPersisted(ttl time.Duration) *Persisted {
	return &Persisted{texts: otter.Must(&otter.Options[textHash, string]{
		MaximumWeight:    maxPersisted,
		Weigher:          func(_ textHash, text string) uint32 { return uint32(len(text)) + sha256.Size },
		ExpiryCalculator: otter.ExpiryAccessing[textHash, string](ttl),
	})}
}

// persistedQuery is what a request's `extensions` say of its text.
type persistedQuery struct {
	Version int    `json:"version"`
	Hash    string `json:"sha256Hash"`
}

var persistedKey = []byte(`"persistedQuery"`)

// parsePersisted reads a request that names its text by hash; nil when it is an ordinary one.
func parsePersisted(body []byte) (req Request, q *persistedQuery, err error) {
	var object struct {
		Extensions json.RawMessage `json:"extensions"`
	}
	if !bytes.Contains(body, persistedKey) || json.Unmarshal(body, &object) != nil {
		return req, nil, nil
	}
	if q, err = parseExtensions(fault.Key(fault.Root, "extensions"), object.Extensions); q == nil || err != nil {
		return req, nil, err
	}
	req, _, err = parseParts(fault.Root, body)
	return req, q, err
}

func parseExtensions(path string, data json.RawMessage) (*persistedQuery, error) {
	var extensions struct {
		Persisted json.RawMessage `json:"persistedQuery"`
	}
	if json.Unmarshal(data, &extensions) != nil || len(extensions.Persisted) == 0 || fault.IsNull(extensions.Persisted) {
		return nil, nil
	}
	var q persistedQuery
	if err := json.Unmarshal(extensions.Persisted, &q); err != nil {
		return nil, fault.New(fault.ParseFailed, fault.Key(path, "persistedQuery"), "parsing PersistedQueryRequest failed: %s", err)
	}
	return &q, nil
}

// persistedText is the text that a request names by its hash, or brings with it.
func (h *Handler) persistedText(req Request, q *persistedQuery) (text string, hash textHash, err error) {
	if h.Persisted == nil {
		return "", hash, fault.New(fault.NotSupported, "", "PersistedQueryNotSupported")
	}
	if q.Version != 1 {
		return "", hash, fault.New(fault.BadRequest, "", "Unsupported persisted query version")
	}
	sum, err := hex.DecodeString(q.Hash)
	if err != nil || len(sum) != sha256.Size {
		return "", hash, fault.New(fault.BadRequest, "", "sha256Hash is not the SHA-256 of a text in hexadecimal")
	}
	hash = textHash(sum)
	if req.Query == "" {
		text, ok := h.Persisted.texts.GetIfPresent(hash)
		if !ok {
			return "", hash, fault.New(fault.NotFound, "", "PersistedQueryNotFound")
		}
		return text, hash, nil
	}
	if sha256.Sum256([]byte(req.Query)) != hash {
		return "", hash, fault.New(fault.BadRequest, "", "provided sha does not match query")
	}
	return req.Query, hash, nil
}

func (p *Persisted) keep(hash textHash, text string) {
	if len(text) <= maxPersistedText {
		p.texts.Set(hash, text)
	}
}

// runPersisted runs a request by its hash. The text is kept once it ran: what is refused is not worth the room.
func (h *Handler) runPersisted(ctx context.Context, run runner, s *session.Session, req Request, q *persistedQuery) (Answer, error) {
	text, hash, err := h.persistedText(req, q)
	if err != nil {
		h.refused()
		return Answer{}, err
	}
	isNew := req.Query != ""
	req.Query = text
	answer, err := run(ctx, s, req)
	if err == nil && isNew {
		h.Persisted.keep(hash, text)
	}
	return answer, err
}

// graphQLGet is GET /v1/graphql: a WebSocket handshake, an event stream, or a persisted query.
func (h *Handler) graphQLGet(w http.ResponseWriter, r *http.Request) {
	if isUpgrade(r) || h.Socket != nil && wantsEvents(r.Header) {
		h.get(w, r)
		return
	}
	s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host})
	var req Request
	var q *persistedQuery
	if err == nil {
		req, q, err = h.getRequest(r.URL.Query())
	}
	if err != nil {
		h.refuse(w, r, s, err, true)
		return
	}
	answer, err := h.runPersisted(r.Context(), h.onlyQueries, s, req, q)
	if err != nil {
		h.writeGraphQLError(w, r, s, err, true)
		return
	}
	writeAnswer(w, r, s, answer)
}

// getRequest is the request in a GET's parameters, which names its text by hash.
func (h *Handler) getRequest(parameters url.Values) (req Request, q *persistedQuery, err error) {
	if h.Persisted == nil {
		return req, nil, fault.New(fault.NotSupported, "", "PersistedQueryNotSupported")
	}
	if q, err = parseExtensions("$.extensions", json.RawMessage(parameters.Get("extensions"))); err != nil {
		return req, nil, err
	}
	if q == nil {
		return req, nil, fault.New(fault.BadRequest, "", "expected the parameter extensions with a persistedQuery: other queries are sent by POST")
	}
	req, err = parameterRequest(parameters)
	return req, q, err
}

// parameterRequest is the request that a GET's parameters spell (GraphQL over HTTP, "GET").
func parameterRequest(parameters url.Values) (Request, error) {
	req := Request{Query: parameters.Get("query"), OperationName: parameters.Get("operationName")}
	text := parameters.Get("variables")
	if text == "" {
		return req, nil
	}
	return req, fault.Decode("$.variables", json.RawMessage(text), "HashMap", "Object", &req.Variables)
}

// onlyQueries runs what a GET may ask for: a link must not change anything (RFC 9110 §9.2.1).
func (h *Handler) onlyQueries(ctx context.Context, s *session.Session, req Request) (Answer, error) {
	op, err := operation.Parse(req.Query, req.OperationName)
	if err == nil && op.Kind != operation.Query {
		err = fault.New(fault.BadRequest, "", "only queries can be sent by GET")
	}
	if err != nil {
		h.refused()
		return Answer{}, err
	}
	return h.Query(ctx, s, req)
}
