package metadata

import (
	"encoding/json"
	"slices"

	"gatehouse/engine/fault"
)

// ReplaceArgs is the argument of replace_metadata.
type ReplaceArgs struct {
	Document json.RawMessage
	// IsVersion2: the document stands under "metadata", and the answer tells what is inconsistent.
	IsVersion2        bool
	AllowInconsistent bool
	RefuseWarnings    bool
}

var replaceArgs = object("ReplaceMetadataV2",
	flag("allow_inconsistent_metadata", func(a *ReplaceArgs) *bool { return &a.AllowInconsistent }),
	nested("allow_warnings", false, boolean, func(a *ReplaceArgs) bool { return !a.RefuseWarnings },
		func(_ *reader, a *ReplaceArgs, allow bool) { a.RefuseWarnings = !allow }),
	raw("metadata", true, func(a *ReplaceArgs) *json.RawMessage { return &a.Document }),
)

// ParseReplace reads the arguments of replace_metadata: those of version 2, which holds the document under "metadata", or
// the document itself.
func ParseReplace(args []byte, path string, isVersion2 bool) (ReplaceArgs, error) {
	if !isVersion2 {
		var o map[string]json.RawMessage
		if json.Unmarshal(args, &o) != nil || o["metadata"] == nil {
			return ReplaceArgs{Document: args}, nil
		}
	}
	a, err := decode(replaceArgs, args, path, true)
	a.IsVersion2 = true
	return a, err
}

// Warning is about something that a command leaves as it is, though it may not be what was meant.
type Warning struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Replaces makes m ready to replace another document: what is not part of an exported document stays, and what no
// document may hold is refused. Warnings are about names that Hasura advises against.
func (m *Metadata) Replaces(old *Metadata) ([]Warning, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	m.KeepSettings(old)
	if err := m.keepHiddenTriggers(old); err != nil {
		return nil, err
	}
	var warnings []Warning
	for _, s := range m.Sources {
		twice := duplicateTriggers(s)
		if len(twice) > 0 {
			return nil, fault.New(fault.NotSupported, "", "Event trigger with duplicate names not allowed: %s", joinQuoted(twice))
		}
		before := old.Source(s.Name)
		for _, t := range s.Tables {
			for _, o := range t.EventTriggers {
				if triggerNames.MatchString(o.Name) || before == nil || before.triggerTable(o.Name) != nil {
					continue
				}
				id := tableChild(eventTriggers.kind, s.Name, t.Name, o.Name)
				warnings = append(warnings, Warning{id.Type, id.Name, "illegal-event-trigger-name", `The event trigger with name "` + o.Name +
					`" may not work as expected, hasura suggests to use only alphanumeric, underscore and hyphens in an event trigger name`})
			}
		}
	}
	return warnings, nil
}

func duplicateTriggers(s *Source) []string {
	var all []*Opaque
	for _, t := range s.Tables {
		all = append(all, t.EventTriggers...)
	}
	return duplicates(all, (*Opaque).name)
}

// isHidden tells whether a cron trigger is no part of the exported document (include_in_metadata: false).
func (o *Opaque) isHidden() bool {
	var c struct {
		Included *bool `json:"include_in_metadata"`
	}
	return json.Unmarshal(o.JSON, &c) == nil && c.Included != nil && !*c.Included
}

// keepHiddenTriggers: only their own commands change the cron triggers that are not exported.
func (m *Metadata) keepHiddenTriggers(old *Metadata) error {
	for _, o := range old.CronTriggers {
		if !o.isHidden() {
			continue
		}
		if cronTriggers.index(m, o.Name) >= 0 {
			return fault.New(fault.AlreadyExists, "", "cron trigger with name %q already exists as a cron trigger with \"included_in_metadata\" as false", o.Name)
		}
		m.CronTriggers = append(slices.Clip(m.CronTriggers), o)
	}
	return nil
}

// Exported is the document as export_metadata shows it.
func (m *Metadata) Exported() *Metadata {
	if !slices.ContainsFunc(m.CronTriggers, (*Opaque).isHidden) {
		return m
	}
	c := *m
	c.CronTriggers = without(m.CronTriggers, (*Opaque).isHidden)
	return &c
}
