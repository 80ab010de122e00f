package transport_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"gatehouse/engine/transport"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func byHash(hash string) string {
	return `{"variables":{"a":1},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}}`
}

func withText(text, hash string) string {
	return `{"query":` + quote(text) + `,"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}}`
}

func persistedError(message, code string) string {
	return `{"errors":[{"message":` + quote(message) + `,"extensions":{"path":"$","code":"` + code + `"}}]}`
}

func withPersisted(ttl time.Duration) func(*transport.Handler) {
	return func(h *transport.Handler) { h.Persisted, h.MaxBody = transport.NewPersisted(ttl), 1<<20 }
}

const answered = `{"data":{"t":1}}`

// As Hasura without the setting: a text that comes along does not run either; clients then send it without the hash.
func TestPersisted_refusedUnlessEnabled(t *testing.T) {
	t.Parallel()
	a := newAPI(t, nil)
	for _, body := range []string{byHash(hashOf("{a}")), withText("{a}", hashOf("{a}"))} {
		check(t, a.do("POST", "/v1/graphql", body), 200, persistedError("PersistedQueryNotSupported", "not-supported"))
	}
	if len(a.seen) != 0 {
		t.Errorf("ran %v", a.seen)
	}
	check(t, a.do("POST", "/v1/graphql", `{"query":"{a}","extensions":{"clientLibrary":{"name":"x"}}}`), 200, answered)
	check(t, a.do("POST", "/v1alpha1/graphql", withText("{a}", "x")), 200, answered) // which knows no extensions
	check(t, a.do("POST", "/v1/graphql", byHash("x"), "X-Hasura-Admin-Secret", "wrong"), 200,
		persistedError(`invalid "x-hasura-admin-secret"/"x-hasura-access-key"`, "access-denied"))
	check(t, a.do("GET", "/v1/graphql", "", "X-Hasura-Admin-Secret", "wrong"), 200,
		persistedError(`invalid "x-hasura-admin-secret"/"x-hasura-access-key"`, "access-denied"))
}

func TestPersisted_aTextIsSentOnce(t *testing.T) {
	t.Parallel()
	a := newAPI(t, withPersisted(time.Hour))
	text, hash := "query($a: Int) {a}", hashOf("query($a: Int) {a}")
	check(t, a.do("POST", "/v1/graphql", byHash(hash)), 200, persistedError("PersistedQueryNotFound", "not-found"))
	check(t, a.do("POST", "/v1/graphql", withText(text, hash)), 200, answered)
	check(t, a.do("POST", "/v1/graphql", byHash(strings.ToUpper(hash))), 200, answered)
	if last := a.seen[len(a.seen)-1]; last.Query != text || string(last.Variables["a"]) != "1" {
		t.Errorf("ran %+v", last)
	}
	// What a hook is shown is the text where the client sent one.
	if got := fmt.Sprint(a.hookBodies); got != `[ {"query":`+quote(text)+`} ]` {
		t.Errorf("hooks were shown %s", got)
	}
}

func TestPersisted_nothingElseIsKept(t *testing.T) {
	t.Parallel()
	a := newAPI(t, withPersisted(time.Hour))
	long := "{a" + strings.Repeat(" ", 300<<10) + "}"
	for _, c := range []struct{ name, text, hash, want string }{
		{"another text's hash", "{a}", hashOf("{b}"), persistedError("provided sha does not match query", "bad-request")},
		{"a long hash", "{a}", strings.Repeat("ab", 100), persistedError("sha256Hash is not the SHA-256 of a text in hexadecimal", "bad-request")},
		{"a short hash", "{a}", "ab", persistedError("sha256Hash is not the SHA-256 of a text in hexadecimal", "bad-request")},
		{"no hash", "{a}", "zz", persistedError("sha256Hash is not the SHA-256 of a text in hexadecimal", "bad-request")},
		{"a text that is refused", "fault", hashOf("fault"), `{"errors":[{"message":"no x","extensions":{"path":"$.selectionSet.x","code":"validation-failed"}}]}`},
		{"a very long text", long, hashOf(long), answered},
	} {
		check(t, a.do("POST", "/v1/graphql", withText(c.text, c.hash)), 200, c.want)
		if hash := hashOf(c.text); a.do("POST", "/v1/graphql", byHash(hash)).Body.String() != persistedError("PersistedQueryNotFound", "not-found") {
			t.Errorf("%s was kept", c.name)
		}
	}
	check(t, a.do("POST", "/v1/graphql", strings.Replace(byHash("x"), `"version":1`, `"version":2`, 1)), 200, persistedError("Unsupported persisted query version", "bad-request"))
	if w := a.do("POST", "/v1/graphql", `{"extensions":{"persistedQuery":1}}`); !strings.Contains(w.Body.String(), `"path":"$.extensions.persistedQuery","code":"parse-failed"`) {
		t.Errorf("a number: got %s", w.Body)
	}
	check(t, a.do("POST", "/v1/graphql", `{"extensions":{"persistedQuery":null}}`), 200, persistedError(`key "query" not found`, "parse-failed"))
	check(t, a.do("POST", "/v1/graphql", `[`+byHash(hashOf("{a}"))+`]`), 200, `{"errors":[{"message":"key \"query\" not found","extensions":{"path":"$[0]","code":"parse-failed"}}]}`)
}

