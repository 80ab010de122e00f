package engine_test

import (
	"strings"
	"testing"
)

// library fills the shop and gives role user a narrow view of it.
func (s *server) library() {
	s.Helper()
	s.sql(`create table author (id serial primary key, name text not null unique, secret text, visits int default 0);
		create table article (id serial primary key, title text, author_id int references author (id), published boolean not null default false, note text default 'none');
		insert into author (name, secret) values ('Ann', 'a1'), ('Ben', 'b2');
		insert into article (title, author_id, published) values ('One', 1, true), ('Two', 1, false), ('Three', 2, true), ('Four', 2, false)`)
	for _, c := range [][2]string{
		{"pg_track_table", `{"table":"author"}`},
		{"pg_track_table", `{"table":"article"}`},
		{"pg_create_object_relationship", `{"table":"article","name":"author","using":{"foreign_key_constraint_on":"author_id"}}`},
		{"pg_create_array_relationship", `{"table":"author","name":"articles","using":{"foreign_key_constraint_on":{"table":"article","column":"author_id"}}}`},
		{"pg_create_select_permission", `{"table":"author","role":"user","permission":{"columns":["id","name"],"filter":{"id":{"_eq":"X-Hasura-User-Id"}}}}`},
		{"pg_create_select_permission", `{"table":"article","role":"user","permission":{"columns":["id","title","published","author_id"],"filter":{"_or":[{"published":true},{"author_id":"X-Hasura-User-Id"}]}}}`},
		{"pg_create_insert_permission", `{"table":"article","role":"user","permission":{"columns":["title"],"set":{"author_id":"X-Hasura-User-Id"},"check":{"title":{"_neq":"bad"}}}}`},
		{"pg_create_update_permission", `{"table":"article","role":"user","permission":{"columns":["title"],"filter":{"author_id":"X-Hasura-User-Id"},"check":null,"set":{"note":"edited"}}}`},
		{"pg_create_delete_permission", `{"table":"article","role":"user","permission":{"filter":{"author_id":"X-Hasura-User-Id"}}}`},
		{"pg_create_select_permission", `{"table":"article","role":"reader","permission":{"columns":["id","title"],"filter":{}}}`},
	} {
		s.do(c[0], c[1])
	}
}

