package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/session"
)

// pgDump serves /v1alpha1/pg_dump: the output of a pg_dump of the server's major version or a newer one.
func (h *Handler) pgDump(ctx context.Context, s *session.Session, body []byte, w http.ResponseWriter) error {
	a, err := parseDump(body)
	if err != nil {
		return err
	}
	if err := checkDumpOptions(a.Options); err != nil {
		return err
	}
	v, err := h.Engine.View(ctx)
	if err != nil {
		return err
	}
	source := v.Metadata().Source(a.Source)
	if source == nil {
		return fault.New(fault.NotFound, "", "source %q not found", a.Source)
	}
	pool, err := v.Pool(a.Source)
	if err == nil {
		err = h.mayRunSQL(ctx, s, pool)
	}
	if err != nil {
		return err
	}
	program, err := dumpProgram(ctx, pool)
	if err != nil {
		return err
	}
	out, err := dump(ctx, program, pool, source.Configuration.ConnectionInfo.SSLConfiguration, a.Options)
	if err != nil {
		return err
	}
	if a.Clean {
		out = cleanDump(out)
	}
	w.Header().Set("Content-Type", "application/sql")
	_, _ = w.Write(out)
	return nil
}

// dumpRequest is {opts, clean_output?, source?}.
type dumpRequest struct {
	Options []string
	Clean   bool
	Source  string
}

func parseDump(body []byte) (a dumpRequest, err error) {
	if err := fault.Syntax(body); err != nil {
		return a, err
	}
	var o map[string]json.RawMessage
	if err := fault.Decode(fault.Root, body, "Object", "Object", &o); err != nil {
		return a, err
	}
	options, ok := o["opts"]
	if !ok {
		return a, fault.New(fault.ParseFailed, "", "key %q not found", "opts")
	}
	if err := fault.Decode("$.opts", options, "List", "Array", &a.Options); err != nil {
		return a, err
	}
	if clean, ok := o["clean_output"]; ok && !fault.IsNull(clean) {
		if err := fault.Decode("$.clean_output", clean, "Bool", "Boolean", &a.Clean); err != nil {
			return a, err
		}
	}
	a.Source = metadata.DefaultSource
	if source, ok := o["source"]; ok && !fault.IsNull(source) {
		err = fault.Decode("$.source", source, "Text", "String", &a.Source)
	}
	return a, err
}

// dumpOptions are the options of pg_dump that only choose what is dumped and how it looks. Others name files, hosts or
// databases, which are not the client's to choose.
var dumpOptions = []string{
	"--schema-only", "-s", "--data-only", "-a", "--no-owner", "-O", "--no-privileges", "--no-acl", "-x", "--clean", "-c", "--create", "-C",
	"--if-exists", "--inserts", "--column-inserts", "--attribute-inserts", "--no-comments", "--no-publications", "--no-security-labels",
	"--no-subscriptions", "--no-tablespaces", "--disable-triggers", "--disable-dollar-quoting", "--enable-row-security",
	"--quote-all-identifiers", "--verbose", "-v", "--blobs", "-b", "--no-blobs", "-B", "--on-conflict-do-nothing", "--strict-names",
	"--use-set-session-authorization", "--serializable-deferrable", "--load-via-partition-root", "--no-unlogged-table-data", "--no-synchronized-snapshots",
}

// dumpOptionsWithValue take a value, attached or as the next option.
var dumpOptionsWithValue = []string{
	"--schema", "-n", "--exclude-schema", "-N", "--table", "-t", "--exclude-table", "-T", "--exclude-table-data", "--extension", "-e",
	"--encoding", "-E", "--section", "--superuser", "-S", "--extra-float-digits", "--rows-per-insert", "--lock-wait-timeout",
}

