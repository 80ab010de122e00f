package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine"
	"gatehouse/engine/session"
	"gatehouse/engine/transport"
	"gatehouse/httpd"
	"gatehouse/identity"
	"gatehouse/identity/authority"
	"gatehouse/identity/console"
	"gatehouse/postgres"
	"gatehouse/secret"
	"gatehouse/telemetry"
	"gatehouse/web"
	"gatehouse/worker"
)

// Server is both wings, assembled.
type Server struct {
	settings  *Settings
	log       *slog.Logger
	lines     *telemetry.Log
	metrics   *telemetry.Metrics
	activity  activity
	otlp      *telemetry.OTLP
	open      atomic.Int64 // HTTP connections
	port      int
	databases *databases

	adminSecret      string
	isNewAdminSecret bool
	identityPool     *pgxpool.Pool
	authorityPool    *pgxpool.Pool        // so that a busy identity half keeps no request of the data half waiting
	identity         *identity.Identity   // nil with --only data
	authority        *authority.Authority // as identity
	engine           *engine.Engine       // nil with --only identity
	console          *console.Handler     // nil where it is switched off
	demo             *demo
	handler, narrow  http.Handler
}

// New opens the databases and builds the halves that run. port is the one that will be served; progress is told what
// takes more than a moment.
func New(ctx context.Context, s *Settings, port int, lines *telemetry.Log, progress func(string)) (*Server, error) {
	log := lines.Own()
	sv := &Server{settings: s, log: log, lines: lines, port: port}
	sv.startMetrics()
	sv.startExports()
	var err error
	if sv.databases, err = openDatabases(ctx, s, log, progress); err != nil {
		return nil, err
	}
	if err = sv.build(ctx, progress); err != nil {
		return nil, errors.Join(err, sv.Close(context.WithoutCancel(ctx)))
	}
	return sv, nil
}

func (sv *Server) build(ctx context.Context, progress func(string)) error {
	if err := sv.findAdminSecret(); err != nil {
		return err
	}
	data, identityRuns := sv.settings.halves()
	if identityRuns {
		if err := sv.buildIdentity(ctx); err != nil {
			return err
		}
	}
	if err := sv.buildConsole(); err != nil {
		return err
	}
	if data {
		if err := sv.buildEngine(ctx, progress); err != nil {
			return err
		}
	}
	if sv.settings.Operations.Demo && sv.identity != nil && sv.engine != nil {
		sv.demo = &demo{directory: sv.identity.Directory(), settle: sv.authority.Settle, callers: sv.engine.Callers(), base: sv.base(), endpoint: sv.endpoint()}
		if err := sv.demo.seed(ctx); err != nil {
			return fmt.Errorf("prepare the demo: %w", err)
		}
	}
	return sv.mount(ctx)
}

// findAdminSecret: set, generated with the embedded Postgres, or deliberately none.
func (sv *Server) findAdminSecret() (err error) {
	s := &sv.settings.Secrets
	data, _ := sv.settings.halves()
	switch {
	case s.AdminSecret != "":
		sv.adminSecret = s.AdminSecret
	case s.Insecure:
	case sv.databases.embedded != nil:
		sv.adminSecret, sv.isNewAdminSecret, err = sv.databases.embedded.Secret("admin-secret", func() string { return secret.Token(32) })
	case data:
		return errors.New("no admin secret: set HASURA_GRAPHQL_ADMIN_SECRET (--admin-secret). To let everybody in as administrator, " +
			"on a database of your own and knowing what that means, start with --insecure-no-admin-secret")
	}
	return err
}

func (sv *Server) base() string { return fmt.Sprintf("http://localhost:%d", sv.port) }

func (sv *Server) buildIdentity(ctx context.Context) error {
	var err error
	sv.identityPool, err = postgres.Open(ctx, postgres.Config{
		URL:      sv.databases.identity,
		MaxConns: int32(max(2, sv.settings.Identity.PoolSize)), AppName: "gatehouse-identity", IsOwn: true,
	})
	if err != nil {
		return fmt.Errorf("identity database: %w", err)
	}
	config, err := sv.identityConfig()
	if err != nil {
		return err
	}
	if sv.identity, err = identity.New(ctx, config); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	sv.authorityPool, err = postgres.Open(ctx, postgres.Config{URL: sv.databases.identity, MaxConns: authority.Connections, AppName: "gatehouse-authority", IsOwn: true})
	if err != nil {
		return fmt.Errorf("identity database: %w", err)
	}
	sv.authority = authority.New(authority.Config{Pool: sv.authorityPool, URL: sv.databases.identity, Log: sv.log, Changed: func() {
		if sv.engine != nil { // open sockets are looked at again at once
			sv.engine.ReviewCallers()
		}
	}})
	return nil
}