func TestRows_refusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.library()
	for _, c := range []struct{ kind, args, role, want string }{
		{"select", `{"table":"author","columns":["id","secret"]}`, "user", `{"path":"$.args.columns[1]","error":"role \"user\" does not have permission to select column \"secret\"","code":"permission-denied"}`},
		{"select", `{"table":"author","columns":["id"],"where":{"secret":{"$like":"a%"}}}`, "user", `{"path":"$.args.where","error":"role \"user\" does not have permission to select column \"secret\"","code":"permission-denied"}`},
		{"select", `{"table":"article","columns":["id"],"where":{"author":{"secret":"a1"}}}`, "user", `{"path":"$.args.where","error":"role \"user\" does not have permission to select column \"secret\"","code":"permission-denied"}`},
		{"select", `{"table":"author","columns":["id"],"where":{"name":{"_ceq":"secret"}}}`, "user", `{"path":"$.args.where.name._ceq","error":"this operator is not supported here","code":"not-supported"}`},
		{"select", `{"table":"author","columns":["id"],"where":{"_exists":{"_table":"author","_where":{"secret":"a1"}}}}`, "user", `{"path":"$.args.where","error":"\"_exists\" does not exist","code":"not-exists"}`},
		{"select", `{"table":"author","columns":["id"],"order_by":"secret"}`, "user", `{"path":"$.args.order_by[0]","error":"role \"user\" does not have permission to select column \"secret\"","code":"permission-denied"}`},
		{"select", `{"table":"article","columns":["id"],"order_by":"author.secret"}`, "user", `{"path":"$.args.order_by[0]","error":"role \"user\" does not have permission to select column \"secret\"","code":"permission-denied"}`},
		{"select", `{"table":"article","columns":["id",{"name":"author","columns":["id"]}]}`, "reader", `{"path":"$.args.columns[1]","error":"role \"reader\" does not have permission to read relationship \"author\"; no permission on table \"author\"","code":"permission-denied"}`},
		{"select", `{"table":"article","columns":["id"],"where":{"author":{"name":"Ann"}}}`, "reader", `{"path":"$.args.where","error":"role \"reader\" does not have permission to read relationship \"author\"; no permission on table \"author\"","code":"permission-denied"}`},
		{"select", `{"table":"author","columns":["id"]}`, "nobody", `{"path":"$.args","error":"select on \"author\" for role \"nobody\" is not allowed. ","code":"permission-denied"}`},
		{"count", `{"table":"author","distinct":["secret"]}`, "user", `{"path":"$.args.distinct[0]","error":"role \"user\" does not have permission to select column \"secret\"","code":"permission-denied"}`},
		{"count", `{"table":"author"}`, "nobody", `{"path":"$.args","error":"select on \"author\" for role \"nobody\" is not allowed. ","code":"permission-denied"}`},
		{"insert", `{"table":"author","objects":[{"name":"x"}]}`, "user", `{"path":"$.args","error":"insert on \"author\" for role \"user\" is not allowed. ","code":"permission-denied"}`},
		{"insert", `{"table":"article","objects":[{"title":"x","published":true}]}`, "user", `{"path":"$.args.objects[0]","error":"role \"user\" does not have permission to insert column \"published\"","code":"permission-denied"}`},
		{"insert", `{"table":"article","objects":[{"title":"x","author_id":2}]}`, "user", `{"path":"$.args.objects[0]","error":"column \"author_id\" is not insertable for role \"user\"; its value is predefined in permission","code":"not-supported"}`},
		{"insert", `{"table":"article","objects":[{"title":"bad"}]}`, "user", `{"path":"$.args.objects","error":"check constraint of an insert/update permission has failed","code":"permission-error"}`},
		{"insert", `{"table":"article","objects":[{"title":"x"}],"returning":["note"]}`, "user", `{"path":"$.args.returning","error":"role \"user\" does not have permission to select column \"note\"","code":"permission-denied"}`},
		{"update", `{"table":"article","where":{},"$set":{"published":true}}`, "user", `{"path":"$.args[\"$set\"]","error":"role \"user\" does not have permission to update column \"published\"","code":"permission-denied"}`},
		{"update", `{"table":"article","where":{},"$set":{"note":"x"}}`, "user", `{"path":"$.args[\"$set\"]","error":"column \"note\" is not updatable for role \"user\"; its value is predefined in permission","code":"not-supported"}`},
		{"update", `{"table":"article","where":{"note":"x"},"$set":{"title":"x"}}`, "user", `{"path":"$.args.where","error":"role \"user\" does not have permission to select column \"note\"","code":"permission-denied"}`},
		{"update", `{"table":"article","where":{},"$set":{"title":"x"}}`, "reader", `{"path":"$.args","error":"update on \"article\" for role \"reader\" is not allowed. ","code":"permission-denied"}`},
		{"delete", `{"table":"article","where":{}}`, "reader", `{"path":"$.args","error":"delete on \"article\" for role \"reader\" is not allowed. ","code":"permission-denied"}`},
		{"select", `{"table":"author","columns":["id"],"where":{"nope":1}}`, "user", `{"path":"$.args.where","error":"\"nope\" does not exist","code":"not-exists"}`},
		{"select", `{"table":"author","columns":["id"],"where":{"id":{"$eq":true}}}`, "user", `{"path":"$.args.where.id[\"$eq\"]","error":"parsing Integer expected for input type: PGInteger failed, expected Number, but encountered Boolean","code":"parse-failed"}`},
		{"select", `{"table":"author","columns":["id"],"where":{"id":{"$like":"x"}}}`, "user", `{"path":"$.args.where.id[\"$like\"]","error":" is of type \"integer\"; this operator works only on columns of type \"varchar\", \"text\", \"citext\", \"bpchar\"","code":"unexpected-payload"}`},
		{"select", `{"table":"article","columns":["id"],"order_by":"author"}`, "user", `{"path":"$.args.order_by[0]","error":"\"author\" is a relationship and should be expanded","code":"unexpected-payload"}`},
		{"select", `{"table":"article","columns":[{"name":"id","columns":["id"]}]}`, "user", `{"path":"$.args.columns[0].name","error":"expecting a relationship; but \"id\" is a postgres column; only relationships can be expanded","code":"unexpected-payload"}`},
		{"insert", `{"table":"article","objects":[]}`, "user", `{"path":"$.args.objects","error":"objects should not be empty","code":"unexpected-payload"}`},
		{"insert", `{"table":"article","objects":[{"title":1}]}`, "user", `{"path":"$.args.objects[0].title","error":"parsing Text failed, expected String, but encountered Number","code":"parse-failed"}`},
		{"insert", `{"table":"article","objects":[{"title":"x"}],"on_conflict":{"constraint":"article_pkey","constraint_on":["id"],"action":"update"}}`, "user", `{"path":"$.args.on_conflict","error":"'constraint' and 'constraint_on' cannot be set at a time","code":"unexpected-payload"}`},
		{"delete", `{"table":"article"}`, "user", `{"path":"$","error":"key \"where\" not found","code":"parse-failed"}`},
		{"insert", `{"table":"article","objects":[{"title":"x"}],"on_conflict":{"constraint":"article_pkey","action":"update","set_cols":["published"]}}`, "user", `{"path":"$.args.on_conflict","error":"role \"user\" does not have permission to update column \"published\"","code":"permission-denied"}`},
	} {
		code, body := post(s.engine, "/v1/query", `{"type":"`+c.kind+`","args":`+c.args+`}`, "X-Hasura-Role", c.role, "X-Hasura-User-Id", "1")
		if code != 400 || body != c.want {
			t.Errorf("%s %s as %s\ngot  %d %s\nwant %s", c.kind, c.args, c.role, code, body, c.want)
		}
	}
	s.want(200, `{"result_type":"TuplesOk","result":[["n"],["4"]]}`, "run_sql", sqlArgs("select count(*) as n from article"))
}

