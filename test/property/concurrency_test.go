package property_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Callers who ask at the same time, some of whom go away in the middle, get each their own rows and nobody else's; every
// write that was confirmed is there once, under the name of who wrote it, and none that was refused is.
func TestCallersAtTheSameTimeDoNotMix(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.exec(t, `create table item (id serial primary key, owner int not null, mark text not null unique, counter int not null default 0,
			writer text default current_setting('hasura.user', true)::json ->> 'x-hasura-user-id');
		create table tally (owner int primary key, counter int not null default 0);
		insert into tally select generate_series(1, 8); insert into item (owner, mark, writer) select owner, 'first ' || owner, owner from generate_series(1, 8) owner`)
	own := `{"owner":{"_eq":"x-hasura-user-id"}}`
	s.track(t, `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[
		{"table":"item","select_permissions":[{"role":"user","permission":{"columns":"*","filter":`+own+`,"allow_aggregations":true}}],
		 "insert_permissions":[{"role":"user","permission":{"columns":["mark"],"check":{"mark":{"_nlike":"bad%"}},"set":{"owner":"x-hasura-user-id"}}}]},
		{"table":"tally","select_permissions":[{"role":"user","permission":{"columns":"*","filter":`+own+`}}],
		 "array_relationships":[{"name":"items","using":{"manual_configuration":{"remote_table":"item","column_mapping":{"owner":"owner"}}}}],
		 "update_permissions":[{"role":"user","permission":{"columns":["counter"],"filter":`+own+`,"check":{}}}]}],
		"configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"}}}}]}`)
	const callers, rounds = 8, 120
	var mu sync.Mutex
	confirmed, refused, increments := map[string]int{}, map[string]bool{}, map[int]int{}
	var all sync.WaitGroup
	for user := 1; user <= callers; user++ {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(user), 1))
			for round := range rounds {
				mark := fmt.Sprintf("%d-%d", user, round)
				query, variables := `query ($id: Int!) { item_by_pk(id: $id) { owner mark } }`, fmt.Sprintf(`{"id":%d}`, 1+random.IntN(callers))
				kind := random.IntN(8)
				switch kind {
				case 0:
					query, variables = `query { item(order_by: {id: desc}, limit: 5) { owner mark } tally { owner } }`, `{}`
				case 1, 2:
					query, variables = `mutation ($m: String!) { insert_item_one(object: {mark: $m}) { owner mark } }`, fmt.Sprintf(`{"m":%q}`, mark)
				case 3:
					query, variables = `mutation ($m: String!) { insert_item_one(object: {mark: $m}) { owner mark } }`, fmt.Sprintf(`{"m":"bad %s"}`, mark)
				case 4:
					query, variables = `mutation { update_tally(where: {}, _inc: {counter: 1}) { affected_rows returning { owner items { owner } } } }`, `{}`
				case 5:
					query, variables = `mutation ($m: String!, $n: String!) { a: insert_item_one(object: {mark: $m}) { owner } b: insert_item_one(object: {mark: $n}) { owner } }`, fmt.Sprintf(`{"m":"half %s","n":"bad %s"}`, mark, mark)
				}
				ctx, cancel := context.WithCancel(t.Context())
				leaves := random.IntN(10) == 0 && kind != 4
				if leaves {
					go cancel()
				}
				in := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/graphql", strings.NewReader(`{"query":`+show(query)+`,"variables":`+variables+`}`))
				in.Header.Set("x-hasura-role", "user")
				in.Header.Set("x-hasura-user-id", fmt.Sprint(user))
				out := httptest.NewRecorder()
				s.handler.ServeHTTP(out, in)
				cancel()
				body := out.Body.String()
				for _, part := range strings.Split(strings.ReplaceAll(body, " ", ""), `"owner":`)[1:] {
					if !strings.HasPrefix(part, fmt.Sprintf("%d,", user)) && !strings.HasPrefix(part, fmt.Sprintf("%d}", user)) {
						t.Errorf("user %d asks %s %s\nand gets %s", user, query, variables, body)
					}
				}
				isAnswer := json.Valid(out.Body.Bytes()) && strings.Contains(body, `"data"`) && !strings.Contains(body, `"errors"`)
				if !isAnswer && !leaves && kind != 3 && kind != 5 {
					t.Errorf("user %d asks %s %s\nand gets %s", user, query, variables, body)
				}
				mu.Lock()
				switch {
				case (kind == 1 || kind == 2) && isAnswer:
					confirmed[mark] = user
				case kind == 3:
					refused["bad "+mark] = true
				case kind == 5:
					refused["half "+mark], refused["bad "+mark] = true, true
				case kind == 4 && isAnswer:
					increments[user]++
				case kind == 4:
					increments[user] += 1 << 20 // nobody knows
				}
				if isAnswer && (kind == 3 || kind == 5) {
					t.Errorf("%s %s is done: %s", query, variables, body)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	w := &world{tables: []*table{{name: "item"}, {name: "tally"}}}
	now := s.content(t, w)
	seen := map[string]bool{}
	for _, r := range now["item"] {
		mark, owner := r["mark"].(string), r["owner"].(int64)
		seen[mark] = true
		if fmt.Sprint(owner) != r["writer"] {
			t.Errorf("%s of %d was written by %v", mark, owner, r["writer"])
		}
		if refused[mark] {
			t.Errorf("%s was refused and is there", mark)
		}
		if user, ok := confirmed[mark]; ok && int64(user) != owner {
			t.Errorf("%s of %d belongs to %d", mark, user, owner)
		}
	}
	for mark := range confirmed {
		if !seen[mark] {
			t.Errorf("%s was confirmed and is not there", mark)
		}
	}
	for _, r := range now["tally"] {
		want := increments[int(r["owner"].(int64))]
		if n := r["counter"].(int64); want < 1<<20 && n != int64(want) {
			t.Errorf("user %v added %d times, and %d is there", r["owner"], want, n)
		}
	}
	if len(confirmed) < callers*rounds/10 {
		t.Errorf("only %d writes were confirmed", len(confirmed))
	}
}
