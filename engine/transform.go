package engine

import (
	"encoding/json"

	"gatehouse/engine/metadata"
	"gatehouse/engine/webhook"
)

// withTransforms adds to inconsistencies of actions and triggers what is wrong with their transforms. Commands refuse
// such an object; a whole document, as in Hasura, may bring it.
func withTransforms(list []metadata.Inconsistency) []metadata.Inconsistency {
	for i := range list {
		doc, ok := list[i].Definition.(json.RawMessage)
		if !ok {
			continue
		}
		switch list[i].Type {
		case "action":
			var action struct {
				Definition json.RawMessage `json:"definition"`
			}
			if json.Unmarshal(doc, &action) != nil {
				continue
			}
			doc = action.Definition
		case "event_trigger", "cron_trigger":
		default:
			continue
		}
		if _, err := webhook.Parse(doc, "$"); err != nil {
			list[i].Reason += "; " + err.Error()
		}
	}
	return list
}
