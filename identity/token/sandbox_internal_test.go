package token

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func newTestSandbox(client *http.Client) *Sandbox {
	if client == nil {
		client = http.DefaultClient
	}
	return NewSandbox(client, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

func runScript(t *testing.T, source string, in Input) (string, error) {
	t.Helper()
	claims, err := newTestSandbox(nil).Run(context.Background(), source, in)
	if err != nil {
		return "", err
	}
	out, err := encode(claims)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), nil
}

// The script of the article "Use JWT for access control" yields Hasura's claims object.
func TestRun_scriptOfTheArticle(t *testing.T) {
	t.Parallel()
	const script = `const getCustomJwtClaims = async ({ token, context, environmentVariables }) => {
      const held = context.user.roles.map(({ name }) => name);
      const defaults = (environmentVariables?.USER_DEFAULT_ROLE_NAMES ?? '').split(',').filter(Boolean);
      const roles = [...new Set([...held, ...defaults])];
      return { 'https://hasura.io/jwt/claims': {
        'x-hasura-user-id': context.user.id, 'x-hasura-default-role': roles[0], 'x-hasura-allowed-roles': roles } };
    };`
	context := map[string]any{"user": map[string]any{"id": "u1", "roles": []map[string]any{{"name": "user:reader"}, {"name": "user:maintainer"}}}}
	got, err := runScript(t, script, Input{Token: map[string]any{}, Context: context, Environment: json.RawMessage(`{"USER_DEFAULT_ROLE_NAMES":"user,user:reader"}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"https://hasura.io/jwt/claims":{"x-hasura-user-id":"u1","x-hasura-default-role":"user:reader","x-hasura-allowed-roles":["user:reader","user:maintainer","user"]}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRun_callShapeAndGlobals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ script, want string }{
		"arguments": {
			`const getCustomJwtClaims = async (a) => ({keys:Object.keys(a), api:Object.keys(a.api), env: typeof a.environmentVariables})`,
			`{"keys":["token","context","api"],"api":["denyAccess"],"env":"undefined"}`,
		},
		"undefined is left out": {`const getCustomJwtClaims = () => ({a:1,u:undefined,n:null})`, `{"a":1,"n":null}`},
		"function declaration":  {`function getCustomJwtClaims() { return {b:2} }`, `{"b":2}`},
		"timers":                {`const getCustomJwtClaims = async () => { await new Promise(r => setTimeout(r, 5)); return {late:true} }`, `{"late":true}`},
		"interval":              {`const getCustomJwtClaims = () => new Promise(r => { let n=0; const i=setInterval(() => { if (++n===3) { clearInterval(i); r({n}) } }, 1) })`, `{"n":3}`},
		"base64":                {`const getCustomJwtClaims = () => ({a:btoa('hello'), b:atob('aGVsbG8='), c:btoa('\xff\xfe')})`, `{"a":"aGVsbG8=","b":"hello","c":"//4="}`},
		"text":                  {`const getCustomJwtClaims = () => ({a:[...new TextEncoder().encode('é€😀')], b:new TextDecoder().decode(new Uint8Array([195,169,226,130,172,240,159,152,128,255]))})`, `{"a":[195,169,226,130,172,240,159,152,128],"b":"é€😀` + "\ufffd" + `"}`},
		"url":                   {`const getCustomJwtClaims = () => { const u=new URL('../b?x=1#h','https://Ex.org:443/a/c/'); u.searchParams.append('y','a b'); return {href:u.href,origin:u.origin,x:u.searchParams.get('x')} }`, `{"href":"https://ex.org/a/b?x=1&y=a+b#h","origin":"https://ex.org","x":"1"}`},
		"invalid url":           {`const getCustomJwtClaims = () => { try { new URL('nope') } catch (e) { return {e:e instanceof TypeError, m:e.message} } }`, `{"e":true,"m":"Invalid URL"}`},
		"structuredClone":       {`const getCustomJwtClaims = () => structuredClone({a:[1,{b:2}]})`, `{"a":[1,{"b":2}]}`},
		"uuid":                  {`const getCustomJwtClaims = () => ({ok:/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())})`, `{"ok":true}`},
		"console":               {`const getCustomJwtClaims = () => { console.log('x', {a:1}); return {} }`, `{}`},
		"no host":               {`const getCustomJwtClaims = () => ({a: typeof process, b: typeof require, c: typeof __settle, d: typeof __fetch, e: Object.getOwnPropertyNames(globalThis).filter(n => n.startsWith('__'))})`, `{"a":"undefined","b":"undefined","c":"undefined","d":"undefined","e":[]}`},
		"date becomes text":     {`const getCustomJwtClaims = () => ({d:new Date(0)})`, `{"d":"1970-01-01T00:00:00.000Z"}`},
		"settles once":          {`const getCustomJwtClaims = () => ({ then(ok) { ok({first:1}); ok({second:2}) } })`, `{"first":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := runScript(t, c.script, Input{Token: struct{}{}, Context: struct{}{}})
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Messages as in recording 09, except the syntax error, whose text is the engine's own.
func TestRun_failures(t *testing.T) {
	t.Parallel()
	const notSerializable = "The script return value must be JSON-serializable."
	for name, c := range map[string]struct {
		script  string
		kind    ScriptErrorKind
		message string
	}{
		"syntax":            {`const getCustomJwtClaims = async ({`, ScriptSyntax, ""},
		"throws":            {`const getCustomJwtClaims = async () => { throw new Error('boom'); };`, ScriptRuntime, "boom"},
		"throws at once":    {`const getCustomJwtClaims = () => { throw new Error('boom'); };`, ScriptRuntime, "boom"},
		"throws at load":    {`throw new Error('boom')`, ScriptRuntime, "boom"},
		"throws a string":   {`const getCustomJwtClaims = () => { throw 'boom'; };`, ScriptRuntime, "boom"},
		"denied":            {`const getCustomJwtClaims = async ({api}) => api.denyAccess('no way');`, ScriptDenied, "no way"},
		"denied by default": {`const getCustomJwtClaims = async ({api}) => api.denyAccess();`, ScriptDenied, "Access denied"},
		"wrong name":        {`const foo = async () => ({});`, ScriptSyntax, "The script does not have a function named `getCustomJwtClaims`"},
		"a string":          {`const getCustomJwtClaims = async () => 'str';`, ScriptType, "Invalid input"},
		"undefined":         {`const getCustomJwtClaims = async () => {};`, ScriptType, "Invalid input"},
		"null":              {`const getCustomJwtClaims = async () => null;`, ScriptType, "Invalid input"},
		"an array":          {`const getCustomJwtClaims = async () => [1];`, ScriptType, "Invalid input"},
		"a function inside": {`const getCustomJwtClaims = async () => ({f(){} });`, ScriptType, notSerializable},
		"a cycle":           {`const getCustomJwtClaims = async () => { const o = {}; o.o = o; return o; };`, ScriptType, notSerializable},
		"a big integer":     {`const getCustomJwtClaims = async () => ({n: 1n});`, ScriptType, notSerializable},
		"giant output":      {`const getCustomJwtClaims = async () => ({s: 'x'.repeat(1e5)});`, ScriptType, "The script return value must not exceed 65536 bytes."},
		"never settles":     {`const getCustomJwtClaims = async () => new Promise(()=>{});`, ScriptTimeout, "Script execution timed out after 5000ms."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := runScript(t, c.script, Input{Token: struct{}{}, Context: struct{}{}})
			var failure *ScriptError
			if !errors.As(err, &failure) {
				t.Fatalf("got error %v, want a ScriptError", err)
			}
			if failure.Kind != c.kind || c.message != "" && failure.Message != c.message {
				t.Errorf("got %s %q, want %s %q", failure.Kind, failure.Message, c.kind, c.message)
			}
		})
	}
}

// A hostile script ends near its deadline, in bounded memory, and leaves the process and the next run unharmed.
func TestRun_hostileScriptsAreStopped(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes the engine, translated C, a hundred times slower; one run is one goroutine")
	}
	const wrap = `const getCustomJwtClaims = async () => { %BODY% };`
	for name, body := range map[string]string{
		"endless loop":              `for (;;) {}`,
		"endless loop after await":  `await null; for (;;) {}`,
		"loop in finally":           `try { for (;;) {} } finally { for (;;) {} }`,
		"regex bomb":                `/^(([a-z])+.)+[A-Z]([a-z])+$/.test('a'.repeat(40))`,
		"microtasks":                `const again = () => Promise.resolve().then(again); await again();`,
		"endless awaits":            `for (;;) await null;`,
		"string repeat":             `return {s: 'x'.repeat(1e9).length}`,
		"string doubling":           `let s = 'x'; for (;;) s += s;`,
		"array fill":                `return {n: new Array(5e8).fill(0).length}`,
		"spread":                    `return {n: [...'x'.repeat(3e7)].map(x => x + x).join().length}`,
		"typed arrays":              `const all = []; for (;;) all.push(new Uint8Array(1e7));`,
		"deep recursion":            `const f = () => f() + 1; return {n: f()}`,
		"deep json":                 `return {n: JSON.parse('['.repeat(1e6))}`,
		"deep result":               `let o = {}; for (let i = 0; i < 1e6; i++) o = {o}; return o`,
		"proxy result":              `return new Proxy({}, { ownKeys() { for (;;) {} } })`,
		"getter":                    `return { get a() { for (;;) {} } }`,
		"toJSON":                    `return { a: new Date(), toJSON: 1, get b() { return 'x'.repeat(1e9) } }`,
		"timer storm":               `for (;;) setTimeout(() => {}, 0)`,
		"url storm":                 `for (;;) new URL('https://a.example/b')`,
		"console storm":             `for (;;) console.log('x'.repeat(1000))`,
		"random storm":              `for (;;) crypto.getRandomValues(new Uint8Array(65536))`,
		"fetch storm, uncaught":     `for (;;) try { fetch('http://127.0.0.1:1/') } catch {}`,
		"fetch storm":               `for (;;) fetch('http://127.0.0.1:1/').catch(() => {})`,
		"async functions in a loop": `for (;;) (async () => { for (;;); })()`,
		"promises in a loop":        `for (;;) new Promise(() => { for (;;); })`,
		"promises, caught":          `for (;;) try { new Promise(() => { for (;;); }) } catch {}`,
		"error toString":            `throw { toString() { for (;;) {} } }`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestSandbox(nil)
			s.deadline = 300 * time.Millisecond
			started := time.Now()
			claims, err := s.Run(context.Background(), strings.Replace(wrap, "%BODY%", body, 1), Input{Token: struct{}{}, Context: struct{}{}})
			if err == nil {
				t.Errorf("ended with claims %v, want a failure", claims.Keys())
			}
			if took := time.Since(started); took > 3*time.Second {
				t.Errorf("took %v under a deadline of %v", took, s.deadline)
			}
		})
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapInuse > 256<<20 {
		t.Errorf("heap in use is %d MiB afterwards", m.HeapInuse>>20)
	}
	if got, err := runScript(t, `const getCustomJwtClaims = () => ({ok:true})`, Input{Token: struct{}{}, Context: struct{}{}}); err != nil || got != `{"ok":true}` {
		t.Errorf("the next run gives %s, %v", got, err)
	}
}

// What a script does to built-ins stays in its own engine and cannot forge the host's part.
func TestRun_tamperingStaysInside(t *testing.T) {
	t.Parallel()
	s := newTestSandbox(nil)
	run := func(source string) string {
		claims, err := s.Run(context.Background(), source, Input{Token: struct{}{}, Context: map[string]any{"user": map[string]any{"id": "u1"}}})
		if err != nil {
			return err.Error()
		}
		out, _ := encode(claims)
		return string(out)
	}
	run(`Object.prototype.polluted = 1; JSON.stringify = () => '{"forged":true}'; globalThis.kept = 1;
	     const getCustomJwtClaims = () => ({a:1})`)
	if got := run(`const getCustomJwtClaims = ({context}) => ({p: typeof ({}).polluted, k: typeof globalThis.kept, id: context.user.id})`); got != `{"p":"undefined","k":"undefined","id":"u1"}` {
		t.Errorf("a later run sees %s", got)
	}
	if got := run(`JSON.stringify = () => '{"forged":true}'; const getCustomJwtClaims = () => ({a:1})`); got != `{"a":1}` {
		t.Errorf("with JSON.stringify replaced: %s", got)
	}
	if got := run(`const getCustomJwtClaims = () => ({"__proto__x":1, ["__proto__"]: {b:2}})`); got != `{"__proto__x":1,"__proto__":{"b":2}}` {
		t.Errorf("__proto__ as a claim: %s", got)
	}
}

func TestRun_fetch(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		seen = append(seen, r.Method+" "+r.Header.Get("X-A")+" "+string(body))
		mu.Unlock()
		switch r.URL.Path {
		case "/big":
			_, _ = w.Write(make([]byte, scriptFetchBody+1))
		case "/slow":
			<-r.Context().Done()
		default:
			w.Header().Set("X-B", "b")
			w.WriteHeader(201)
			_, _ = w.Write([]byte(`{"v":[1,2]}`))
		}
	}))
	defer server.Close()
	s := newTestSandbox(server.Client())
	s.deadline = time.Second
	run := func(source string) (string, error) {
		claims, err := s.Run(context.Background(), strings.ReplaceAll(source, "HOST", server.URL), Input{Token: struct{}{}, Context: struct{}{}})
		if err != nil {
			return "", err
		}
		out, _ := encode(claims)
		return string(out), nil
	}
	got, err := run(`const getCustomJwtClaims = async () => {
	  const r = await fetch('HOST/a', {method:'post', headers:{'X-A':'1'}, body: JSON.stringify({q:1})});
	  return {status:r.status, ok:r.ok, b:r.headers.get('x-b'), v:(await r.json()).v} }`)
	if want := `{"status":201,"ok":true,"b":"b","v":[1,2]}`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if len(seen) != 1 || seen[0] != `POST 1 {"q":1}` {
		t.Errorf("server saw %q", seen)
	}
	got, err = run(`const getCustomJwtClaims = async () => fetch('HOST/slow', {signal: AbortSignal.timeout(20)}).then(() => ({}), (e) => ({aborted: e.name}))`)
	if want := `{"aborted":"TimeoutError"}`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	for name, source := range map[string]string{
		"too large":  `const getCustomJwtClaims = async () => { await fetch('HOST/big'); return {} }`,
		"slow":       `const getCustomJwtClaims = async () => { await fetch('HOST/slow'); return {} }`,
		"file":       `const getCustomJwtClaims = async () => { await fetch('file:///etc/passwd'); return {} }`,
		"too many":   `const getCustomJwtClaims = async () => { for (let i=0;i<20;i++) await fetch('HOST/a'); return {} }`,
		"bad header": `const getCustomJwtClaims = async () => { await fetch('HOST/a', {headers:{'X\r\nY':'1'}}); return {} }`,
	} {
		if got, err := run(source); err == nil {
			t.Errorf("%s: got %s, want a failure", name, got)
		}
	}
}

func TestRun_endsWithItsCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	started := time.Now()
	_, err := newTestSandbox(nil).Run(ctx, `const getCustomJwtClaims = () => { for (;;) {} }`, Input{})
	if err == nil || time.Since(started) > 2*time.Second {
		t.Errorf("err %v after %v", err, time.Since(started))
	}
}

// A script that evades the engine's interrupts holds up nobody, and gets one try per process.
func TestRun_runawayIsNotRunAgain(t *testing.T) {
	s := newTestSandbox(nil)
	const runaway = `const getCustomJwtClaims = () => ({never: 'run'})`
	s.runaways.Store(sha256.Sum256([]byte(runaway)), true)
	_, err := s.Run(context.Background(), runaway, Input{})
	var failure *ScriptError
	if !errors.As(err, &failure) || failure.Kind != ScriptTimeout {
		t.Errorf("got %v", err)
	}
	if _, err := s.Run(context.Background(), runaway+" ", Input{}); err != nil {
		t.Errorf("another script: %v", err)
	}
}
