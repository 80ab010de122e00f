package transport

import (
	"net/http"

	"gatehouse/engine/rest"
	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// openAPI serves /api/swagger/json: the REST endpoints as administrators see them.
func (h *Handler) openAPI(w http.ResponseWriter, r *http.Request) {
	s, ok := h.admin(w, r, session.ScopeGraphQL)
	if !ok {
		return
	}
	introspection, err := h.Query(r.Context(), s, Request{Query: rest.IntrospectionQuery})
	if err != nil {
		h.Errors.Write(w, r, s, err)
		return
	}
	document, err := rest.OpenAPI(h.REST(), introspection.Body)
	if err != nil {
		h.Errors.Write(w, r, s, err)
		return
	}
	httpd.WriteJSON(w, http.StatusOK, document)
}
