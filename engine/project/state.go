package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// Which migrations are applied is kept where the Hasura command line keeps it, so that the two can take turns: in the
// catalog's cli_state for projects of version 3, in the table hdb_catalog.schema_migrations of the database for older
// ones (Hasura: cli/internal/statestore). The first use of a project that was brought to version 3 copies the table's
// contents over, once.

// store holds the applied versions of a database. A version is dirty when it was begun and not seen to end.
type store interface {
	versions(ctx context.Context) (map[uint64]bool, error)
	set(ctx context.Context, version uint64, dirty bool) error
	remove(ctx context.Context, versions ...uint64) error
}

// errSwitchedOff is Hasura's setting migration_mode, which its console can turn off.
var errSwitchedOff = errors.New("migrations are switched off on this server: the setting migration_mode of its command-line state is not \"true\"")

func (p *Project) store(ctx context.Context, d Database) (store, error) {
	if p.Config.Version == 2 {
		t := tableStore{p.Server}
		return t, t.prepare(ctx)
	}
	c := catalogStore{p.Server, d.Name, d.Kind == "" || d.Kind == "postgres"}
	return c, c.prepare(ctx)
}

// cliState is the command line's state in the catalog. Keys that are not known here are kept.
type cliState struct {
	migrations map[string]map[string]bool
	settings   map[string]string
	isCopied   bool
	others     map[string]json.RawMessage
}

func (s *cliState) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &s.others); err != nil {
		return err
	}
	for key, into := range map[string]any{"migrations": &s.migrations, "settings": &s.settings, "isStateCopyCompleted": &s.isCopied} {
		if raw, ok := s.others[key]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			delete(s.others, key)
		}
	}
	return nil
}

func (s *cliState) MarshalJSON() ([]byte, error) {
	out := map[string]any{"settings": s.settings, "isStateCopyCompleted": s.isCopied}
	if len(s.migrations) > 0 {
		out["migrations"] = s.migrations
	}
	for key, raw := range s.others {
		out[key] = raw
	}
	return json.Marshal(out)
}

// catalogStore is the state of projects of version 3.
type catalogStore struct {
	server     Server
	database   string
	isPostgres bool
}

func (c catalogStore) read(ctx context.Context) (*cliState, error) {
	var answer struct {
		State *cliState `json:"cli_state"`
	}
	if err := ask(ctx, c.server, "get_catalog_state", 0, none{}, &answer); err != nil {
		return nil, err
	}
	s := answer.State
	if s == nil {
		s = &cliState{}
	}
	if s.settings == nil {
		s.settings = map[string]string{}
	}
	if s.migrations == nil {
		s.migrations = map[string]map[string]bool{}
	}
	return s, nil
}

func (c catalogStore) write(ctx context.Context, s *cliState) error {
	return ask(ctx, c.server, "set_catalog_state", 0, map[string]any{"type": "cli", "state": s}, nil)
}

// prepare writes the settings' defaults and takes over the state of an older project, as the Hasura command line does
// before it looks at migrations.
func (c catalogStore) prepare(ctx context.Context) error {
	s, err := c.read(ctx)
	if err != nil {
		return err
	}
	changed := false
	if s.settings["migration_mode"] == "" {
		s.settings["migration_mode"], changed = "true", true
	}
	if !s.isCopied {
		taken, err := c.takeOver(ctx, s)
		if err != nil {
			return fmt.Errorf("take over the migrations' state from %s.%s of database %s: %w", oldSchema, oldTable, c.database, err)
		}
		if taken {
			s.isCopied, changed = true, true
		}
	}
	if changed {
		if err := c.write(ctx, s); err != nil {
			return err
		}
	}
	if s.settings["migration_mode"] != "true" {
		return errSwitchedOff
	}
	return nil
}

// takeOver adds what an older project knows of the database. It is false where there is nobody to ask: a database of another
// kind has no such table, and the next one may. Whoever does not answer is asked again, before anything is run that may have
// been run before.
func (c catalogStore) takeOver(ctx context.Context, s *cliState) (bool, error) {
	if !c.isPostgres {
		return false, nil
	}
	old := tableStore{c.server}
	found, err := old.existsOn(ctx, c.database, oldTable)
	if err != nil || !found {
		return err == nil, err
	}
	versions, err := old.versionsOn(ctx, c.database)
	if err != nil {
		return false, err
	}
	for version, dirty := range versions {
		s.set(c.database, version, dirty)
	}
	settings, err := old.settingsOn(ctx, c.database)
	maps.Copy(s.settings, settings)
	return err == nil, err
}

