package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"gatehouse/engine/session"
	"gatehouse/httpd"
	"gatehouse/identity/directory"
)

// The demo: a small schema with data, two roles that see different rows of it, an API resource and an application whose
// page (/demo) is on Logto's browser SDK as published.
const (
	demoResource    = "https://demo.gatehouse.localhost/api"
	demoApplication = "gatehouse-demo"
	demoReader      = "demo:reader"
	demoEditor      = "demo:editor"
	demoQuery       = "query Articles {\n  demo_article(order_by: {id: asc}) {\n    id\n    title\n    status\n    author { name }\n  }\n}"
)

var demoRoles = []string{demoReader, demoEditor}

const demoSQL = `
create schema if not exists demo;
create table if not exists demo.author (
    id   integer primary key,
    name text not null
);
create table if not exists demo.article (
    id        integer primary key,
    title     text not null,
    status    text not null check (status in ('published', 'draft')),
    author_id integer not null references demo.author
);
insert into demo.author (id, name) values (1, 'Ada Lovelace'), (2, 'Alan Turing'), (3, 'Grace Hopper') on conflict do nothing;
insert into demo.article (id, title, status, author_id) values
    (1, 'Notes on the Analytical Engine', 'published', 1),
    (2, 'On computable numbers', 'published', 2),
    (3, 'A compiler, and why nobody believes in it', 'draft', 3),
    (4, 'Can machines think?', 'draft', 2),
    (5, 'The education of a computer', 'published', 3)
on conflict do nothing;`

// demoMetadata tracks the schema. Readers see what is published; editors see everything.
func demoMetadata() []map[string]any {
	author, article := map[string]string{"schema": "demo", "name": "author"}, map[string]string{"schema": "demo", "name": "article"}
	read := func(table any, role string, filter map[string]any) map[string]any {
		return map[string]any{"type": "pg_create_select_permission", "args": map[string]any{
			"source": "default", "table": table, "role": role,
			"permission": map[string]any{"columns": "*", "filter": filter},
		}}
	}
	published := map[string]any{"status": map[string]any{"_eq": "published"}}
	return []map[string]any{
		{"type": "pg_track_table", "args": map[string]any{"source": "default", "table": author}},
		{"type": "pg_track_table", "args": map[string]any{"source": "default", "table": article}},
		{"type": "pg_create_object_relationship", "args": map[string]any{
			"source": "default", "table": article, "name": "author",
			"using": map[string]any{"foreign_key_constraint_on": "author_id"},
		}},
		read(author, demoReader, map[string]any{}),
		read(author, demoEditor, map[string]any{}),
		read(article, demoReader, published),
		read(article, demoEditor, map[string]any{}),
	}
}

// demo serves what the demo page asks of us beyond the public APIs.
type demo struct {
	directory *directory.Directory
	settle    func(context.Context)
	callers   *session.Resolver
	// base is http://localhost:PORT, endpoint the public URL of the identity half.
	base, endpoint string
}

