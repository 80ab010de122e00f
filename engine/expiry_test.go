package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-jose/go-jose/v4"

	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/jwt"
)

// A subscription ends when the proof of its caller does, on every transport: a token's exp, and what an auth hook's answer
// says of its time.
func TestExpiry_ofTokensAndHookAnswers(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.library()
	const secret = "0123456789abcdef0123456789abcdef"
	soon := func() time.Time { return time.Now().Add(2 * time.Second).Truncate(time.Second) } // what both can say, to the second
	answers := map[string]func() string{
		"hook, Cache-Control": func() string { return `"Cache-Control":"public, max-age=1"` },
		"hook, Expires":       func() string { return `"Expires":"` + soon().UTC().Format(http.TimeFormat) + `"` },
	}
	settings, tokens := map[string]session.Settings{}, map[string]func() string{}
	for name, answer := range answers {
		hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"X-Hasura-Role":"user","X-Hasura-User-Id":"1",`+answer()+`}`)
		}))
		t.Cleanup(hook.Close)
		settings[name], tokens[name] = session.Settings{AuthHook: hook.URL}, func() string { return "t" }
	}
	settings["token"] = session.Settings{JWTSecrets: []string{`{"type":"HS256","key":"` + secret + `","allowed_skew":3600}`}}
	tokens["token"] = func() string {
		claims := fmt.Sprintf(`{"exp":%d,"https://hasura.io/jwt/claims":{"x-hasura-allowed-roles":["user"],"x-hasura-default-role":"user","x-hasura-user-id":"1"}}`, soon().Unix())
		token, err := jwt.Sign(jose.JSONWebKey{Key: []byte(secret), Algorithm: string(jose.HS256)}, "JWT", []byte(claims))
		if err != nil {
			t.Error(err)
		}
		return token
	}
	for name, who := range settings {
		who.AdminSecrets = []session.AdminSecret{{Secret: "s"}}
		callers, err := session.ParseConfig(who)
		if err != nil {
			t.Fatal(err)
		}
		c := config(s.metadataURL, s.dataURL)
		c.Session, c.LiveQueries = callers, subscription.Polling{Interval: 10 * time.Millisecond}
		_, url := serve(t, c)
		problem := `{"message":"Could not verify JWT: JWTExpired","extensions":{"path":"$","code":"invalid-jwt"}}`
		if strings.HasPrefix(name, "hook") {
			problem = `{"message":"the session has expired","extensions":{"path":"$","code":"access-denied"}}`
		}
		const result = `{"data":{"author":[{"name":"Ann"}]}}`
		for protocol, want := range map[string]string{
			"graphql-transport-ws": `{"type":"next","id":"1","payload":` + result + `}{"type":"error","id":"1","payload":[` + problem + `]}{"type":"complete","id":"1"}` +
				`4403{"server_error_msg":"4403: Forbidden: the session has expired"}`,
			"graphql-ws": `{"type":"data","id":"1","payload":` + result + `}{"type":"error","id":"1","payload":{"errors":[` + problem + `]}}{"type":"complete","id":"1"}` +
				`4403{"server_error_msg":"4403: Forbidden: the session has expired"}`,
			"text/event-stream": "event: next\ndata: " + result + "\n\nevent: next\ndata: {\"errors\":[" + problem + "]}\n\nevent: complete\ndata:\n\n",
		} {
			t.Run(name+", "+protocol, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				hear := heardOnSocket
				if strings.Contains(protocol, "/") {
					hear = heardOnStream
				}
				got, err := hear(ctx, url, protocol, tokens[name](), `{"query":"subscription { author { name } }"}`)
				if err != nil || got != want {
					t.Errorf("%v\n got %s\nwant %s", err, got, want)
				}
			})
		}
	}
}

// heardOnSocket is all that the server says about operation 1, and how it closes the connection.
func heardOnSocket(ctx context.Context, url, protocol, token, request string) (string, error) {
	ws, _, err := websocket.Dial(ctx, url+"/v1/graphql", &websocket.DialOptions{Subprotocols: []string{protocol}})
	if err != nil {
		return "", err
	}
	defer func() { _ = ws.CloseNow() }()
	for _, message := range []string{
		`{"type":"connection_init","payload":{"headers":{"Authorization":"Bearer ` + token + `"}}}`,
		`{"type":"start","id":"1","payload":` + request + `}`,
	} {
		if err := ws.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			return "", err
		}
	}
	for heard := ""; ; {
		_, message, err := ws.Read(ctx)
		var closed websocket.CloseError
		switch {
		case errors.As(err, &closed):
			return fmt.Sprint(heard, int(closed.Code), closed.Reason), nil
		case err != nil:
			return heard, err
		case strings.Contains(string(message), `"id":"1"`):
			heard += string(message)
		}
	}
}

// heardOnStream is all of an event stream but the comment it begins with.
func heardOnStream(ctx context.Context, url, accept, token, request string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http"+strings.TrimPrefix(url, "ws")+"/v1/graphql", strings.NewReader(request))
	if err != nil {
		return "", err
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	heard, err := io.ReadAll(resp.Body)
	return strings.TrimPrefix(string(heard), ":\n\n"), err
}
