package engine

import (
	"context"
	"encoding/json"

	"gatehouse/engine/admin"
	"gatehouse/engine/fault"
	"gatehouse/engine/session"
)

// rows answers the row commands of /v1/query and /v2/query (admin.RowCommands): not served yet.
type rows struct{}

func (rows) Run(ctx context.Context, v admin.View, s *session.Session, kind string, args json.RawMessage, path string) (json.RawMessage, error) {
	return nil, fault.New(fault.NotSupported, path, "%s is not supported yet", kind)
}
