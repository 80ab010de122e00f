package transport

import (
	"net/http"
	"runtime"
	"time"

	"gatehouse/engine/session"
	"gatehouse/httpd"
)

// mountDeveloper serves the developer API (Hasura: /dev/*, "output subject to change"). /dev/rts_stats and
// /dev/dataconnector/schema are about what Gatehouse has not, and are not found.
func (h *Handler) mountDeveloper(mux httpd.Mux) {
	show := func(path string, what func() any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			if _, ok := h.admin(w, r, session.ScopeOperations); ok {
				httpd.WriteJSON(w, http.StatusOK, what())
			}
		})
	}
	show("/dev/plan_cache", func() any { return nil }) // Hasura's has been empty since 2.0
	show("/dev/ekg", processStats)
	if h.Subscriptions != nil {
		show("/dev/subscriptions", func() any { return h.Subscriptions(false) })
		show("/dev/subscriptions/extended", func() any { return h.Subscriptions(true) })
	}
}

// processStats has EKG's form: a tree of {"type": c(ounter) or g(auge), "val"}.
func processStats() any {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	type object = map[string]any
	counter := func(v any) object { return object{"type": "c", "val": v} }
	gauge := func(v any) object { return object{"type": "g", "val": v} }
	return object{
		"ekg": object{"server_timestamp_ms": counter(time.Now().UnixMilli())},
		"go": object{
			"goroutines": gauge(runtime.NumGoroutine()), "heap_bytes": gauge(m.HeapAlloc), "memory_bytes": gauge(m.Sys - m.HeapReleased),
			"allocated_bytes": counter(m.TotalAlloc), "collections": counter(m.NumGC), "collection_pause_ns": counter(m.PauseTotalNs),
		},
	}
}