// endpoint is the public URL of the identity half.
func (sv *Server) endpoint() string {
	if e := sv.settings.Listening.Endpoint; e != "" {
		return strings.TrimRight(e, "/")
	}
	if _, identityPort, err := sv.settings.Listening.ports(); err == nil && identityPort != 0 {
		return fmt.Sprintf("http://localhost:%d", identityPort)
	}
	return sv.base()
}

// buildEngine makes the engine, and applies the project that is mounted. Who has to wait for another process to do that
// reads the databases afterwards.
func (sv *Server) buildEngine(ctx context.Context, progress func(string)) error {
	c, err := sv.engineConfig()
	if err != nil {
		return err
	}
	for _, dir := range sv.settings.Project.missing() {
		sv.log.WarnContext(ctx, "there is nothing to apply: the directory does not exist", "directory", dir)
	}
	isMounted := sv.settings.Project.isMounted()
	if isMounted {
		isTold := false
		turn, err := engine.TakeTurn(ctx, c.MetadataURL, func() error {
			if !isTold {
				progress("waiting for somebody else who applies a project")
			}
			isTold = true
			return nil
		})
		if err != nil {
			return err
		}
		defer turn.End(ctx)
	}
	if sv.engine, err = engine.New(ctx, c); err != nil {
		return fmt.Errorf("data engine: %w", err)
	}
	if !isMounted {
		return nil
	}
	if err := sv.applyProject(ctx); err != nil {
		return fmt.Errorf("apply the project at start: %w", err)
	}
	return nil
}

// standing lets the engine ask identity's authority without either knowing the other.
type standing struct{ *authority.Authority }

func (s standing) Standing(ctx context.Context, t session.AccessToken) (session.Standing, error) {
	st, err := s.Authority.Standing(ctx, authority.Token(t))
	return session.Standing(st), err
}

// start begins the background work of both halves.
func (sv *Server) start(ctx context.Context, g *worker.Group) {
	g.Go(func() { keepHeadroom(ctx) })
	if sv.identity != nil {
		g.Go(func() { _ = sv.identity.Run(ctx) })
		g.Go(func() { sv.authority.Run(ctx) })
	}
	if sv.console != nil {
		g.Go(func() { sv.sweepConsole(ctx) })
	}
	if sv.engine != nil {
		g.Go(func() { _ = sv.engine.Run(ctx) })
	}
}

// mount decides which half answers a path: the main port serves everything, the identity port that half only.
func (sv *Server) mount(ctx context.Context) error {
	wide, err := sv.routes(ctx, true)
	if err != nil {
		return err
	}
	narrow, err := sv.routes(ctx, false)
	if err != nil {
		return err
	}
	if sv.console != nil {
		wide, narrow = sv.console.Guard(wide), sv.console.Guard(narrow)
	}
	sv.handler, sv.narrow = sv.wrap(wide), sv.wrap(narrow)
	return nil
}

// Handler serves the main port.
func (sv *Server) Handler() http.Handler { return sv.handler }

func (sv *Server) identityHandler() http.Handler { return sv.narrow }

func (sv *Server) wrap(h http.Handler) http.Handler {
	return httpd.Middleware(httpd.Config{Log: sv.log, TrustProxy: sv.settings.Listening.TrustProxy, Trace: sv.trace, Answered: sv.answered}, h)
}

// dataPrefixes are the data half's paths; /api is shared, and its part there is listed before identity's.
// The bare names stand beside their prefixes so that they are not found, rather than redirected.
var dataPrefixes = []string{
	"/v1", "/v1/", "/v1alpha1", "/v1alpha1/", "/v1beta1", "/v1beta1/", "/v2", "/v2/", "/dev", "/dev/", "/pro", "/pro/",
	"/api/rest", "/api/rest/", "/api/swagger/json", "/healthz", "/healthz/sources", "/hasura/healthz",
}