func checkDumpOptions(options []string) error {
	for i := 0; i < len(options); i++ {
		name, _, hasValue := strings.Cut(options[i], "=")
		if !hasValue && len(name) > 2 && name[0] == '-' && name[1] != '-' {
			name, hasValue = name[:2], true // -npublic
		}
		switch {
		case slices.Contains(dumpOptions, options[i]):
		case slices.Contains(dumpOptionsWithValue, name) && hasValue:
		case slices.Contains(dumpOptionsWithValue, name) && i+1 < len(options):
			i++
		default:
			return fault.New(fault.BadRequest, fault.Index("$.opts", i), "option %q of pg_dump is not allowed here", options[i])
		}
	}
	return nil
}

// dumpProgram finds a pg_dump that can read the server: of its version or later.
func dumpProgram(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	var text string
	if err := pool.QueryRow(ctx, "show server_version_num").Scan(&text); err != nil {
		return "", fault.New(fault.PostgresError, "", "cannot ask for the server's version").WithCause(err)
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return "", fmt.Errorf("server_version_num %q: %w", text, err)
	}
	candidates := []string{"pg_dump"}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/pg_dump", "/usr/pgsql-*/bin/pg_dump", "/opt/homebrew/opt/postgresql@*/bin/pg_dump"} {
		found, _ := filepath.Glob(pattern)
		candidates = append(candidates, found...)
	}
	return chooseDump(ctx, number/10000, candidates)
}

// chooseDump is the first candidate that is of a server's major version or later.
func chooseDump(ctx context.Context, server int, candidates []string) (string, error) {
	var versions []string
	for _, c := range candidates {
		out, err := exec.CommandContext(ctx, c, "--version").Output() //nolint:gosec // fixed paths
		if err != nil {
			continue
		}
		if m := dumpVersion.FindSubmatch(out); m != nil {
			if major, err := strconv.Atoi(string(m[1])); err == nil && major >= server {
				return c, nil
			}
			if !slices.Contains(versions, string(m[1])) { // by several names
				versions = append(versions, string(m[1]))
			}
		}
	}
	have := "none was found"
	if len(versions) > 0 {
		have = "found only version " + strings.Join(versions, ", ")
	}
	return "", fault.New(fault.NotSupported, "", "pg_dump of version %d or later is needed on the server to dump this database; %s", server, have)
}

var dumpVersion = regexp.MustCompile(`\) (\d+)`)

// certificates are the settings that name files.
var certificates = []string{"sslrootcert", "sslcert", "sslkey"}

// setting is one of a connection string of keywords (PG docs: libpq-connect, 34.1.1.1); its value may be quoted.
var setting = regexp.MustCompile(`([^=\s]+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s\\]|\\.)*)`)

var escaped = regexp.MustCompile(`\\(.)`)

// certificateFiles are the certificates and keys that a connection string names, by their setting.
func certificateFiles(text string) map[string]string {
	files := map[string]string{}
	if strings.Contains(text, "://") {
		if u, err := url.Parse(text); err == nil {
			for _, name := range certificates {
				files[name] = u.Query().Get(name)
			}
		}
		return files
	}
	for _, m := range setting.FindAllStringSubmatch(text, -1) {
		if value := m[2]; slices.Contains(certificates, m[1]) {
			if strings.HasPrefix(value, "'") {
				value = value[1 : len(value)-1]
			}
			files[m[1]] = escaped.ReplaceAllString(value, "$1")
		}
	}
	return files
}

// encryption is how pg_dump is to encrypt, for its environment: as the source's own connections do, never less. text is the
// connection string, and ssl what counts instead, if it is there: it names no files but variables that hold certificates,
// which cannot be handed over. libpq then looks for its own ones and refuses where there are none.
func encryption(c *pgconn.Config, text string, ssl *metadata.SSLConfiguration) []string {
	mode := "disable"
	hasPlain, hasTLS := c.TLSConfig == nil, c.TLSConfig != nil
	for _, f := range c.Fallbacks {
		if f.Host != c.Host || f.Port != c.Port { // pg_dump knows the first host alone
			continue
		}
		hasPlain, hasTLS = hasPlain || f.TLSConfig == nil, hasTLS || f.TLSConfig != nil
	}
	switch t := c.TLSConfig; {
	case t == nil && hasTLS:
		mode = "allow"
	case t == nil:
	case hasPlain:
		mode = "prefer"
	case !t.InsecureSkipVerify:
		mode = "verify-full"
	case t.VerifyPeerCertificate != nil || t.VerifyConnection != nil:
		mode = "verify-ca"
	default:
		mode = "require"
	}
	env := []string{"PGSSLMODE=" + mode}
	if ssl != nil {
		return env
	}
	files := certificateFiles(text)
	for _, name := range certificates {
		if files[name] != "" {
			env = append(env, "PG"+strings.ToUpper(name)+"="+files[name])
		}
	}
	return env
}