func TestRows_underPermissions(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.library()
	for _, c := range []struct{ kind, args, want string }{
		{"select", `{"table":"author","columns":["*"]}`, `[{"id":1,"name":"Ann"}]`},
		{
			"select", `{"table":"article","columns":["id",{"name":"author","alias":"by","columns":["name"]}],"order_by":["-id"]}`,
			`[{"id":3,"by":null},{"id":2,"by":{"name":"Ann"}},{"id":1,"by":{"name":"Ann"}}]`,
		},
		{"select", `{"table":"article","columns":["id"],"where":{"author":{"name":{"$neq":"x"}}},"order_by":"id"}`, `[{"id":1},{"id":2}]`},
		{"select", `{"table":"article","columns":["id"],"where":{"title":"X-Hasura-User-Id"}}`, `[]`},
		{"select", `{"table":"article","columns":["id"],"order_by":{"column":"id","type":"desc","nulls":"last"},"limit":1,"offset":1}`, `[{"id":2}]`},
		{"select", `{"table":"article","columns":["*.*"],"where":{"id":1}}`, `[{"id":1,"title":"One","author_id":1,"published":true,"author":{"id":1,"name":"Ann"}}]`},
		{"count", `{"table":"article"}`, `{"count":3}`},
		{"insert", `{"table":"article","objects":[{"title":"Five"}],"returning":["title","author_id"]}`, `{"affected_rows":1,"returning":[{"title":"Five","author_id":1}]}`},
		{"update", `{"table":"article","where":{},"$set":{"title":"New"},"returning":["id"]}`, `{"affected_rows":3,"returning":[{"id":1},{"id":2},{"id":5}]}`},
		{"delete", `{"table":"article","where":{}}`, `{"affected_rows":3}`},
	} {
		code, body := post(s.engine, "/v1/query", `{"type":"`+c.kind+`","args":`+c.args+`}`, "X-Hasura-Role", "user", "X-Hasura-User-Id", "1")
		if code != 200 || body != c.want {
			t.Errorf("%s %s\ngot  %d %s\nwant %s", c.kind, c.args, code, body, c.want)
		}
	}
	s.want(200, `{"result_type":"TuplesOk","result":[["title","note"],["Three","none"],["Four","none"]]}`, "run_sql", sqlArgs("select title, note from article order by id"))
}

func TestRows_forAdministrators(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.library()
	for _, c := range []struct{ kind, args, want string }{
		{"update", `{"table":"author","where":{"id":1},"$inc":{"visits":2},"returning":["visits"]}`, `{"affected_rows":1,"returning":[{"visits":2}]}`},
		{"update", `{"table":"author","where":{"id":1},"$mul":{"visits":3},"$set":{"secret":null},"returning":["visits","secret"]}`, `{"affected_rows":1,"returning":[{"visits":6,"secret":null}]}`},
		{"update", `{"table":"author","where":{"id":1},"$default":["visits"],"returning":["visits"]}`, `{"affected_rows":1,"returning":[{"visits":0}]}`},
		{"insert", `{"table":"author","objects":[{"name":"Ann","secret":"new"}],"on_conflict":{"constraint_on":["name"],"action":"update"},"returning":["id","secret"]}`, `{"affected_rows":1,"returning":[{"id":1,"secret":"new"}]}`},
		{"insert", `{"table":"author","objects":[{"name":"Ann"}],"on_conflict":{"action":"ignore"}}`, `{"affected_rows":0}`},
		{"insert", `{"table":"author","objects":[{"name":"a'b\"; drop table author"}],"returning":["name"]}`, `{"affected_rows":1,"returning":[{"name":"a'b\"; drop table author"}]}`},
		{"count", `{"table":"article","distinct":["author_id"],"where":{"$or":[{"published":true},{"$not":{"published":true}}]}}`, `{"count":2}`},
		{"bulk", `[{"type":"count","args":{"table":"author"}},{"type":"run_sql","args":{"sql":"select 1 as one"}}]`, `[{"count":3},{"result_type":"TuplesOk","result":[["one"],["1"]]}]`},
	} {
		code, body := post(s.engine, "/v1/query", `{"type":"`+c.kind+`","args":`+c.args+`}`)
		if code != 200 || body != c.want {
			t.Errorf("%s %s\ngot  %d %s\nwant %s", c.kind, c.args, code, body, c.want)
		}
	}
	code, body := post(s.engine, "/v1/query", `{"type":"insert","args":{"table":"author","objects":[{"name":"Ben"}]}}`)
	if code != 400 || !strings.Contains(body, `"code":"constraint-violation"`) {
		t.Errorf("got %d %s", code, body)
	}
}