func TestPersisted_memoryIsBounded(t *testing.T) {
	t.Parallel()
	a := newAPI(t, withPersisted(time.Hour))
	const size, count = 200 << 10, 200 // 40 MB
	kept := 0
	text := func(i int) string { return fmt.Sprintf("{a%d%s}", i, strings.Repeat(" ", size)) }
	for i := range count {
		check(t, a.do("POST", "/v1/graphql", withText(text(i), hashOf(text(i)))), 200, answered)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		kept = 0
		for i := range count {
			if a.do("POST", "/v1/graphql", byHash(hashOf(text(i)))).Body.String() == answered {
				kept++
			}
		}
		if kept*size <= 17<<20 || time.Now().After(deadline) {
			break
		}
	}
	if kept*size > 17<<20 || kept == 0 {
		t.Errorf("%d texts of %d bytes are kept", kept, size)
	}
}

func TestPersisted_isForgottenAfterItsTime(t *testing.T) {
	t.Parallel()
	a := newAPI(t, withPersisted(time.Millisecond))
	check(t, a.do("POST", "/v1/graphql", withText("{a}", hashOf("{a}"))), 200, answered)
	want := persistedError("PersistedQueryNotFound", "not-found")
	for deadline := time.Now().Add(10 * time.Second); a.do("POST", "/v1/graphql", byHash(hashOf("{a}"))).Body.String() != want; {
		if time.Now().After(deadline) {
			t.Fatal("still there")
		}
	}
}

func TestPersisted_byGet(t *testing.T) {
	t.Parallel()
	a := newAPI(t, withPersisted(time.Hour))
	get := func(parameters ...string) string {
		v := url.Values{}
		for i := 0; i < len(parameters); i += 2 {
			v.Set(parameters[i], parameters[i+1])
		}
		return "/v1/graphql?" + v.Encode()
	}
	extensions := func(hash string) string { return `{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}` }
	mutation := "mutation {a}"
	for _, c := range []struct{ name, path, want string }{
		{"a mutation", get("query", mutation, "extensions", extensions(hashOf(mutation))), persistedError("only queries can be sent by GET", "bad-request")},
		{"a subscription", get("query", "subscription {a}", "extensions", extensions(hashOf("subscription {a}"))), persistedError("only queries can be sent by GET", "bad-request")},
		{"without a hash", get("query", "{a}"), persistedError("expected the parameter extensions with a persistedQuery: other queries are sent by POST", "bad-request")},
		{"unknown", get("extensions", extensions(hashOf("{a}"))), persistedError("PersistedQueryNotFound", "not-found")},
		{"variables of a list", get("extensions", extensions(hashOf("{a}")), "variables", "[1]"), `{"errors":[{"message":"parsing HashMap failed, expected Object, but encountered Array","extensions":{"path":"$.variables","code":"parse-failed"}}]}`},
		{"with the text", get("query", "query q {a}", "operationName", "q", "extensions", extensions(hashOf("query q {a}"))), answered},
		{"by its hash", get("variables", `{"a":2}`, "extensions", extensions(hashOf("query q {a}"))), answered},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, a.do("GET", c.path, ""), 200, c.want) })
	}
	if len(a.seen) != 2 || a.seen[0].OperationName != "q" || string(a.seen[1].Variables["a"]) != "2" {
		t.Errorf("ran %+v", a.seen)
	}
	// A mutation that was sent by POST is not to be had by GET.
	check(t, a.do("POST", "/v1/graphql", withText(mutation, hashOf(mutation))), 200, answered)
	check(t, a.do("GET", get("extensions", extensions(hashOf(mutation))), ""), 200, persistedError("only queries can be sent by GET", "bad-request"))
}
