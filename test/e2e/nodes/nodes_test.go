package nodes_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is long for a machine that does much else; the times that were seen are logged.
const patience = 20 * time.Second

func TestPropagation(t *testing.T) {
	d := fresh(t)
	nodes := []*process{d.start(), d.start(), d.start()}
	d.exec(d.source, `create table t (id int primary key)`)
	nodes[0].metadataAPI("pg_track_table", object{"table": "t"})

	measure := func(what string, n int, change func(i int) (seen func(p *process) bool)) {
		t.Helper()
		var took []time.Duration
		for i := range n {
			seen := change(i)
			began := time.Now()
			for _, p := range nodes {
				p.eventually(what, patience, func() bool { return seen(p) })
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		t.Logf("%s, seen by all: median %s, most %s", what, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
	}
	rename := func(i int) func(*process) bool {
		name := fmt.Sprintf("t%d", rand.IntN(1e9))
		nodes[i%3].metadataAPI("pg_set_table_customization", object{"table": "t", "configuration": object{"custom_name": name}})
		return func(p *process) bool { return p.has(name) }
	}
	measure("metadata", 12, rename)
	measure("a table made by run_sql and tracked", 6, func(i int) func(*process) bool {
		name := fmt.Sprintf("made%d", i)
		nodes[i%3].sql("create table " + name + " (id int primary key)")
		nodes[(i+1)%3].metadataAPI("pg_track_table", object{"table": name})
		return func(p *process) bool { return p.has(name) && p.has(name+"_by_pk") }
	})
	measure("a schema changed in psql", 6, func(i int) func(*process) bool {
		d.exec(d.source, fmt.Sprintf("alter table t add column c%d int", i))
		return func(p *process) bool {
			_, answer := p.send("/v1/graphql", `{"query":"{ __type(name: \"t_bool_exp\") { name } x: __schema { types { fields { name } } } }"}`)
			return strings.Contains(answer, fmt.Sprintf(`"name":"c%d"`, i))
		}
	})
	done, cut := make(chan struct{}), sync.WaitGroup{}
	cut.Go(func() { // nobody hears a notification
		for {
			select {
			case <-done:
				return
			default:
				d.exec(d.metadata, `select count(pg_terminate_backend(pid)) from pg_stat_activity where query like 'listen%' and datname = current_database()`)
			}
		}
	})
	measure("metadata while LISTEN is cut over and over", 6, rename)
	close(done)
	cut.Wait()
}

// collections are the names of the query collections that a process shows.
func (p *process) collections() map[string]bool {
	p.Helper()
	found := map[string]bool{}
	for _, part := range strings.Split(p.metadataAPI("export_metadata", object{}), `"name":"c_`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		found["c_"+name] = true
	}
	return found
}

func TestConcurrentEdits_whatIsAcknowledgedIsThereAndWhatIsRefusedIsNot(t *testing.T) {
	d := fresh(t)
	nodes := []*process{d.start(), d.start(), d.start()}
	const each = 12
	var mu sync.Mutex
	kept, refused := map[string]bool{}, map[string]bool{}
	var running sync.WaitGroup
	for i, p := range nodes {
		running.Go(func() {
			for n := range each {
				name := fmt.Sprintf("c_free_%d_%d", i, n)
				if status, answer := p.send("/v1/metadata", command("create_query_collection", object{"name": name, "definition": object{"queries": []any{}}})); status != 200 {
					t.Errorf("without a version: %d %s", status, answer)
				}
				mu.Lock()
				kept[name] = true
				mu.Unlock()
			}
		})
		running.Go(func() {
			for n := range each {
				name := fmt.Sprintf("c_versioned_%d_%d", i, n)
				export := p.must("/v1/metadata", `{"type":"export_metadata","version":2,"args":{}}`)
				version, _, _ := strings.Cut(strings.TrimPrefix(export, `{"resource_version":`), ",")
				status, answer := p.send("/v1/metadata", `{"type":"create_query_collection","resource_version":`+version+`,"args":{"name":"`+name+`","definition":{"queries":[]}}}`)
				mu.Lock()
				switch {
				case status == 200:
					kept[name] = true
				case status == 409 && answer == `{"path":"$","error":"metadata resource version referenced (`+version+`) did not match current version","code":"conflict"}`:
					refused[name] = true
				default:
					t.Errorf("with a version: %d %s", status, answer)
				}
				mu.Unlock()
			}
		})
	}
	running.Wait()
	t.Logf("%d kept, %d refused", len(kept), len(refused))
	for _, p := range nodes {
		found := p.collections()
		for name := range kept {
			if !found[name] {
				t.Errorf("%s was acknowledged and is lost", name)
			}
		}
		for name := range refused {
			if found[name] {
				t.Errorf("%s was refused and is there", name)
			}
		}
	}
}

// kills is how often a process is killed; NODES_KILLS asks for more.
func kills(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("NODES_KILLS")); err == nil {
		return n
	}
	if testing.Short() {
		return 2
	}
	return 8
}

func TestKill_nothingAcknowledgedIsLostAndNothingIsHalfDone(t *testing.T) {
	d := fresh(t)
	p := d.start()
	p.sql(`create table item_0 (id int primary key, owner text)`)
	p.metadataAPI("pg_track_table", object{"table": "item_0"})
	p.metadataAPI("pg_create_select_permission", object{"table": "item_0", "role": "user", "permission": object{
		"columns": []string{"id"}, "filter": object{"owner": object{"_eq": "X-Hasura-User-Id"}},
	}})
	item, acknowledged, sent, finished := 0, map[string]bool{}, 0, 0
	for range kills(t) {
		killed := time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, func() { _ = p.cmd.Process.Kill() })
		for status := 200; status == 200; sent++ {
			if sent%2 == 0 {
				name := fmt.Sprintf("c_%d", sent)
				if status, _ = p.send("/v1/metadata", command("create_query_collection", object{"name": name, "definition": object{"queries": []any{}}})); status == 200 {
					acknowledged[name] = true
				}
				continue
			}
			// Two commits: the table and its column are renamed in the source, then the metadata follows.
			sql := fmt.Sprintf("alter table item_%d rename to item_%d; alter table item_%[2]d rename column %[3]s to %[4]s", item, item+1, column(item), column(item+1))
			if status, _ = p.send("/v2/query", command("run_sql", object{"sql": sql})); status == 200 {
				item++
			}
		}
		killed.Stop()
		p.kill()

		p = d.start()
		item = d.presentItem(item)
		p.eventually("metadata and database agree", patience, func() bool {
			return p.metadataAPI("get_inconsistent_metadata", object{}) == `{"is_consistent":true,"inconsistent_objects":[]}`
		})
		found := p.collections()
		for name := range acknowledged {
			if !found[name] {
				t.Errorf("%s was acknowledged and is lost", name)
			}
		}
		doc := p.metadataAPI("export_metadata", object{})
		if want := fmt.Sprintf(`{"table":{"name":"item_%d","schema":"public"},"select_permissions":[{"role":"user","permission":{"columns":["id"],"filter":{%q:`, item, column(item)); !strings.Contains(doc, want) {
			t.Errorf("missing %s in %s", want, doc)
		}
		finished += strings.Count(p.out.String(), "finished a run_sql that was interrupted")
		var left int
		d.query(d.metadata, `select count(*)::int from hdb_catalog.gatehouse_unfinished`, &left)
		if left != 0 {
			t.Errorf("%d unfinished", left)
		}
		p.eventually("no lock is left", patience, func() bool {
			d.query(d.metadata, `select count(*)::int from pg_locks l join pg_database b on b.oid = l.database where locktype = 'advisory' and datname = current_database()`, &left)
			return left == 0
		})
	}
	t.Logf("%d changes, %d renames, %d of them finished after a kill", sent, item, finished)
}

// column is how the column owner is called at a step.
func column(item int) string {
	if item == 0 {
		return "owner"
	}
	return fmt.Sprintf("owner_%d", item)
}

// presentItem is the table's number: the last acknowledged rename, or the one that was killed.
func (d *databases) presentItem(least int) int {
	d.Helper()
	var name string
	d.query(d.source, `select relname::text from pg_class where relname like 'item\_%' and relkind = 'r'`, &name)
	n, err := strconv.Atoi(strings.TrimPrefix(name, "item_"))
	if err != nil || n != least && n != least+1 {
		d.Fatalf("the table is %q, at least item_%d was acknowledged", name, least)
	}
	return n
}

func TestKill_duringTheFirstStart(t *testing.T) {
	d := fresh(t)
	for range kills(t) {
		p := d.launch()
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond) // when it is killed is the point
		p.kill()
	}
	p := d.start()
	p.metadataAPI("create_query_collection", object{"name": "c", "definition": object{"queries": []any{}}})
	var versions int
	d.query(d.metadata, `select count(*)::int from hdb_catalog.hdb_version`, &versions)
	if versions != 1 {
		t.Errorf("%d versions", versions)
	}
}
