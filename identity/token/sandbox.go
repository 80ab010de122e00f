package token

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"modernc.org/quickjs"

	"gatehouse/httpclient"
)

//go:embed prelude.js
var prelude string

// Limits of one script run. The deadline is Logto's (5000 ms of wall clock, asynchronous work included); the others
// bound what one run can cost the process.
const (
	scriptDeadline  = 5 * time.Second
	scriptGrace     = time.Second
	scriptVerdict   = 5 * time.Second
	scriptMemory    = 48 << 20
	scriptRuns      = 8
	scriptFetches   = 8
	scriptTimers    = 256
	scriptLogs      = 100
	scriptPatience  = 100
	scriptFetchBody = 1 << 20
	scriptOutput    = 64 << 10
)

// ScriptError is the failure of a custom-claims script, in the words the test endpoint shows.
type ScriptError struct {
	Kind    ScriptErrorKind
	Message string
	At      Position // where in the script; the zero value: unknown
}

// Position is a place in a script, counted from 1.
type Position struct{ Line, Column int }

func (e *ScriptError) Error() string { return e.Message }

// ScriptErrorKind says why a script failed.
type ScriptErrorKind string

// Why a script failed. Denied is not an accident: the script called api.denyAccess.
const (
	ScriptDenied  ScriptErrorKind = "denied"
	ScriptSyntax  ScriptErrorKind = "syntax"
	ScriptType    ScriptErrorKind = "type"
	ScriptTimeout ScriptErrorKind = "timeout"
	ScriptRuntime ScriptErrorKind = "runtime"
)

// Input is what a script is called with. Environment nil means the key is absent.
type Input struct {
	Token       any             `json:"token"`
	Context     any             `json:"context"`
	Environment json.RawMessage `json:"environmentVariables,omitempty"`
}

// Sandbox runs custom-claims scripts, each in an engine of its own that is thrown away afterwards.
type Sandbox struct {
	client   *http.Client
	log      *slog.Logger
	slots    chan struct{}
	deadline time.Duration
	// runaways are the digests of scripts that could not be stopped; they are not run again by this process.
	runaways sync.Map
}

// NewSandbox makes a sandbox whose fetch goes through client, which must refuse private addresses.
func NewSandbox(client *http.Client, log *slog.Logger) *Sandbox {
	return &Sandbox{client: client, log: log, slots: make(chan struct{}, scriptRuns), deadline: scriptDeadline}
}

// Run calls getCustomJwtClaims of a script and returns the object it gives. Every failure is a *ScriptError, except
// that of ctx.
func (s *Sandbox) Run(ctx context.Context, source string, in Input) (*Object, error) {
	payload, err := encode(in)
	if err != nil {
		return nil, fmt.Errorf("encode script input: %w", err)
	}
	digest := sha256.Sum256([]byte(source))
	if _, isRunaway := s.runaways.Load(digest); isRunaway {
		return nil, s.timeout()
	}
	ctx, cancel := context.WithTimeout(ctx, s.deadline)
	defer cancel()
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, s.timeout()
	}
	r := &run{sandbox: s, ctx: ctx, answers: make(chan answer, scriptFetches+scriptTimers)}
	done, finished := make(chan outcome, 1), make(chan struct{})
	go func() {
		defer func() { <-s.slots }()
		defer close(finished)
		claims, err := r.guarded(source, string(payload))
		done <- outcome{claims, err}
	}()
	select {
	case o := <-done:
		return o.claims, o.err
	case <-ctx.Done():
	}
	// The engine stops at its next look at the clock, and nearly always ends without memory. A script made to defeat both
	// (see starve) is left behind: nobody waits for it, it keeps its slot, and this process does not run it again.
	verdict := time.AfterFunc(scriptVerdict, func() { s.judge(digest, finished) })
	grace := time.NewTimer(scriptGrace)
	defer grace.Stop()
	select {
	case o := <-done:
		verdict.Stop()
		return o.claims, o.err
	case <-grace.C:
		return nil, s.timeout()
	}
}

// judge bars a script that is still running long after it was told to end.
func (s *Sandbox) judge(digest [sha256.Size]byte, finished <-chan struct{}) {
	select {
	case <-finished:
	default:
		s.runaways.Store(digest, true)
		s.log.Error("custom claims script cannot be stopped; it is not run again until a restart", "slots", cap(s.slots), "taken", len(s.slots))
	}
}

type outcome struct {
	claims *Object
	err    error
}

// guarded keeps a panic of the engine, a translation of C, from ending more than the run.
func (r *run) guarded(source, payload string) (claims *Object, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.sandbox.log.ErrorContext(r.ctx, "script engine panicked", "panic", fmt.Sprint(p))
			claims, err = nil, &ScriptError{Kind: ScriptRuntime, Message: "The script engine failed."}
		}
	}()
	return r.do(source, payload)
}

