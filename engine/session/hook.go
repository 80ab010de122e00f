package session

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/httpclient"
	"gatehouse/telemetry"
)

// maxHookAnswer bounds an auth hook's answer: session variables, never a document.
const maxHookAnswer = 1 << 20

// HasuraVersion is the release of Hasura whose behaviour the data API follows, where clients ask for it.
const HasuraVersion = "v2.48.0"

const userAgent = "hasura-graphql-engine/" + HasuraVersion

// hook is Hasura's auth hook (webhook) mode.
type hook struct {
	config *Config
	url    string
	isPost bool
	// sendBody adds the GraphQL request to a POST hook's payload.
	sendBody bool
	client   *http.Client
	answers  *hookAnswers
	log      *slog.Logger
	lines    *telemetry.Log
	now      func() time.Time
}

// notForwarded are the headers a GET hook is not sent: they speak of the client's connection, not of the caller
// (Hasura: Server/Utils, commonClientHeadersIgnored).
var notForwarded = map[string]bool{
	"Content-Length": true, "Content-Md5": true, "User-Agent": true, "Host": true, "Origin": true, "Referer": true,
	"Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Accept-Datetime": true, "Cache-Control": true,
	"Connection": true, "Dnt": true, "Content-Type": true,
	// Hop-by-hop (RFC 9110 §7.6.1): forwarding them would frame our own request.
	"Transfer-Encoding": true, "Te": true, "Trailer": true, "Upgrade": true, "Keep-Alive": true, "Proxy-Connection": true,
}

// resolve asks the hook who the caller is, or remembers what it answered.
func (k *hook) resolve(ctx context.Context, req Request) (*Session, error) {
	if k.answers == nil {
		s, _, err := k.ask(ctx, req)
		return s, err
	}
	key := k.key(&req)
	if s, ok := k.answers.get(key); ok {
		return s, nil
	}
	s, answered, err := k.ask(ctx, req)
	if err == nil {
		k.answers.put(key, s, answered)
	}
	return s, err
}

// key is what the hook is shown of a request. The GraphQL request is read once.
func (k *hook) key(req *Request) digest {
	if !k.isPost {
		return keyOf(req.Header, notForwarded, nil)
	}
	var body json.RawMessage
	if k.sendBody && req.Body != nil {
		body = req.Body()
		req.Body = func() json.RawMessage { return body }
	}
	return keyOf(req.Header, nil, body)
}

// ask gives the hook's answer, with the headers that it came with.
func (k *hook) ask(ctx context.Context, req Request) (*Session, http.Header, error) {
	out, err := k.request(ctx, req)
	if err != nil {
		return nil, nil, unreachable(err)
	}
	resp, err := k.client.Do(out) //nolint:bodyclose // ReadAll closes it
	k.answered(ctx, out.Method, resp, err)
	if err != nil {
		return nil, nil, unreachable(err)
	}
	body, err := httpclient.ReadAll(resp, maxHookAnswer)
	if err != nil {
		return nil, nil, unreachable(err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
		s, err := k.session(body, resp.Header)
		return s, resp.Header, err
	case http.StatusUnauthorized:
		return nil, nil, fault.New(fault.AccessDenied, "", "Authentication hook unauthorized this request").WithStatus(http.StatusUnauthorized)
	default:
		return nil, nil, fault.New(fault.Unexpected, "", "Invalid response from authorization hook").WithCause(fmt.Errorf("the hook answered %s", resp.Status))
	}
}

// answered writes how the hook answered (Hasura: Server/Logging, WebHookLog), but not what: that speaks of people.
func (k *hook) answered(ctx context.Context, method string, resp *http.Response, err error) {
	line := struct {
		StatusCode *int    `json:"status_code"`
		URL        string  `json:"url"`
		Method     string  `json:"method"`
		HTTPError  *string `json:"http_error"`
		Response   *string `json:"response"`
		Message    *string `json:"message"`
	}{URL: telemetry.PublicURL(k.url), Method: method}
	level := slog.LevelInfo
	if err != nil {
		text := httpclient.WithoutURL(err).Error()
		line.HTTPError, level = &text, slog.LevelError
	} else {
		line.StatusCode = &resp.StatusCode
		if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusUnauthorized {
			level = slog.LevelError
		}
	}
	k.lines.Write(ctx, telemetry.WebhookLog, level, line)
}

// unreachable hides why the hook did not answer from the client.
func unreachable(err error) error {
	err = httpclient.WithoutURL(err)
	return fault.New(fault.Unexpected, "", "webhook authentication request failed").WithCause(err)
}

func (k *hook) request(ctx context.Context, req Request) (*http.Request, error) {
	if k.isPost {
		return k.post(ctx, req)
	}
	out, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range req.Header {
		if !notForwarded[name] {
			out.Header[name] = values
		}
	}
	out.Header.Set("User-Agent", userAgent)
	return out, nil
}

func (k *hook) post(ctx context.Context, req Request) (*http.Request, error) {
	headers := make(map[string]string, len(req.Header))
	for name, values := range req.Header {
		if len(values) > 0 {
			headers[name] = values[len(values)-1]
		}
	}
	payload := map[string]any{"headers": headers}
	if k.sendBody {
		payload["request"] = nil
		if req.Body != nil {
			payload["request"] = req.Body()
		}
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	out, err := http.NewRequestWithContext(ctx, http.MethodPost, k.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out.Header.Set("Content-Type", "application/json")
	out.Header.Set("User-Agent", userAgent)
	return out, nil
}

// session reads the hook's answer: a JSON object of strings.
func (k *hook) session(body []byte, h http.Header) (*Session, error) {
	answer, err := decodeObject(body)
	if err != nil {
		return nil, fault.New(fault.Unexpected, "", "Invalid response from authorization hook: Error in $: not a JSON object").WithCause(err)
	}
	vars := make(map[string]string)
	extras := make(map[string]string)
	for name, value := range answer {
		text, ok := value.(string)
		if !ok {
			return nil, fault.New(fault.Unexpected, "", "Invalid response from authorization hook: Error in %s: parsing Text failed, expected String, but encountered %s",
				fault.Key(fault.Root, name), jsonKind(value))
		}
		if isVariable(name) {
			vars[strings.ToLower(name)] = text
		} else {
			extras[name] = text
		}
	}
	role := vars[roleVariable]
	if role == "" {
		return nil, fault.New(fault.InvalidParams, "", "%q not found in session variables", roleVariable)
	}
	s, err := k.config.choose(role, nil)
	if err != nil {
		return nil, err
	}
	s.Variables, s.Expires = seal(vars, s.Role), k.expiry(extras)
	for _, cookie := range h.Values("Set-Cookie") {
		s.ResponseHeaders = append(s.ResponseHeaders, [2]string{"Set-Cookie", cookie})
	}
	return s, nil
}

var maxAge = regexp.MustCompile(`(?i)(?:^|[\s,])(?:s-maxage|max-age)\s*=\s*"?(\d{1,10})"?`)

// expiry is how long the answer stands on an open socket: the keys Cache-Control and Expires of the answer's body.
func (k *hook) expiry(extras map[string]string) time.Time {
	if m := maxAge.FindStringSubmatch(extras["Cache-Control"]); m != nil {
		seconds, err := strconv.ParseInt(m[1], 10, 64)
		if err == nil {
			return k.now().Add(time.Duration(seconds) * time.Second)
		}
	}
	if text := extras["Expires"]; text != "" {
		if t, err := http.ParseTime(text); err == nil {
			return t
		}
		k.log.Warn("auth hook's Expires is no HTTP date")
	}
	return time.Time{}
}
