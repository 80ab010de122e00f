package password_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gatehouse/identity/password"
)

func codes(issues []password.Issue) string {
	var out []string
	for _, i := range issues {
		code := strings.TrimPrefix(i.Code, "password_rejected.")
		for k, v := range i.Interpolation {
			code += fmt.Sprintf("(%s=%v)", k, v)
		}
		out = append(out, code)
	}
	return strings.Join(out, " ")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	alice := password.UserInfo{Name: "Alice Liddell", Username: "wonder", Email: "rabbit@example.com", Phone: "4915112345678"}
	const noPwned = `{"rejects":{"pwned":false}}`
	for _, c := range []struct {
		policy, password string
		user             password.UserInfo
		want             string
	}{
		{``, "Zk9_fjq!w2", alice, ""},                        // recording 14
		{noPwned, "12345678", alice, "restricted.sequence"},  // recording 14
		{``, "12345678", alice, "pwned restricted.sequence"}, // order of issues: Logto core-kit
		{``, "Password1!", alice, "pwned"},                   // letter case does not help
		{``, "abc", alice, "too_short(min=8) restricted.sequence"},
		{``, "", alice, "too_short(min=8) character_types(min=1)"},
		{noPwned, strings.Repeat("aB3$", 65), alice, "too_long(max=256)"},
		{noPwned, "pässwörter", alice, "unsupported_characters"},
		{noPwned, "correct horse", alice, "unsupported_characters"}, // a space
		{`{"characterTypes":{"min":3},"rejects":{"pwned":false}}`, "kvmzrtpx", alice, "character_types(min=3)"},
		{`{"characterTypes":{"min":3},"rejects":{"pwned":false}}`, "kvmZ7tpx", alice, ""},
		{noPwned, "aaaaaaaaaa", alice, "restricted.repetition"},
		{noPwned, "AaAaAaAa", alice, "restricted.repetition"},
		{noPwned, "aaaa1234kv", alice, "restricted.repetition restricted.sequence"}, // two characters besides
		{noPwned, "aaaa1234kvm", alice, ""},                                         // three characters besides are enough
		{noPwned, "zyxwvuts", alice, "restricted.sequence"},
		{noPwned, "qwertyuiop", alice, "restricted.sequence"},
		{noPwned, "1qaz2wsx", alice, "restricted.sequence"},
		{noPwned, "AliceLiddell", alice, "restricted.user_info"},
		{noPwned, "liddell!!", alice, "restricted.user_info"},
		{noPwned, "wonder42", alice, "restricted.user_info"},
		{noPwned, "rabbit42", alice, "restricted.user_info"},
		{noPwned, "4915112345678", alice, "restricted.user_info restricted.sequence"},
		{noPwned, "rabbit42", password.UserInfo{}, ""},
		{`{"rejects":{"pwned":false,"userInfo":false}}`, "rabbit42", alice, ""},
		{`{"rejects":{"pwned":false,"words":["Acme"]}}`, "acmeACME", alice, "restricted.words"},
		{`{"rejects":{"pwned":false,"repetitionAndSequence":false}}`, "12345678", alice, ""},
		{`{"length":{"min":4}}`, "Zk9_", alice, ""},
	} {
		policy, err := password.ParsePolicy([]byte(c.policy))
		if err != nil {
			t.Fatal(err)
		}
		if got := codes(policy.Check(c.password, c.user)); got != c.want {
			t.Errorf("policy %s, password %q: %q, want %q", c.policy, c.password, got, c.want)
		}
	}
}

func TestChecker_asksByPrefixAndFailsOpen(t *testing.T) {
	t.Parallel()
	const breached, padded = "Zk9_fjq!w2", "Zk9_fjq!w3"
	digest := func(s string) string {
		sum := sha1.Sum([]byte(s))
		return strings.ToUpper(hex.EncodeToString(sum[:]))
	}
	status := http.StatusOK
	var asked []string
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		w.WriteHeader(status)
		fmt.Fprintf(w, "0000:3\r\n%s:17\r\n%s:0\r\n", digest(breached)[5:], digest(padded)[5:])
	}))
	defer service.Close()
	var logged strings.Builder
	checker := password.Checker{Client: &http.Client{Timeout: 5 * time.Second}, Endpoint: service.URL + "/", Log: slog.New(slog.NewTextHandler(&logged, nil))}
	check := func(p string) string {
		return codes(checker.Check(t.Context(), password.DefaultPolicy(), p, password.UserInfo{}))
	}
	if got := check(breached); got != "pwned" {
		t.Errorf("breached: %q", got)
	}
	if got := check(padded); got != "" {
		t.Errorf("a padding entry counted: %q", got)
	}
	if len(asked) != 2 || asked[0] != "/"+digest(breached)[:5] {
		t.Errorf("asked %v: more than the prefix, or less", asked)
	}
	status = http.StatusServiceUnavailable
	if got := check(breached); got != "" || !strings.Contains(logged.String(), "breach check skipped") {
		t.Errorf("service down: %q, log %q", got, logged.String())
	}
	if strings.Contains(logged.String(), breached) {
		t.Error("the password is in the log")
	}
	service.Close()
	if got := check(breached); got != "" {
		t.Errorf("service gone: %q", got)
	}
	checker.Client = nil
	if got := check("Password123"); got != "pwned" {
		t.Errorf("bundled list: %q", got)
	}
}