func (s *Sandbox) timeout() *ScriptError {
	return &ScriptError{Kind: ScriptTimeout, Message: fmt.Sprintf("Script execution timed out after %dms.", s.deadline.Milliseconds())}
}

// answer is what the host owes a script: the outcome of a fetch, or the end of a timer.
type answer struct {
	id   float64
	text string
}

// run is one execution; everything in it happens on one goroutine, except fetches and timers, which only send answers.
type run struct {
	sandbox *Sandbox
	ctx     context.Context
	vm      *quickjs.VM
	answers chan answer
	// closing guards isClosed, and the engine against being starved while it closes.
	closing  sync.Mutex
	isClosed bool

	pending int
	fetches int
	timers  int
	logs    int
	// isOver is true once the script has gone too far: it is being stopped.
	isOver bool

	settled bool
	kind    string
	text    string
	stack   string
}

// aboveScript is put before every script, so that its lines come after all of the prelude's: the engine names both "<eval>"
// in a stack, and only so the script's own frames are told from those of what it calls.
var aboveScript = strings.Repeat("\n", strings.Count(prelude, "\n")+1)

var frame = regexp.MustCompile(`<eval>:(\d+):(\d+)`)

// positionIn finds the innermost place of the script in a stack. What a script made of its own errors' stacks is bounded.
func positionIn(stack string) Position {
	for _, at := range frame.FindAllStringSubmatch(stack[:min(len(stack), 4<<10)], 20) {
		line, wrongLine := strconv.Atoi(at[1])
		column, wrongColumn := strconv.Atoi(at[2])
		if wrongLine == nil && wrongColumn == nil && line > len(aboveScript) {
			return Position{line - len(aboveScript), column}
		}
	}
	return Position{}
}

func (r *run) do(source, payload string) (*Object, error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, &ScriptError{Kind: ScriptRuntime, Message: "The script engine could not start."}
	}
	r.vm = vm
	defer r.close()
	vm.SetMemoryLimit(scriptMemory)
	stop := context.AfterFunc(r.ctx, r.starve)
	defer stop()

	if err := r.registerHost(); err != nil {
		return nil, fmt.Errorf("prepare script engine: %w", err)
	}
	entry, err := r.evalValue(prelude)
	if err != nil {
		return nil, fmt.Errorf("prepare script engine: %w", err)
	}
	defer entry.Free()

	script, err := r.evalValue(aboveScript + source)
	if err != nil {
		return nil, r.failure(err)
	}
	script.Free()
	callee, err := r.evalValue("typeof getCustomJwtClaims === 'function' ? getCustomJwtClaims : undefined")
	if err != nil {
		return nil, r.failure(err)
	}
	defer callee.Free()
	if callee.IsUndefined() {
		return nil, &ScriptError{Kind: ScriptSyntax, Message: "The script does not have a function named `getCustomJwtClaims`"}
	}
	if err := r.call(entry, "run", callee, payload); err != nil {
		return nil, r.failure(err)
	}
	if err := r.loop(entry); err != nil {
		return nil, err
	}
	return r.result()
}

// starve ends a script that is out of time, from another goroutine. An interrupt alone would not do: the engine turns one
// that hits inside an async function or a promise's executor into a rejection and goes on, so a script that makes such
// functions for ever would never end. Without memory it cannot make another, and the next interrupts unwind those it has.
// The limit is one word, read by the engine at each allocation.
func (r *run) starve() {
	r.closing.Lock()
	defer r.closing.Unlock()
	if !r.isClosed {
		r.vm.SetMemoryLimit(0)
		r.vm.Interrupt()
	}
}

func (r *run) close() {
	r.closing.Lock()
	defer r.closing.Unlock()
	r.isClosed = true
	_ = r.vm.Close()
}

// loop runs jobs and hands over answers until the script has settled, or nothing can settle it any more.
func (r *run) loop(entry quickjs.Value) error {
	for {
		if err := r.arm(); err != nil {
			return err
		}
		// An exception of a single job is the script's own affair: what counts is how its promise settles.
		_, _ = r.vm.ExecutePendingJobs()
		switch {
		case r.settled:
			return nil
		case r.ctx.Err() != nil, r.pending == 0:
			// A promise nobody will settle: the wait would end with the same words.
			return r.sandbox.timeout()
		}
		select {
		case <-r.ctx.Done():
			return r.sandbox.timeout()
		case a := <-r.answers:
			r.pending--
			if err := r.call(entry, "deliver", a.id, a.text); err != nil {
				return r.failure(err)
			}
		}
	}
}