// identityPrefixes are the identity half's paths beside its pages.
var identityPrefixes = []string{"/oidc/", "/api/", "/consent"}

func (sv *Server) routes(ctx context.Context, withData bool) (http.Handler, error) {
	mux := http.NewServeMux()
	if sv.engine != nil && withData {
		for _, prefix := range dataPrefixes {
			mux.Handle(prefix, sv.engine.Handler())
		}
	} else {
		mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("OK")) })
	}
	if sv.identity != nil {
		for _, prefix := range identityPrefixes {
			mux.Handle(prefix, settling(sv.authority, sv.identity.Handler()))
		}
	}
	pages := sv.pages(withData)
	handler := web.Handler(pages) // one: it holds every page and asset
	for _, pattern := range pages.Patterns() {
		if pattern != "/consent" { // identity grants it where it can, and shows the page otherwise
			mux.Handle(pattern, handler)
		}
	}
	if sv.settings.servesMetrics() {
		mux.HandleFunc("GET /v1/metrics", sv.serveMetrics)
	}
	mux.HandleFunc("/", transport.NotFound)
	if !withData {
		return onlyClean(mux), nil
	}
	return onlyClean(mux), sv.mountConsole(ctx, mux)
}

// onlyClean finds nothing at paths with empty or dot segments, which the mux would redirect: an API's client is answered
// where it asks, and a redirect may lose its body.
func onlyClean(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		if strings.Contains(path, "//") || strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../") {
			transport.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (sv *Server) mountConsole(ctx context.Context, mux *http.ServeMux) error {
	if sv.console != nil {
		sv.console.Mount(mux)
		sv.mountConsoleStatus(mux)
		mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/console", http.StatusFound) })
		if sv.identity != nil {
			setUp, err := sv.identity.SetUp(ctx, sv.console.Begin)
			if err != nil {
				return fmt.Errorf("prepare the set-up link: %w", err)
			}
			mux.Handle("POST /console/api/setup", setUp)
		}
	}
	if sv.demo != nil {
		mux.HandleFunc("GET /demo/config.json", sv.demo.config)
		mux.HandleFunc("POST /demo/api/roles", sv.demo.changeRole)
	}
	return nil
}

// managementSecret says whether an admin secret opens the Management API, and its name.
func (sv *Server) managementSecret() (func(given string) (name string, ok bool), error) {
	all, err := sv.adminSecrets()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	c := session.Config{Settings: session.Settings{AdminSecrets: all}}
	return func(given string) (string, bool) {
		if s := c.AdminSecret(given); s != nil && s.Opens(session.ScopeManagement) {
			return s.Name, true
		}
		return "", false
	}, nil
}

// pages are what web serves on a port.
func (sv *Server) pages(withData bool) web.Config {
	c := web.Config{Log: sv.log, SignIn: sv.identity != nil, Console: withData && sv.settings.Operations.Console, Demo: withData && sv.demo != nil}
	if sv.identity == nil {
		return c
	}
	if sv.endpoint() != sv.base() {
		c.IdentityOrigin = sv.endpoint()
	}
	c.SignInExperience = func(r *http.Request) (json.RawMessage, error) { return sv.identity.SignInSettings(r.Context()) }
	c.HasInteraction = func(r *http.Request) bool {
		_, err := sv.identity.Provider().Interactions().Find(r.Context(), r)
		return err == nil
	}
	return c
}

func (sv *Server) banner(ctx context.Context) banner {
	b := banner{
		port: sv.port, data: sv.engine != nil, identity: sv.identity != nil, console: sv.settings.Operations.Console, demo: sv.demo != nil,
		isOpen: sv.engine != nil && sv.adminSecret == "",
	}
	if sv.databases.embedded != nil {
		b.dataDir = sv.databases.embedded.DataDir()
	}
	if sv.isNewAdminSecret {
		b.adminSecret = sv.adminSecret
	}
	if sv.identity != nil {
		b.issuer = sv.identity.Issuer()
		if link, err := sv.identity.SetUpLink(ctx); err == nil && sv.settings.Operations.Console {
			b.setupToken = link
		}
	}
	return b
}