func (s *cliState) set(database string, version uint64, dirty bool) {
	if s.migrations[database] == nil {
		s.migrations[database] = map[string]bool{}
	}
	s.migrations[database][strconv.FormatUint(version, 10)] = dirty
}

func (c catalogStore) versions(ctx context.Context) (map[uint64]bool, error) {
	s, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	versions := map[uint64]bool{}
	for text, dirty := range s.migrations[c.database] {
		version, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the server's state names a migration %q, which is not a version", text)
		}
		versions[version] = dirty
	}
	return versions, nil
}

func (c catalogStore) set(ctx context.Context, version uint64, dirty bool) error {
	s, err := c.read(ctx)
	if err != nil {
		return err
	}
	s.set(c.database, version, dirty)
	return c.write(ctx, s)
}

func (c catalogStore) remove(ctx context.Context, versions ...uint64) error {
	s, err := c.read(ctx)
	if err != nil {
		return err
	}
	before := len(s.migrations[c.database])
	maps.DeleteFunc(s.migrations[c.database], func(text string, _ bool) bool {
		for _, v := range versions {
			if text == strconv.FormatUint(v, 10) {
				return true
			}
		}
		return false
	})
	if len(s.migrations[c.database]) == before {
		return nil
	}
	return c.write(ctx, s)
}

const oldSchema, oldTable, oldSettings = "hdb_catalog", "schema_migrations", "migration_settings"

// tableStore is the state of projects of version 2, on the default source.
type tableStore struct{ server Server }

// prepare creates the tables where they are missing, as the Hasura command line does.
func (t tableStore) prepare(ctx context.Context) error {
	found, err := t.existsOn(ctx, "", oldTable)
	if err != nil {
		return err
	}
	if !found {
		if _, err := rows(ctx, t.server, "", `
create schema if not exists hdb_catalog;
create table if not exists hdb_catalog.schema_migrations (version bigint not null primary key, dirty boolean not null);
create table if not exists hdb_catalog.migration_settings (setting text not null primary key, value text not null);
insert into hdb_catalog.migration_settings (setting, value) values ('migration_mode', 'true') on conflict do nothing`); err != nil {
			return fmt.Errorf("create the migrations' state: %w", err)
		}
	}
	settings, err := t.settingsOn(ctx, "")
	if mode, given := settings["migration_mode"]; given && mode != "true" {
		return errSwitchedOff
	}
	return err
}

// existsOn takes the name of one of our own tables, which needs no quotes.
func (t tableStore) existsOn(ctx context.Context, source, table string) (bool, error) {
	found, err := rows(ctx, t.server, source,
		`select count(1) from information_schema.tables where table_name = '`+table+`' and table_schema = 'hdb_catalog' limit 1`)
	return err == nil && len(found) == 1 && found[0][0] != "0", err
}

// settingsOn are the settings of an older project. Projects of the first Hasura versions have none.
func (t tableStore) settingsOn(ctx context.Context, source string) (map[string]string, error) {
	found, err := t.existsOn(ctx, source, oldSettings)
	if err != nil || !found {
		return nil, err
	}
	list, err := rows(ctx, t.server, source, `select setting, value from hdb_catalog.migration_settings`)
	settings := map[string]string{}
	for _, row := range list {
		settings[row[0]] = row[1]
	}
	return settings, err
}

func (t tableStore) versions(ctx context.Context) (map[uint64]bool, error) {
	return t.versionsOn(ctx, "")
}

func (t tableStore) versionsOn(ctx context.Context, source string) (map[uint64]bool, error) {
	list, err := rows(ctx, t.server, source, `select version, dirty from hdb_catalog.schema_migrations`)
	if err != nil {
		return nil, err
	}
	versions := map[uint64]bool{}
	for _, row := range list {
		version, err := strconv.ParseUint(row[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s.%s holds %q, which is not a version", oldSchema, oldTable, row[0])
		}
		versions[version] = strings.HasPrefix(row[1], "t")
	}
	return versions, nil
}

func (t tableStore) set(ctx context.Context, version uint64, dirty bool) error {
	// A version is a number and dirty a boolean: what is put into the statement cannot be anything else.
	_, err := rows(ctx, t.server, "", fmt.Sprintf(
		`insert into hdb_catalog.schema_migrations (version, dirty) values (%d, %t) on conflict (version) do update set dirty = excluded.dirty`, version, dirty))
	return err
}

func (t tableStore) remove(ctx context.Context, versions ...uint64) error {
	for _, v := range versions {
		if _, err := rows(ctx, t.server, "", fmt.Sprintf(`delete from hdb_catalog.schema_migrations where version = %d`, v)); err != nil {
			return err
		}
	}
	return nil
}
