// Package server is the composition root: it reads the settings, opens the databases, builds both wings, mounts them,
// starts and stops. Tests boot the same Server that the command does.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/httpd"
	"gatehouse/worker"
)

// Run serves until ctx ends. out gets the banner, errOut the log.
func Run(ctx context.Context, s *Settings, out, errOut io.Writer) error {
	began := time.Now()
	lines := newLogger(&s.Operations, errOut)
	log := lines.Own()
	s.logStart(ctx, lines)
	for _, name := range UnknownVariables(os.Environ(), KnownVariables()) {
		log.WarnContext(ctx, "unknown setting in the environment, see docs/settings.md", "name", name)
	}
	for _, name := range s.Accepted.unheeded() {
		log.WarnContext(ctx, "this setting changes nothing here, see docs/settings.md", "name", name)
	}
	for _, name := range s.Unserved.given() {
		log.WarnContext(ctx, "this setting is about what is not served here, see docs/settings.md", "name", name)
	}
	listeners, err := listen(s)
	if err != nil {
		return err
	}
	defer listeners.close()
	progress := func(step string) { fmt.Fprintln(out, "gatehouse: "+step+" …") }
	server, err := New(ctx, s, listeners.port(), lines, progress)
	if err != nil {
		return err
	}
	return server.serve(ctx, listeners, out, began)
}

// listeners are bound before anything else is started: a port in use is the most common reason not to.
type listeners struct{ main, identity net.Listener }

func (l listeners) close() {
	for _, one := range []net.Listener{l.main, l.identity} {
		if one != nil {
			_ = one.Close()
		}
	}
}

func (l listeners) port() int { return l.main.Addr().(*net.TCPAddr).Port }

func listen(s *Settings) (l listeners, err error) {
	port, identityPort, err := s.Listening.ports()
	if err != nil {
		return l, err
	}
	host := s.Listening.Host
	_, identity := s.halves()
	switch {
	case host == "*":
		host = ""
	case host == "" && s.Database.isEmbedded(identity):
		host = "localhost"
	}
	bind := func(port int) (net.Listener, error) {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return nil, fmt.Errorf("%w; is another Gatehouse running? Choose another port with --port or --identity-port", err)
		}
		return listener, nil
	}
	if l.main, err = bind(port); err != nil {
		return l, err
	}
	if identityPort != 0 {
		if l.identity, err = bind(identityPort); err != nil {
			l.close()
			return l, err
		}
	}
	return l, nil
}

// serve runs the background work and both listeners until ctx ends, then stops in the reverse order.
func (sv *Server) serve(ctx context.Context, l listeners, out io.Writer, began time.Time) error {
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	var background worker.Group
	sv.start(working, &background)
	serving, stopServing := context.WithCancelCause(ctx)
	defer stopServing(nil)
	if sv.databases.embedded != nil {
		go func() {
			select {
			case <-sv.databases.embedded.Done():
				stopServing(errors.New("the embedded Postgres ended; its log is postgres.log in the data directory"))
			case <-working.Done():
			}
		}()
	}
	handlers := map[net.Listener]http.Handler{l.main: sv.Handler()}
	if l.identity != nil {
		handlers[l.identity] = sv.identityHandler()
	}
	if sv.engine != nil {
		background.Go(func() { // else each stream would hold the shutdown for the whole of its grace
			select {
			case <-serving.Done():
				sv.engine.EndStreams(working)
			case <-working.Done():
			}
		})
	}
	background.Go(func() { sv.afterStart(working, out, began) })
	grace := time.Duration(sv.settings.Listening.Grace) * time.Second
	limits := httpd.Limits{Timeout: time.Duration(sv.settings.Listening.Timeout) * time.Second, HeaderBytes: sv.settings.Listening.MaxHeaders, Open: &sv.open}
	err := httpd.Serve(serving, sv.log, grace, limits, handlers)
	if cause := context.Cause(serving); err == nil && cause != nil && ctx.Err() == nil {
		err = cause
	}
	stopWork()
	background.Wait()
	return errors.Join(err, sv.Close(context.WithoutCancel(ctx)))
}

// afterStart does what needs the listener: the demo's data through the public API, then the banner.
func (sv *Server) afterStart(ctx context.Context, out io.Writer, began time.Time) {
	if sv.demo != nil && sv.engine != nil {
		if err := sv.demo.load(ctx, sv.adminSecret); err != nil && ctx.Err() == nil {
			sv.log.WarnContext(ctx, "the demo's data could not be loaded", "error", err)
		}
	}
	if ctx.Err() != nil {
		return
	}
	b := sv.banner(ctx)
	b.took = time.Since(began)
	b.write(out)
	sv.logReady(ctx, b.took)
}

// Close ends what New began.
func (sv *Server) Close(ctx context.Context) error {
	if sv.engine != nil {
		sv.engine.Close()
	}
	if sv.identity != nil {
		sv.identity.Close()
	}
	var closing sync.WaitGroup // side by side: a connection that answers nothing any more takes a while
	for _, pool := range []*pgxpool.Pool{sv.identityPool, sv.authorityPool} {
		if pool != nil {
			closing.Go(pool.Close)
		}
	}
	closing.Wait()
	sv.otlp.Close() // the last to have something to tell
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return sv.databases.close(ctx)
}
