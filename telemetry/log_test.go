package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gatehouse/telemetry"
)

type refusal struct{}

func (refusal) Body(bool) []byte { return []byte(`{"path":"$","error":"no","code":"access-denied"}`) }

func TestLog_ownLinesHaveTheSameForm(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLog(telemetry.LogConfig{Out: &out, Level: slog.LevelInfo})
	log.Own().With("request_id", "r").WithGroup("of").Warn("odd", "what", "x")
	log.Own().Debug("not at this level")
	var got struct {
		Type, Timestamp, Level string
		Detail                 json.RawMessage
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	if want := `{"message":"odd","request_id":"r","of":{"what":"x"}}`; got.Type != "gatehouse" || got.Level != "warn" || string(got.Detail) != want {
		t.Errorf("got %s", &out)
	}
}

func TestLog_whatIsOffIsNotWritten(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLog(telemetry.LogConfig{Out: &out, Level: slog.LevelError, Types: []string{"http-log", "query-log"}})
	log.Write(context.Background(), telemetry.QueryLog, slog.LevelInfo, "below the level")
	log.Write(context.Background(), telemetry.WebhookLog, slog.LevelError, "not enabled")
	log.Exchange(context.Background(), &telemetry.Exchange{Began: time.Now()})
	var none *telemetry.Log
	none.Write(context.Background(), telemetry.QueryLog, slog.LevelError, "nowhere")
	none.Exchange(context.Background(), &telemetry.Exchange{})
	none.Own().Error("nowhere")
	if out.Len() > 0 {
		t.Errorf("written: %s", &out)
	}
	log.Exchange(context.Background(), &telemetry.Exchange{Began: time.Now(), Operation: telemetry.Operation{Failure: refusal{}}})
	if !strings.Contains(out.String(), `"error":{"path":"$","error":"no","code":"access-denied"}`) {
		t.Errorf("a failed request is not written at level error: %s", &out)
	}
}

func TestLog_theQueryIsShownAsEnabled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		types     []string
		onlyError bool
		failed    bool
		want      bool
	}{
		{types: []string{"http-log"}},
		{types: []string{"http-log"}, failed: true},
		{types: []string{"http-log", "query-log"}, want: true},
		{types: []string{"http-log", "query-log"}, onlyError: true},
		{types: []string{"http-log", "query-log"}, onlyError: true, failed: true, want: true},
	} {
		var out bytes.Buffer
		x := telemetry.Exchange{Began: time.Now(), Operation: telemetry.Operation{Query: func() json.RawMessage { return json.RawMessage(`{"query":"{a}"}`) }}}
		if c.failed {
			x.Operation.Failure = refusal{}
		}
		telemetry.NewLog(telemetry.LogConfig{Out: &out, Types: c.types, QueryOnlyOnError: c.onlyError}).Exchange(context.Background(), &x)
		if got := strings.Contains(out.String(), `"query":{"query":"{a}"}`); got != c.want || !json.Valid(out.Bytes()) {
			t.Errorf("%+v: %s", c, &out)
		}
	}
}

func TestLog_oddTextStaysOneLineOfJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLog(telemetry.LogConfig{Out: &out, Types: []string{"http-log"}})
	odd := "a\"b\\c\nd\x00\xff<é>"
	log.Exchange(context.Background(), &telemetry.Exchange{ID: odd, Path: odd, Method: odd, Began: time.Now(), Operation: telemetry.Operation{
		Mode: "single", Variables: telemetry.Variables{odd: odd, "X-Hasura-Admin-Secret": "hidden"},
	}})
	if !json.Valid(out.Bytes()) || strings.Count(out.String(), "\n") != 1 || strings.Contains(out.String(), "hidden") {
		t.Errorf("got %q", &out)
	}
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://user:pass@host:1/path?key=secret#part": "https://host:1/path",
		"http://host/":                  "http://host/",
		"postgres://\x00bad":            "(not a URL)",
		"host=h user=u password=secret": "(not a URL)",
		"password:secret":               "(not a URL)",
	} {
		if got := telemetry.PublicURL(in); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

func BenchmarkExchange(b *testing.B) {
	log := telemetry.NewLog(telemetry.LogConfig{Out: discard{}, Types: []string{"http-log"}})
	x := &telemetry.Exchange{
		ID: "5a8c0f7e-32a9-4ff8-9f8e-8f0c6f4f7a11", IP: "127.0.0.1", Method: "POST", Path: "/v1/graphql", Proto: "HTTP/1.1", Began: time.Now(), Status: 200, Bytes: 105,
		Operation: telemetry.Operation{Mode: "single", Arrived: time.Now(), Variables: telemetry.Variables{"x-hasura-role": "user", "x-hasura-user-id": "7"}},
	}
	b.ReportAllocs()
	for b.Loop() {
		log.Exchange(context.Background(), x)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
