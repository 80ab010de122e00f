package transport

import "net/http"

func (h *Handler) openAPI(w http.ResponseWriter, r *http.Request) {
	if _, ok := h.admin(w, r); !ok {
		return
	}
	NotFound(w, r)
}