func (r *run) result() (*Object, error) {
	switch r.kind {
	case "ok":
	case "denied":
		return nil, &ScriptError{Kind: ScriptDenied, Message: r.text}
	case "type":
		return nil, &ScriptError{Kind: ScriptType, Message: r.text}
	default:
		return nil, &ScriptError{Kind: ScriptRuntime, Message: r.text, At: positionIn(r.stack)}
	}
	if len(r.text) > scriptOutput {
		return nil, &ScriptError{Kind: ScriptType, Message: fmt.Sprintf("The script return value must not exceed %d bytes.", scriptOutput)}
	}
	claims := new(Object)
	if err := json.Unmarshal([]byte(r.text), claims); err != nil {
		return nil, &ScriptError{Kind: ScriptType, Message: "The script return value must be JSON-serializable."}
	}
	return claims, nil
}

// failure names an error of the engine. Out of memory can surface as any exception at all, so its text is shown but
// never interpreted; only a passed deadline is told apart.
func (r *run) failure(err error) error {
	if r.ctx.Err() != nil {
		return r.sandbox.timeout()
	}
	var thrown *quickjs.Error
	if errors.As(err, &thrown) && thrown.Message != "" {
		kind := ScriptRuntime
		if thrown.Name == "SyntaxError" {
			kind = ScriptSyntax
		}
		return &ScriptError{Kind: kind, Message: thrown.Message, At: positionIn(thrown.Stack)}
	}
	return &ScriptError{Kind: ScriptRuntime, Message: err.Error()}
}

// arm gives the next call into the engine what is left of the one deadline: the engine's own timer restarts per call.
func (r *run) arm() error {
	until, _ := r.ctx.Deadline()
	left := time.Until(until)
	if left <= 0 || r.ctx.Err() != nil {
		return r.sandbox.timeout()
	}
	return r.vm.SetEvalTimeout(left)
}

func (r *run) evalValue(source string) (quickjs.Value, error) {
	if err := r.arm(); err != nil {
		return quickjs.Value{}, err
	}
	return r.vm.EvalValue(source, quickjs.EvalGlobal)
}

func (r *run) call(entry quickjs.Value, name string, args ...any) error {
	if err := r.arm(); err != nil {
		return err
	}
	atom, err := r.vm.NewAtom(name)
	if err != nil {
		return err
	}
	function, err := entry.GetPropertyValue(atom)
	if err != nil {
		return err
	}
	defer function.Free()
	_, err = function.Call(quickjs.UndefinedValue, args...)
	return err
}

