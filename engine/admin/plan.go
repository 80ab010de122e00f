package admin

import (
	"context"
	"encoding/json"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// planMetadata tells what replace_metadata with the same arguments would change, and changes nothing. Metadata that could
// not be replaced at all is refused as replace_metadata refuses it; inconsistencies are part of the answer.
func (e *execution) planMetadata(ctx context.Context, v View, r *request) ([]byte, error) {
	var args struct {
		Metadata json.RawMessage `json:"metadata"`
		SDL      bool            `json:"sdl"`
	}
	switch err := json.Unmarshal(r.args, &args); {
	case args.Metadata == nil:
		return nil, fault.New(fault.ParseFailed, "", "key %q not found", "metadata")
	case err != nil:
		return nil, fault.New(fault.ParseFailed, fault.Key(fault.Root, "sdl"), "parsing Bool failed, expected Bool")
	}
	m, err := metadata.DecodeAny(args.Metadata, fault.Key(fault.Root, "metadata"), v.Metadata())
	if err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	m.KeepSettings(v.Metadata())
	plan, err := e.h.Engine.Plan(ctx, m, args.SDL)
	if err != nil {
		return nil, err
	}
	return marshal(plan)
}

func init() { reads["gatehouse_plan_metadata"] = (*execution).planMetadata }
