// Package migrations holds the numbered SQL files of schema "identity". Numbers 00001-00019 belong to the
// directory, 00020-00039 to the OpenID provider, 00040-00059 to the authority, 00060 and up to the console. Forward only; a released
// file is never edited.
package migrations

import "embed"

// Files has the migrations at its root, as postgres.Migrate wants them.
//
//go:embed *.sql
var Files embed.FS

// Schema is the Postgres schema the whole identity wing lives in.
const Schema = "identity"
