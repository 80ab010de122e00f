package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gatehouse/identity/token"
)

// exchange is one recorded request and what the real product answered.
type exchange struct {
	Label   string `json:"label"`
	Request struct {
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	} `json:"request"`
	Response struct {
		Status  int                        `json:"status"`
		Headers map[string]json.RawMessage `json:"headers"`
		Body    json.RawMessage            `json:"body"`
	} `json:"response"`
}

func readRecording(t *testing.T, name string) []exchange {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "recordings", name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Exchanges []exchange `json:"exchanges"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Exchanges
}

// recordedOrigin is where the recorded server was.
const recordedOrigin = "http://localhost:3001"

// replay sends recorded requests to our server and compares the answers field by field. What a server makes up (tokens,
// codes, ids, times) is learnt: the recorded value stands for ours from then on, in later requests and answers alike.
type replay struct {
	t       *testing.T
	w       *wing
	b       *browser
	learned map[string]string
	// differs names fields, by their path, that are ours on purpose; each use gives its reason.
	differs map[string]string
}

func newReplay(t *testing.T, w *wing) *replay {
	return &replay{t: t, w: w, b: w.browser(), differs: map[string]string{}, learned: map[string]string{recordedOrigin: w.url, "http%3A%2F%2Flocalhost%3A3001": strings.ReplaceAll(strings.ReplaceAll(w.url, ":", "%3A"), "/", "%2F")}}
}

// ours puts our values in place of recorded ones.
func (p *replay) ours(text string) string {
	keys := make([]string, 0, len(p.learned))
	for k := range p.learned {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return len(b) - len(a) })
	for _, k := range keys {
		text = strings.ReplaceAll(text, k, p.learned[k])
	}
	return text
}

func (p *replay) send(e exchange) *answer {
	p.t.Helper()
	var body string
	if len(e.Request.Body) > 0 && e.Request.Body[0] == '"' {
		if err := json.Unmarshal(e.Request.Body, &body); err != nil {
			p.t.Fatal(err)
		}
	} else if string(e.Request.Body) != "null" {
		body = string(e.Request.Body)
	}
	var headers []string
	for name, value := range e.Request.Headers {
		if name != "Cookie" {
			headers = append(headers, name, p.ours(value))
		}
	}
	b := p.b
	if _, withCookies := e.Request.Headers["Cookie"]; !withCookies {
		b = p.w.browser()
	}
	a := b.do(e.Request.Method, p.ours(e.Request.URL), p.ours(body), headers...)
	if b != p.b && len(a.header.Values("Set-Cookie")) > 0 {
		p.b = b // a new visitor, whom the recording follows from here
	}
	return a
}

// run replays one exchange.
func (p *replay) run(e exchange) *answer {
	p.t.Helper()
	a := p.send(e)
	at := "[" + e.Label + "]"
	if a.status != e.Response.Status {
		p.t.Errorf("%s status %d, recorded %d; body %s", at, a.status, e.Response.Status, a.body)
		return a
	}
	for _, name := range []string{"Location", "Content-Type", "WWW-Authenticate", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "cache-control"} {
		raw, recorded := e.Response.Headers[name]
		if !recorded && name == "cache-control" {
			continue // we forbid storing more than they do
		}
		var want string
		if recorded {
			if err := json.Unmarshal(raw, &want); err != nil {
				p.t.Fatal(err)
			}
		}
		if a.status == http.StatusNoContent && name == "Content-Type" {
			continue
		}
		p.text(at+" header "+name, want, a.header.Get(name))
	}
	p.setCookies(at, e.Response.Headers["Set-Cookie"], a.header.Values("Set-Cookie"))
	if string(e.Response.Body) == `""` || len(e.Response.Body) == 0 {
		if a.body != "" && a.status != http.StatusSeeOther {
			p.t.Errorf("%s body %q, recorded none", at, a.body)
		}
		return a
	}
	if e.Response.Body[0] == '"' {
		var want string
		if err := json.Unmarshal(e.Response.Body, &want); err != nil {
			p.t.Fatal(err)
		}
		p.text(at+" body", want, a.body)
		return a
	}
	p.value(at+" body", e.Response.Body, json.RawMessage(a.body))
	return a
}

// madeUp finds what a server makes up inside a text.
var madeUp = regexp.MustCompile(`[A-Za-z0-9_-]{43}`)

// text compares a text; opaque values in it are learnt in order.
func (p *replay) text(at, want, got string) {
	p.t.Helper()
	wanted, made := madeUp.FindAllString(want, -1), madeUp.FindAllString(got, -1)
	if len(wanted) == len(made) {
		for n := range wanted {
			p.learn(at, wanted[n], made[n])
		}
	}
	if p.ours(want) != got && p.differs[at] == "" {
		p.t.Errorf("%s\n got      %s\n recorded %s", at, got, p.ours(want))
	}
}

func (p *replay) learn(at, recorded, ours string) {
	p.t.Helper()
	if known, ok := p.learned[recorded]; ok && known != ours {
		p.t.Errorf("%s: %s should still be %s", at, ours, known)
	}
	p.learned[recorded] = ours
}

// setCookies compares names and attributes; values are learnt from the jar's later use, except the readable one.
func (p *replay) setCookies(at string, recorded json.RawMessage, got []string) {
	p.t.Helper()
	var want []string
	if len(recorded) > 0 && json.Unmarshal(recorded, &want) != nil {
		want = []string{""}
		if err := json.Unmarshal(recorded, &want[0]); err != nil {
			p.t.Fatal(err)
		}
	}
	wanted, made := map[string]string{}, map[string]string{}
	for _, line := range want {
		name, rest := p.cookieLine(line)
		wanted[name] = rest
		for _, other := range got {
			// The interaction's id is also part of later paths.
			if id := madeUp.FindString(line); name == "_interaction_resume" && strings.HasPrefix(other, name+"=") && id != "" {
				p.learn(at+" cookie", id, madeUp.FindString(other))
			}
		}
	}
	for _, line := range got {
		name, rest := p.cookieLine(line)
		made[name] = rest
	}
	if fmt.Sprint(wanted) != fmt.Sprint(made) && p.differs[at+" Set-Cookie"] == "" {
		p.t.Errorf("%s cookies\n got      %v\n recorded %v", at, made, wanted)
	}
}

var expiry = regexp.MustCompile(`expires=([^;]+)`)

// cookieLine is a cookie's name, and its attributes sorted, with the resume path and the time of expiry generalised.
func (p *replay) cookieLine(line string) (name, attributes string) {
	name, rest, _ := strings.Cut(line, "=")
	parts := strings.Split(rest, "; ")[1:]
	for n, part := range parts {
		if m := expiry.FindStringSubmatch(part); m != nil {
			parts[n] = "expires later"
			if strings.HasPrefix(m[1], "Thu, 01 Jan 1970") {
				parts[n] = "expired"
			}
		}
		parts[n] = madeUp.ReplaceAllString(parts[n], "*")
	}
	slices.Sort(parts)
	return name, strings.Join(parts, ", ")
}

// made are the members whose values a server makes up; their form has to agree.
var made = []string{
	"access_token", "refresh_token", "id_token", "verificationId", "jti", "iat", "exp", "updated_at", "created_at", "auth_time", "kid", "userId",
	"grantId", "sessionUid", "lastSignInAt", "createdAt", "updatedAt", "id", "sub", "ip", "userAgent",
}

// value compares JSON values: kinds, members and their order, and what is in them.
func (p *replay) value(at string, want, got json.RawMessage) {
	p.t.Helper()
	if p.differs[at] != "" {
		return
	}
	var wanted, made token.Object
	if wanted.UnmarshalJSON(want) == nil {
		if made.UnmarshalJSON(got) != nil {
			p.t.Errorf("%s\n got      %s\n recorded %s", at, got, want)
			return
		}
		if fmt.Sprint(wanted.Keys()) != fmt.Sprint(made.Keys()) && p.differs[at+" order"] == "" {
			p.t.Errorf("%s members\n got      %v\n recorded %v", at, made.Keys(), wanted.Keys())
		}
		for _, key := range wanted.Keys() {
			w, _ := wanted.Get(key)
			if g, ok := made.Get(key); ok {
				p.member(at+"."+key, key, w.(json.RawMessage), g.(json.RawMessage))
			}
		}
		return
	}
	var list, ours []json.RawMessage
	if json.Unmarshal(want, &list) == nil && string(want) != "null" {
		if json.Unmarshal(got, &ours) != nil || len(list) != len(ours) {
			p.t.Errorf("%s\n got      %s\n recorded %s", at, got, want)
			return
		}
		for n := range list {
			p.value(fmt.Sprintf("%s[%d]", at, n), list[n], ours[n])
		}
		return
	}
	if p.ours(string(want)) != string(got) {
		p.t.Errorf("%s\n got      %s\n recorded %s", at, got, p.ours(string(want)))
	}
}

func (p *replay) member(at, key string, want, got json.RawMessage) {
	p.t.Helper()
	var recorded, ours string
	isText := json.Unmarshal(want, &recorded) == nil && json.Unmarshal(got, &ours) == nil && string(want) != "null"
	switch {
	case slices.Contains(made, key) && isText:
		if strings.Count(recorded, ".") == 2 && strings.HasPrefix(recorded, "eyJ") {
			p.jwt(at, recorded, ours)
		} else if len(recorded) != len(ours) && key != "ip" && key != "userAgent" {
			p.t.Errorf("%s: %q is not of the form of %q", at, ours, recorded)
		}
		p.learn(at, recorded, ours)
	case slices.Contains(made, key) && !isText:
		if len(want) != len(got) {
			p.t.Errorf("%s: %s is not of the form of %s", at, got, want)
		}
	default:
		p.value(at, want, got)
	}
}

// jwt compares header and payload of two tokens.
func (p *replay) jwt(at, want, got string) {
	p.t.Helper()
	wanted, made := strings.Split(want, "."), strings.Split(got, ".")
	if len(made) != 3 {
		p.t.Errorf("%s: %q is not a JWT", at, got)
		return
	}
	for n, part := range []string{"header", "payload"} {
		a, errA := base64.RawURLEncoding.DecodeString(wanted[n])
		b, errB := base64.RawURLEncoding.DecodeString(made[n])
		if errA != nil || errB != nil {
			p.t.Errorf("%s %s: %v %v", at, part, errA, errB)
			continue
		}
		if part == "header" {
			p.differs[at+" header order"] = "the library sorts them; nothing reads an order there"
		}
		p.value(at+" "+part, a, b)
	}
}

// decodeJWT gives the payload of a token.
func decodeJWT(t *testing.T, text string) map[string]any {
	t.Helper()
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is not a JWT", text)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