// registerHost puts the host functions where the prelude picks them up and removes them.
func (r *run) registerHost() error {
	for name, fn := range map[string]quickjs.HostFunc{
		"__settle": r.settle, "__fetch": r.fetch, "__timer": r.timer, "__log": r.logLine, "__url": parseURL, "__random": random,
	} {
		if err := r.vm.RegisterHostFunc(name, r.hosted(fn)); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) settle(args []any) (any, error) {
	if r.settled {
		return quickjs.Undefined{}, nil
	}
	r.settled, r.kind, r.text, r.stack = true, text(args, 0), text(args, 1), text(args, 2)
	return quickjs.Undefined{}, nil
}

func (r *run) timer(args []any) (any, error) {
	if r.timers++; r.timers > scriptTimers {
		return nil, r.tooMany("timers", r.timers-scriptTimers)
	}
	id, wait := number(args, 0), time.Duration(min(number(args, 1), 60_000)*float64(time.Millisecond))
	r.pending++
	time.AfterFunc(wait, func() { r.answers <- answer{id: id} })
	return quickjs.Undefined{}, nil
}

func (r *run) logLine(args []any) (any, error) {
	if r.logs++; r.logs <= scriptLogs {
		r.sandbox.log.DebugContext(r.ctx, "custom claims script wrote", "level", text(args, 0), "bytes", len(text(args, 1)))
	}
	return quickjs.Undefined{}, nil
}

func (r *run) fetch(args []any) (any, error) {
	if r.fetches++; r.fetches > scriptFetches {
		return nil, r.tooMany("requests", r.fetches-scriptFetches)
	}
	id, request := number(args, 0), text(args, 1)
	r.pending++
	go func() { r.answers <- answer{id: id, text: r.sandbox.fetch(r.ctx, request)} }()
	return quickjs.Undefined{}, nil
}

// hosted makes a host function cheap once the script is to end: the engine looks for interrupts only every few thousand
// steps, and each of them may be such a call.
func (r *run) hosted(fn quickjs.HostFunc) quickjs.HostFunc {
	return func(args []any) (any, error) {
		if r.isOver || r.ctx.Err() != nil {
			r.vm.Interrupt()
			return quickjs.Undefined{}, nil
		}
		return fn(args)
	}
}

// tooMany refuses one more of something. A script that does not take no for an answer is stopped.
func (r *run) tooMany(what string, over int) error {
	if over > scriptPatience {
		r.isOver = true
		r.vm.Interrupt()
	}
	return fmt.Errorf("too many %s", what)
}

type fetchRequest struct {
	URL     string      `json:"url"`
	Method  string      `json:"method"`
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`
}

type fetchResponse struct {
	Error      string            `json:"error,omitempty"`
	Status     int               `json:"status"`
	StatusText string            `json:"statusText"`
	URL        string            `json:"url"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// fetch performs one request of a script and returns the answer as JSON. Why a request failed is told in general
// words only, so that a script cannot map a network by error texts.
func (s *Sandbox) fetch(ctx context.Context, request string) string {
	response, err := s.doFetch(ctx, request)
	if err != nil {
		response = &fetchResponse{Error: err.Error()}
	}
	out, err := encode(response)
	if err != nil {
		return `{"error":"unreadable response"}`
	}
	return string(out)
}

func (s *Sandbox) doFetch(ctx context.Context, request string) (*fetchResponse, error) {
	var in fetchRequest
	if err := json.Unmarshal([]byte(request), &in); err != nil {
		return nil, errors.New("invalid request")
	}
	target, err := url.Parse(in.URL)
	if err != nil || (target.Scheme != "http" && target.Scheme != "https") || target.Host == "" {
		return nil, errors.New("invalid URL")
	}
	req, err := http.NewRequestWithContext(ctx, in.Method, target.String(), strings.NewReader(in.Body))
	if err != nil {
		return nil, errors.New("invalid request")
	}
	for _, header := range in.Headers {
		req.Header.Set(header[0], header[1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, errors.New("request failed")
	}
	defer resp.Body.Close()
	body, err := httpclient.ReadAll(resp, scriptFetchBody)
	if err != nil {
		return nil, errors.New("response too large or cut off")
	}
	out := &fetchResponse{
		Status: resp.StatusCode, StatusText: http.StatusText(resp.StatusCode), URL: in.URL,
		Headers: map[string]string{}, Body: string(bytes.ToValidUTF8(body, []byte("\ufffd"))),
	}
	for name, values := range resp.Header {
		out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return out, nil
}

type urlParts struct {
	Protocol string `json:"protocol"`
	Slashes  bool   `json:"slashes"`
	Username string `json:"username"`
	Password string `json:"password"`
	Hostname string `json:"hostname"`
	Port     string `json:"port"`
	Pathname string `json:"pathname"`
	Search   string `json:"search"`
	Hash     string `json:"hash"`
}

var defaultPorts = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}

// parseURL answers the URL shim: the parts of a URL as JSON, or "" when it is none.
func parseURL(args []any) (any, error) {
	u, err := url.Parse(strings.TrimSpace(text(args, 0)))
	if err != nil {
		return "", nil
	}
	if base := text(args, 1); base != "" {
		b, err := url.Parse(base)
		if err != nil || !b.IsAbs() {
			return "", nil
		}
		u = b.ResolveReference(u)
	}
	special := defaultPorts[u.Scheme] != ""
	if !u.IsAbs() || special && u.Hostname() == "" {
		return "", nil
	}
	parts := urlParts{Protocol: u.Scheme + ":", Slashes: special || u.Host != "", Hostname: strings.ToLower(u.Hostname()), Port: u.Port()}
	if strings.Contains(parts.Hostname, ":") {
		parts.Hostname = "[" + parts.Hostname + "]"
	}
	if parts.Port == defaultPorts[u.Scheme] {
		parts.Port = ""
	}
	if u.User != nil {
		parts.Username = u.User.Username()
		parts.Password, _ = u.User.Password()
	}
	if parts.Pathname = u.EscapedPath(); u.Opaque != "" {
		parts.Pathname = u.Opaque
	} else if parts.Pathname == "" && special {
		parts.Pathname = "/"
	}
	if u.RawQuery != "" {
		parts.Search = "?" + u.RawQuery
	}
	if u.Fragment != "" {
		parts.Hash = "#" + u.EscapedFragment()
	}
	out, err := encode(parts)
	return string(out), err
}

func random(args []any) (any, error) {
	b := make([]byte, int(min(max(number(args, 0), 0), 65536)))
	if _, err := rand.Read(b); err != nil {
		return nil, errors.New("no randomness")
	}
	return hex.EncodeToString(b), nil
}

func text(args []any, i int) string {
	if i < len(args) {
		if s, ok := args[i].(string); ok {
			return s
		}
	}
	return ""
}

func number(args []any, i int) float64 {
	if i < len(args) {
		switch n := args[i].(type) {
		case int:
			return float64(n)
		case int64:
			return float64(n)
		case float64:
			return n
		}
	}
	return 0
}
