package admin

import (
	"context"
	"net/http"
	"time"

	"gatehouse/engine/session"
)

// turnWrite bounds how long a client may take to hear that it still has the turn.
const turnWrite = 10 * time.Second

// turn serves /v1alpha1/migrations/turn: an event stream that says "waiting" and then "taken", and that has the turn to
// apply a project until the client ends it. A command line that dies gives it back that way, too.
func (h *Handler) turn(ctx context.Context, _ *session.Session, _ []byte, w http.ResponseWriter) error {
	control := http.NewResponseController(w)
	said := ""
	err := h.Engine.HoldTurn(ctx, func(state string) error {
		text := ":\n\n" // a sign of life
		if state != said {
			text = "event: " + state + "\ndata:\n\n"
		}
		if said == "" {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Accel-Buffering", "no") // nginx, and those that took it over, would wait for more
		}
		said = state
		if err := control.SetWriteDeadline(time.Now().Add(turnWrite)); err != nil {
			return err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
		return control.Flush()
	})
	if said != "" {
		return nil // the end of the stream says it
	}
	return err
}
