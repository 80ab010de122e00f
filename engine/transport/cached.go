package transport

import (
	"net/http"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// maxKey is longer than any key.
const maxKey = 128

// setHeaders adds an answer's headers. Pages may read ours where they are; Hasura's are named with every answer (CORS).
func setHeaders(w http.ResponseWriter, headers [][2]string) {
	for _, h := range headers {
		w.Header().Set(h[0], h[1])
		if strings.HasPrefix(h[0], "X-Gatehouse-") && w.Header().Get("Access-Control-Allow-Origin") != "" {
			w.Header().Add("Access-Control-Expose-Headers", h[0])
		}
	}
}

// keepPrivate keeps the answer to a GET, which says how long it is fresh here, out of the caches on its way and of the
// browser: they do not know whom it is for (RFC 9111 §3.5, §4.1). A POST's is in none.
func keepPrivate(w http.ResponseWriter) {
	if age := w.Header().Get("Cache-Control"); age != "" {
		w.Header().Set("Cache-Control", "private, "+age)
		w.Header().Add("Vary", "*")
	}
}

// clearResponses serves POST /pro/cache/clear?key=…&family=… (Hasura: caching-config, the paid product's).
func (h *Handler) clearResponses(w http.ResponseWriter, r *http.Request) {
	s, ok := h.admin(w, r, session.ScopeOperations)
	if !ok {
		return
	}
	query := r.URL.Query()
	key, family := query.Get("key"), query.Get("family")
	for name := range query {
		if value := query.Get(name); name != "key" && name != "family" || value == "" || len(value) > maxKey {
			h.Errors.Write(w, r, s, fault.New(fault.BadRequest, "", "expected the parameter key or family with what the header said, or none; found %q", name))
			return
		}
	}
	if err := h.ClearResponses(r.Context(), key, family); err != nil {
		h.Errors.Write(w, r, s, err)
		return
	}
	httpd.WriteJSON(w, http.StatusOK, struct {
		Message string `json:"message"`
	}{"success"})
}
