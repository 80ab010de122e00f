package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gatehouse/engine/admin"
	"gatehouse/httpd"
	"gatehouse/identity/console"
	"gatehouse/identity/directory"
	"gatehouse/identity/event"
)

// maxStatement bounds what of a statement is kept on record, in bytes.
const maxStatement = 16 << 10

// Bounds of what clients choose the number and the length of.
const (
	maxKept  = 100
	maxShort = 500
)

// keep puts a list among an entry's data, the first of it, and how many were left out.
func keep[T any](data map[string]any, name string, list []T) {
	if len(list) == 0 {
		return
	}
	if more := len(list) - maxKept; more > 0 {
		data[name+"LeftOut"] = more
		list = list[:maxKept]
	}
	data[name] = list
}

// short is a text that a client chose, the beginning of it.
func short(text string) string {
	if len(text) <= maxShort {
		return text
	}
	return fmt.Sprintf("%s … (%d bytes)", strings.ToValidUTF8(text[:maxShort], ""), len(text))
}

// recordChange puts what an operator has done to metadata, by SQL or to rows into the audit log. It is done when it is on
// record: the entry follows the commit, as the two may be in different databases, and one that cannot be written is an
// error in the log.
func (sv *Server) recordChange(ctx context.Context, c admin.Change) {
	entry, err := entryOf(ctx, c)
	if err == nil && sv.identity != nil {
		err = keepEntry(ctx, sv.identityPool, entry)
	}
	log, data := httpd.Logger(ctx), entry.Data
	if err != nil {
		log.ErrorContext(ctx, "an operator's change is not in the audit log", "key", entry.Key, "commands", c.Commands, "operation", c.OperationName, "actor", data["actor"], "error", err)
		return
	}
	log.InfoContext(ctx, "changed by an operator", "key", entry.Key, "commands", c.Commands, "operation", c.OperationName, "actor", data["actor"])
}

// auditPatience bounds how long a change that is committed waits for its entry, and its caller for the answer.
const auditPatience = 5 * time.Second

// keepEntry is for contexts that nobody ends, as a client that goes away does not take the entry with it.
func keepEntry(ctx context.Context, db event.Executor, entry event.Entry) error {
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	return event.Keep(ctx, db, entry)
}

// entryOf is a change as the audit log keeps it.
func entryOf(ctx context.Context, c admin.Change) (entry event.Entry, err error) {
	key, data := "Data.Metadata.Changed", map[string]any{}
	keep(data, "commands", c.Commands)
	if c.Before != c.After {
		var more int
		if data["changes"], more, err = c.Before.Edits(c.After); more > 0 {
			data["furtherChanges"] = more
		}
		data["resourceVersion"] = map[string]int{"before": c.VersionBefore, "after": c.VersionAfter}
	}
	if len(c.Written) > 0 {
		if c.Before == c.After {
			key = "Data.Rows.Changed"
		}
		keep(data, "written", c.Written)
		data["role"] = short(c.Session.Role)
		if id := c.Session.Variables["x-hasura-user-id"]; id != "" { // of whom the role was taken
			data["viewedAs"] = short(id)
		}
	}
	if c.OperationName != "" {
		data["operationName"] = short(c.OperationName)
	}
	if len(c.SQL) > 0 {
		key = "Data.SQL.Run"
		for i := range c.SQL {
			if n := len(c.SQL[i].SQL); n > maxStatement {
				c.SQL[i].SQL = fmt.Sprintf("%s … (%d bytes)", c.SQL[i].SQL[:maxStatement], n)
			}
		}
		keep(data, "statements", c.SQL)
	}
	entry = event.Entry{Key: key, IP: httpd.ClientIP(ctx), UserAgent: short(c.Session.ClientHeaders.Get("User-Agent")), Data: data}
	if c.Session.IsConsole() {
		entry.ApplicationID = directory.ConsoleClient
	}
	if c.Err != nil {
		entry.Result, entry.Error = event.Error, map[string]string{"message": c.Err.Error()}
	}
	who := console.Caller{By: console.BySecret, SecretName: c.Session.SecretName()}
	if id := c.Session.MemberID(); id != "" {
		who = console.Caller{By: console.ByMember, UserID: id}
		entry.UserID = id
	}
	data["actor"] = who.Actor()
	return entry, err
}
