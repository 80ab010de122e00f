package management

import (
	"encoding/json"
	"slices"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/event"
)

// note adds to what the audit entry of the call's change says.
func (c *call) note(key string, value any) {
	if c.noted == nil {
		c.noted = map[string]any{}
	}
	c.noted[key] = value
}

// change runs fn and writes the audit entry in one transaction, with what was before and after: what is done is on record,
// and nothing else is.
func (c *call) change(what, kind string, id *string, fn func(tx *directory.Tx) error) error {
	return c.h.Directory.InTx(c.ctx(), func(tx *directory.Tx) error {
		before, err := tx.Snapshot(c.ctx(), kind, *id)
		if err != nil {
			return err
		}
		if err := c.withoutEscalation(tx, fn); err != nil {
			return err
		}
		after, err := tx.Snapshot(c.ctx(), kind, *id)
		if err != nil {
			return err
		}
		entry := event.Entry{
			Key: "Management." + what, IP: httpd.ClientIP(c.ctx()), UserAgent: c.r.UserAgent(),
			Data: map[string]any{
				"actor":  c.caller,
				"target": map[string]string{"type": kind, "id": *id},
				"method": c.r.Method, "path": c.r.URL.Path,
			},
		}
		for key, value := range c.noted {
			entry.Data[key] = value
		}
		if before != nil || after != nil {
			entry.Data["before"], entry.Data["after"] = difference(kind, *id, before, after)
		}
		switch kind {
		case directory.KindUser:
			entry.UserID = *id
		case directory.KindApplication:
			entry.ApplicationID = *id
		}
		return event.Write(c.ctx(), tx.Tx, entry)
	})
}

// difference is event.Difference without the secrets of a kind.
func difference(kind, id string, before, after map[string]json.RawMessage) (was, is map[string]any) {
	switch kind {
	case directory.KindUser:
		return event.Difference(before, after, "password")
	case directory.KindApplication:
		return event.Difference(before, after, "secrets")
	case directory.KindConfig:
		if id == directory.ConfigPrivateKeys || id == directory.ConfigCookieKeys {
			return event.Difference(before, after, "value")
		}
		// What is compared is inside.
		return event.Difference(inside(before), inside(after), "environmentVariables")
	}
	return event.Difference(before, after)
}

func inside(config map[string]json.RawMessage) (value map[string]json.RawMessage) {
	if json.Unmarshal(config["value"], &value) != nil {
		return config
	}
	return value
}

// withoutEscalation runs fn, and refuses what gives an application the Management API by a caller who may not see secrets:
// whatever the way, its secret would open what the caller's membership does not.
func (c *call) withoutEscalation(tx *directory.Tx, fn func(tx *directory.Tx) error) error {
	if c.may(directory.ConsoleSecrets) {
		return fn(tx)
	}
	before, err := tx.ManagementApplications(c.ctx())
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return err
	}
	after, err := tx.ManagementApplications(c.ctx())
	if err != nil {
		return err
	}
	for _, id := range after {
		if !slices.Contains(before, id) {
			return forbidden()
		}
	}
	return nil
}
