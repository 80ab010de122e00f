package transport

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"gatehouse/engine/fault"
	"gatehouse/httpd"
	"gatehouse/telemetry"
)

// socketLine is the detail of a websocket-log line (Hasura: Transport/WebSocket, WSLogInfo).
type socketLine struct {
	UserVars       telemetry.Variables `json:"user_vars"`
	ConnectionInfo struct {
		WebsocketID string     `json:"websocket_id"`
		TokenExpiry *time.Time `json:"token_expiry"`
		Msg         *string    `json:"msg"`
	} `json:"connection_info"`
	Event socketEventLine `json:"event"`
}

// socketEventLine says what happened; Detail is an error, or a socketOperationLine.
type socketEventLine struct {
	Type   string `json:"type"`
	Detail any    `json:"detail,omitempty"`
}

type socketOperationLine struct {
	OperationID   string          `json:"operation_id"`
	RequestID     string          `json:"request_id"`
	OperationName *string         `json:"operation_name"`
	OperationType socketEventLine `json:"operation_type"`
	Query         json.RawMessage `json:"query"`
}

// newSocketID is what a connection is called in the log; "" when nothing of it is written.
func (h *Sockets) newSocketID() string {
	if !h.Lines.Has(telemetry.WebSocketLog, slog.LevelError) {
		return ""
	}
	return uuid.NewString()
}

// logRejected writes that a handshake was refused.
func (h *Sockets) logRejected(ctx context.Context, f *fault.Error) {
	line := socketLine{Event: socketEventLine{"rejected", json.RawMessage(f.Body(false))}}
	line.ConnectionInfo.WebsocketID = h.newSocketID()
	h.Lines.Write(ctx, telemetry.WebSocketLog, slog.LevelError, line)
}

// log writes what happened to the connection.
func (c *socket) log(level slog.Level, event socketEventLine) {
	if c.id == "" || !c.h.Lines.Has(telemetry.WebSocketLog, level) {
		return
	}
	line := socketLine{Event: event}
	line.ConnectionInfo.WebsocketID = c.id
	c.mu.Lock()
	if s := c.session; s != nil {
		line.UserVars = s.Variables
		if !s.Expires.IsZero() {
			line.ConnectionInfo.TokenExpiry = &s.Expires
		}
	}
	c.mu.Unlock()
	c.h.Lines.Write(c.ctx, telemetry.WebSocketLog, level, line)
}

// logOperation writes what became of an operation: "started", "completed", "stopped", or why it failed.
func (c *socket) logOperation(op *socketOperation, what string, f *fault.Error) {
	level := slog.LevelInfo
	if f != nil {
		level = slog.LevelError
	}
	if c.id == "" || !c.h.Lines.Has(telemetry.WebSocketLog, level) {
		return
	}
	kind := socketEventLine{Type: what}
	if f != nil {
		kind.Detail = json.RawMessage(f.Body(false))
	}
	line := socketOperationLine{OperationID: op.id, RequestID: httpd.RequestID(c.ctx), OperationType: kind}
	if name := op.request.OperationName; name != "" {
		line.OperationName = &name
	}
	// As in Hasura, what was asked is told to those only who enabled the query log.
	if what == "started" && c.h.Lines.Has(telemetry.QueryLog, slog.LevelInfo) {
		line.Query = forHook([]Request{op.request}, false)
	}
	c.log(level, socketEventLine{"operation", line})
}
