package admin

import (
	"context"
	"encoding/json"

	"gatehouse/engine/fault"
	"gatehouse/engine/impact"
	"gatehouse/engine/metadata"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
)

// Question is a query to be asked in a rehearsal, and by whom.
type Question struct {
	Request operation.Request
	Session *session.Session
}

// Rehearsal is what commands would do.
type Rehearsal struct {
	Plan *impact.Plan `json:"plan"`
	// Before and After are what a question is answered now and would be answered then; nil without one.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// rehearse tells what commands that change metadata would change, and what a query of somebody is answered before and after
// them; it changes nothing. A command that would be refused is refused here.
func (e *execution) rehearse(ctx context.Context, _ View, r *request) ([]byte, error) {
	var args struct {
		SDL bool            `json:"sdl"`
		Ask json.RawMessage `json:"ask"`
	}
	if err := json.Unmarshal(r.args, &args); err != nil {
		return nil, fault.New(fault.ParseFailed, fault.Key(fault.Root, "sdl"), "parsing Bool failed, expected Bool")
	}
	var ask *Question
	if args.Ask != nil {
		if err := e.session.Require(session.ScopeGraphQL); err != nil {
			return nil, err
		}
		asked, err := parseExplain(args.Ask)
		if err != nil {
			return nil, fault.Under(fault.Key(fault.Root, "ask"), err)
		}
		ask = &Question{Request: asked.query, Session: asked.asCaller()}
	}
	rehearsal, err := e.h.Engine.Rehearse(ctx, func(d Draft) error {
		before := d.Metadata()
		for _, item := range r.items {
			if _, err := e.one(ctx, d, item); err != nil {
				return err
			}
		}
		return e.mayBecome(ctx, d, before, r) // else the question could be one that only what is refused answers
	}, args.SDL, ask)
	if err != nil {
		return nil, err
	}
	return marshal(rehearsal)
}

// parseRehearsed reads the commands of a rehearsal: those that do nothing but change the document.
func (a api) parseRehearsed(r *request) error {
	var args struct {
		Commands []json.RawMessage `json:"commands"`
	}
	if err := json.Unmarshal(r.args, &args); err != nil || args.Commands == nil {
		return fault.New(fault.ParseFailed, r.parsePath, "key %q not found, an array of commands", "commands")
	}
	for i, command := range args.Commands {
		at := fault.Index("$.commands", i) // below the arguments: whoever runs or reads it puts it there
		item, err := a.parse(command, at, at, at)
		if err == nil && (!metadata.IsCommand(item.kind) || reachesOut(item.kind)) {
			err = fault.New(fault.NotSupported, at, "%s does more than change metadata, and cannot be rehearsed", item.full)
		}
		if err != nil {
			return fault.Under(r.parsePath, err)
		}
		r.items = append(r.items, item)
	}
	return nil
}

// reachesOut tells whether a metadata command connects to what it names.
func reachesOut(kind string) bool {
	switch kind {
	case "add_source", "update_source", "add_remote_schema", "update_remote_schema", "reload_remote_schema", "introspect_remote_schema":
		return true
	}
	return false
}

const rehearse = "gatehouse_rehearse_metadata"

func init() { reads[rehearse] = (*execution).rehearse }
