package server

import (
	"context"
	"fmt"

	"gatehouse/engine/admin"
	"gatehouse/httpd"
	"gatehouse/identity/console"
	"gatehouse/identity/directory"
	"gatehouse/identity/event"
)

// maxStatement bounds what of a statement is kept on record, in bytes.
const maxStatement = 16 << 10

// recordChange puts what somebody has done in the console to metadata or by SQL into the audit log. It is done when it is on
// record: the entry follows the commit, as the two may be in different databases, and one that cannot be written is an
// error in the log.
func (sv *Server) recordChange(ctx context.Context, c admin.Change) {
	key, data := "Data.Metadata.Changed", map[string]any{"commands": c.Commands}
	if len(c.SQL) > 0 {
		key = "Data.SQL.Run"
		for i := range c.SQL {
			if n := len(c.SQL[i].SQL); n > maxStatement {
				c.SQL[i].SQL = fmt.Sprintf("%s … (%d bytes)", c.SQL[i].SQL[:maxStatement], n)
			}
		}
		data["statements"] = c.SQL
	}
	var err error
	if c.Before != c.After {
		var more int
		if data["changes"], more, err = c.Before.Edits(c.After); more > 0 {
			data["furtherChanges"] = more
		}
		data["resourceVersion"] = map[string]int{"before": c.VersionBefore, "after": c.VersionAfter}
	}
	entry := event.Entry{Key: key, ApplicationID: directory.ConsoleClient, IP: httpd.ClientIP(ctx), UserAgent: c.Session.ClientHeaders.Get("User-Agent"), Data: data}
	if c.Err != nil {
		entry.Result, entry.Error = event.Error, map[string]string{"message": c.Err.Error()}
	}
	who := console.Caller{By: console.BySecret, SecretName: c.Session.SecretName()}
	if id := c.Session.MemberID(); id != "" {
		who = console.Caller{By: console.ByMember, UserID: id}
		entry.UserID = id
	}
	data["actor"] = who.Actor()
	if err == nil && sv.identity != nil {
		err = event.Write(ctx, sv.identityPool, entry)
	}
	log := httpd.Logger(ctx)
	if err != nil {
		log.ErrorContext(ctx, "a change made in the console is not in the audit log", "commands", c.Commands, "actor", who.Actor(), "error", err)
		return
	}
	log.InfoContext(ctx, "changed in the console", "commands", c.Commands, "actor", who.Actor())
}
