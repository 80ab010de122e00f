package admin

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/fault"
)

func TestRecord_secretsInSQL(t *testing.T) {
	for _, sql := range []string{
		`alter role app PASSWORD 'hunter2'`,
		`alter role app encrypted password /* x */ E'hunter2\'hunter2'`,
		`alter role app password U&'hunter2'`,
		`alter role app password $$hunter2$$`,
		`alter role app password $a$hunter2$a$; select 1`,
		`alter role app password 'hunter2`,
		`create user mapping for app server far options (user 'app', "password" 'hunter2')`,
		`update account set password_hash = crypt('hunter2', gen_salt('bf'))`,
		`select set_config('app.secret', 'hunter2', false)`,
		`select dblink_connect('host=far password = hunter2')`,
		`create subscription s connection 'postgres://u:hunter2@far/db' publication p`,
		`do $$ begin execute 'alter role app password ''hunter2'''; end $$`,
	} {
		if got := withoutSecretLiterals(sql); strings.Contains(got, "hunter2") {
			t.Errorf("%s is told as %s", sql, got)
		}
	}
}

// What is no secret is told as it was written.
func TestRecord_otherSQL(t *testing.T) {
	for _, sql := range []string{
		"", " -- nothing\n", `select 'a', "b", $$c$$, $1, e'd', f('x') /* g */;  `,
		`create table a (password text, b text default 'x')`, `delete from a where password is null and b = 'y'`, `select 'open`,
	} {
		if got := withoutSecretLiterals(sql); got != sql {
			t.Errorf("%s is told as %s", sql, got)
		}
	}
	const sql, want = `alter role app  password 'x' valid until '2020-01-01' -- y`, `alter role app  password '(secret)' valid until '2020-01-01' -- y`
	if got := withoutSecretLiterals(sql); got != want {
		t.Errorf("got %s", got)
	}
}

func TestRecord_errorsWithoutValues(t *testing.T) {
	pgErr := &pgconn.PgError{Code: "22P02", Message: `invalid input: "hunter2"`, Detail: "Key (email)=(a@b) already exists"}
	of := fault.New(fault.DataException, "$.args", "%s", pgErr.Message).WithCause(pgErr)
	for _, c := range []struct {
		err      error
		isOfRows bool
		want     string
	}{
		{of, true, "data-exception (SQLSTATE 22P02)"},
		{commitError(pgErr, "select 1"), false, "postgres-error at $: query execution failed (SQLSTATE 22P02)"},
		{pgErr, false, "unexpected (SQLSTATE 22P02)"},
		{errors.New("hunter2"), false, "unexpected"},
	} {
		if got := withoutValues(c.err, c.isOfRows).Error(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