// dump runs pg_dump as a pool connects; ssl is the source's ssl_configuration. The password goes through the environment,
// where other users of the machine do not see it.
func dump(ctx context.Context, program string, pool *pgxpool.Pool, ssl *metadata.SSLConfiguration, options []string) ([]byte, error) {
	c := pool.Config().ConnConfig
	args := append([]string{"--no-password", "--encoding=utf8"}, options...)
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // options are checked
	cmd.Env = append(os.Environ(), "PGHOST="+c.Host, "PGPORT="+strconv.Itoa(int(c.Port)), "PGUSER="+c.User, "PGPASSWORD="+c.Password,
		"PGDATABASE="+c.Database, "PGAPPNAME=gatehouse pg_dump")
	cmd.Env = append(cmd.Env, encryption(&c.Config, c.ConnString(), ssl)...)
	if role := c.RuntimeParams["role"]; role != "" {
		cmd.Args = append(cmd.Args, "--role="+role)
	}
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return nil, fault.New(fault.Unexpected, "", "error while executing pg_dump: %s", bytes.TrimSpace(failed.Stderr)).WithStatus(500)
	}
	return out, err
}

// preamble are the lines at a dump's head that clean_output takes out (Hasura: Server/API/PGDump), and those of newer
// pg_dumps. `SET check_function_bodies = false` stays: functions may name tables that come after them.
var preamble = map[string]bool{
	"SET statement_timeout = 0;": true, "SET lock_timeout = 0;": true, "SET idle_in_transaction_session_timeout = 0;": true,
	"SET transaction_timeout = 0;": true, "SET client_encoding = 'UTF8';": true, "SET standard_conforming_strings = on;": true,
	"SELECT pg_catalog.set_config('search_path', '', false);": true, "SET xmloption = content;": true,
	"SET client_min_messages = warning;": true, "SET row_security = off;": true, "SET default_tablespace = '';": true,
	"SET default_with_oids = false;": true, "SET default_table_access_method = heap;": true,
	"CREATE SCHEMA public;": true, "COMMENT ON SCHEMA public IS 'standard public schema';": true,
}

// noise are comments, what only psql understands, and the triggers that are made anew for event triggers.
var noise = regexp.MustCompile(`^(--|\\(un)?restrict |CREATE TRIGGER "?notify_hasura_.+"? AFTER \w+ ON .+ FOR EACH ROW EXECUTE (FUNCTION|PROCEDURE) "?hdb_catalog"?\."?notify_hasura_.+"?\(\);$)`)

// cleanDump keeps the statements. Unlike Hasura's, it leaves the lines inside a function's body alone.
func cleanDump(out []byte) []byte {
	var b strings.Builder
	quote := ""
	for line := range strings.Lines(string(out)) {
		bare := strings.TrimRight(line, "\r\n")
		if quote == "" && (strings.TrimSpace(bare) == "" || preamble[bare] || noise.MatchString(bare)) {
			continue
		}
		for _, tag := range dollarTag.FindAllString(line, -1) {
			switch quote {
			case "":
				quote = tag
			case tag:
				quote = ""
			}
		}
		b.WriteString(line)
	}
	return []byte(b.String())
}

var dollarTag = regexp.MustCompile(`\$[A-Za-z_]*\$`)