// seed puts the demo's roles, resource and application in place. Whatever is there stays as it is.
func (d *demo) seed(ctx context.Context) error {
	return d.directory.InTx(ctx, func(tx *directory.Tx) error {
		for _, name := range demoRoles {
			if _, err := tx.RoleByName(ctx, name); err == nil {
				continue
			} else if !errors.Is(err, directory.ErrNotFound) {
				return err
			}
			// A new user can read, so that the first query shows something; editing is asked for on the page.
			_, err := tx.CreateRole(ctx, directory.Role{Name: name, Description: "A role of the demo.", Type: directory.RoleTypeUser, IsDefault: name == demoReader}, nil)
			if err != nil {
				return err
			}
		}
		if _, err := tx.ResourceByIndicator(ctx, demoResource); errors.Is(err, directory.ErrNotFound) {
			if _, err := tx.CreateResource(ctx, directory.Resource{ID: directory.DemoResourceID, Name: "Demo API", Indicator: demoResource, IsDataAPI: true, AccessTokenTTL: 3600}); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		if _, err := tx.Application(ctx, demoApplication); err == nil {
			return nil
		} else if !errors.Is(err, directory.ErrNotFound) {
			return err
		}
		_, err := tx.CreateApplication(ctx, directory.Application{
			ID: demoApplication, Name: "Gatehouse demo", Type: "SPA",
			OIDCClientMetadata: directory.OIDCClientMetadata{
				RedirectURIs:           []string{d.base + "/demo/callback"},
				PostLogoutRedirectURIs: []string{d.base + "/demo"},
			},
		})
		return err
	})
}

// load makes the schema and tracks it, through the same endpoints everybody uses.
func (d *demo) load(ctx context.Context, adminSecret string) error {
	exported, err := d.call(ctx, adminSecret, "/v1/metadata", map[string]any{"type": "export_metadata", "args": map[string]any{}})
	if err != nil {
		return err
	}
	if bytes.Contains(exported, []byte(`"schema":"demo"`)) {
		return nil
	}
	if _, err := d.call(ctx, adminSecret, "/v2/query", map[string]any{"type": "run_sql", "args": map[string]any{"source": "default", "sql": demoSQL}}); err != nil {
		return err
	}
	_, err = d.call(ctx, adminSecret, "/v1/metadata", map[string]any{"type": "bulk", "args": demoMetadata()})
	return err
}

func (d *demo) call(ctx context.Context, adminSecret, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.base+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if adminSecret != "" {
		req.Header.Set("X-Hasura-Admin-Secret", adminSecret)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("load demo: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("load demo: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("load demo: %s answered %d: %s", path, resp.StatusCode, answer)
	}
	return answer, nil
}

// config answers GET /demo/config.json.
func (d *demo) config(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	httpd.WriteJSON(w, http.StatusOK, map[string]any{
		"endpoint": d.endpoint, "appId": demoApplication, "resource": demoResource,
		"graphql": d.base + "/v1/graphql", "roles": demoRoles, "query": demoQuery,
	})
}

// changeRole answers POST /demo/api/roles: a signed-in visitor gives themselves a role of the demo, or takes it away.
func (d *demo) changeRole(w http.ResponseWriter, r *http.Request) {
	token, err := d.callers.Identify(r.Context(), r.Header, demoResource)
	if err != nil || token.IsMachine() {
		writeProblem(w, http.StatusUnauthorized, "auth.unauthorized", "Sign in to the demo first.")
		return
	}
	body, err := httpd.ReadBody(w, r, 4<<10)
	var in struct{ Role, Action string }
	if err != nil || json.Unmarshal(body, &in) != nil || !slices.Contains(demoRoles, in.Role) || in.Action != "add" && in.Action != "remove" {
		writeProblem(w, http.StatusBadRequest, "guard.invalid_input", `Send {"role": one of the demo's roles, "action": "add" or "remove"}.`)
		return
	}
	if err := d.apply(r.Context(), token.Subject, in.Role, in.Action == "add"); err != nil {
		httpd.Logger(r.Context()).ErrorContext(r.Context(), "demo role not changed", "error", err)
		writeProblem(w, http.StatusInternalServerError, "internal", "Internal server error. Request "+httpd.RequestID(r.Context()))
		return
	}
	d.settle(r.Context())
	w.WriteHeader(http.StatusNoContent)
}

func (d *demo) apply(ctx context.Context, userID, roleName string, add bool) error {
	return d.directory.InTx(ctx, func(tx *directory.Tx) error {
		role, err := tx.RoleByName(ctx, roleName)
		if err != nil {
			return err
		}
		if add {
			_, err = tx.GiveRoles(ctx, directory.Users, userID, []string{role.ID})
			return err
		}
		err = tx.TakeRole(ctx, directory.Users, userID, role.ID)
		if errors.Is(err, directory.ErrNotFound) {
			return nil
		}
		return err
	})
}

// writeProblem writes an error in the identity half's shape.
func writeProblem(w http.ResponseWriter, status int, code, message string) {
	httpd.WriteJSON(w, status, struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{code, message})
}
