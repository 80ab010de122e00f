// Package embedded brings a private Postgres up by itself: it finds server binaries on the machine, initialises a
// data directory, starts the server on a unix socket in a private directory, and stops it with Gatehouse.
//
// It supervises a real Postgres; it never downloads one. As root it runs Postgres as an unprivileged user, because
// Postgres refuses to run as root (PG docs: server-start).
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/secret"
)

// Config says where the cluster lives.
type Config struct {
	// DataDir holds everything: the cluster (pgdata), the lock, the generated passwords.
	DataDir string
	// BinDir names the directory of initdb and postgres; empty means to look for them.
	BinDir string
	// Port opens the server on loopback too, with scram and the generated password; 0 keeps it on the unix socket.
	Port int
	// Volatile turns fsync off: for tests, where nothing outlives the process.
	Volatile bool
	// Settings are further server settings (postgres -c name=value).
	Settings map[string]string
	Log      *slog.Logger
	// Progress is told what takes more than a moment ("initialising the database"); may be nil.
	Progress func(string)
}

// Owner is the superuser of the cluster and Database its main database. The data engine connects as a role of its own.
const (
	Owner    = "gatehouse"
	Database = "gatehouse"
)

// Server is a running cluster.
type Server struct {
	dataDir   string
	socketDir string
	password  string
	port      int
	cmd       *exec.Cmd
	exited    chan struct{}
	lock      *os.File
}

// ErrInUse is returned when another process holds the data directory.
var ErrInUse = errors.New("data directory is in use")

// Start finds binaries, initialises DataDir when it is new, and starts the server. It returns when the server answers.
func Start(ctx context.Context, c Config) (*Server, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	bin, err := FindBinaries(c.BinDir)
	if err != nil {
		return nil, err
	}
	cred, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dataDir, err := prepareDataDir(c.DataDir, cred)
	if err != nil {
		return nil, err
	}
	lock, err := lockDataDir(dataDir)
	if err != nil {
		return nil, err
	}
	s := &Server{dataDir: dataDir, lock: lock, port: c.Port}
	if err := s.start(ctx, c, bin, cred); err != nil {
		s.releaseFiles()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, c Config, bin Binaries, cred *syscall.Credential) error {
	pgdata := filepath.Join(s.dataDir, "pgdata")
	var err error
	if s.password, err = readOrCreate(filepath.Join(s.dataDir, passwordFile), func() string { return secret.Token(32) }); err != nil {
		return err
	}
	if err := initialise(ctx, pgdata, bin, cred, s.password, c); err != nil {
		return err
	}
	if err := checkVersion(pgdata, bin); err != nil {
		return err
	}
	if err := clearStale(ctx, pgdata, c.Log); err != nil {
		return err
	}
	if s.socketDir, err = socketDirectory(cred); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dataDir, socketFile), []byte(s.socketDir+"\n"), 0o600); err != nil {
		return fmt.Errorf("note the socket: %w", err)
	}
	if err := s.bringUp(ctx, c, pgdata, bin, cred); err != nil {
		return err
	}
	return s.ensureDatabase(ctx)
}

// settleTime bounds how long the orphans of a killed server may take to end.
const settleTime = 15 * time.Second

// bringUp launches the server and waits until it answers. After a crash of the old server's main process its children
// may hold the shared memory for another moment; Postgres then refuses to start, and is asked again.
func (s *Server) bringUp(ctx context.Context, c Config, pgdata string, bin Binaries, cred *syscall.Credential) error {
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if err := s.launch(c, pgdata, bin, cred); err != nil {
			return err
		}
		err := s.awaitReady(ctx)
		if err == nil {
			return nil
		}
		_ = s.end(context.WithoutCancel(ctx))
		if !strings.Contains(err.Error(), "shared memory block") || time.Since(began) > settleTime || ctx.Err() != nil {
			return err
		}
	}
}

// Files of the data directory: the owner's password, and where the running server's socket is, for commands beside it.
const (
	socketFile   = "postgres-socket"
	passwordFile = "postgres-password"
)

// Running gives the superuser's URL of the cluster that another process runs on a data directory; ok is false when none
// does, or when this user may not read the directory's secrets.
func Running(ctx context.Context, dataDir string) (ownerURL string, ok bool) {
	cred, err := unprivileged()
	if err != nil {
		return "", false
	}
	dir, err := locate(dataDir, cred)
	if err != nil {
		return "", false
	}
	socket, err1 := os.ReadFile(filepath.Join(dir, socketFile))
	password, err2 := os.ReadFile(filepath.Join(dir, passwordFile))
	if err1 != nil || err2 != nil {
		return "", false
	}
	s := &Server{dataDir: dir, socketDir: strings.TrimSpace(string(socket)), password: strings.TrimSpace(string(password))}
	found, _ := filepath.Glob(filepath.Join(s.socketDir, ".s.PGSQL.*"))
	for _, file := range found {
		if port, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(file), ".s.PGSQL.")); err == nil {
			s.port = port
		}
	}
	if s.port == 0 {
		return "", false
	}
	conn, err := pgx.Connect(ctx, s.OwnerURL())
	if err != nil {
		return "", false
	}
	_ = conn.Close(ctx)
	return s.OwnerURL(), true
}

// DataDir is where the cluster and its secrets are: Config.DataDir, unless the unprivileged user could not reach it.
func (s *Server) DataDir() string { return s.dataDir }

// URL is a connection URL to a database of the cluster over its socket, as the given role. The socket is in a
// directory that only the server's user and root can enter, and every connection still proves itself by password.
func (s *Server) URL(database, role, password string) string {
	q := url.Values{"host": {s.socketDir}, "port": {strconv.Itoa(s.listenPort())}}
	return (&url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Path: "/" + database, RawQuery: q.Encode()}).String()
}

// OwnerURL is a superuser's connection URL to the main database.
func (s *Server) OwnerURL() string { return s.URL(Database, Owner, s.password) }

// Done is closed when the server process has ended, for whatever reason.
func (s *Server) Done() <-chan struct{} { return s.exited }

func (s *Server) listenPort() int {
	if s.port == 0 {
		return 5432 // names the socket file only
	}
	return s.port
}

// launch starts the server process in a group of its own, so that a Ctrl-C at the terminal reaches Gatehouse alone and
// Gatehouse decides the order of the end. Should Gatehouse die without stopping it (kill -9), the kernel sends SIGINT,
// Postgres' fast shutdown (PG docs: server-shutdown).
func (s *Server) launch(c Config, pgdata string, bin Binaries, cred *syscall.Credential) error {
	logFile, err := os.OpenFile(filepath.Join(s.dataDir, "postgres.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open Postgres' log: %w", err)
	}
	defer logFile.Close()
	args := []string{"-D", pgdata}
	for k, v := range s.settings(c) {
		args = append(args, "-c", k+"="+v)
	}
	s.cmd = exec.Command(bin.path("postgres"), args...) //nolint:gosec // the binaries the operator or the search named
	s.cmd.Dir = "/"
	s.cmd.Env = cleanEnvironment()
	s.cmd.Stdout, s.cmd.Stderr = logFile, logFile
	s.cmd.SysProcAttr = processAttributes(cred)
	s.exited = make(chan struct{})
	started := make(chan error, 1)
	go superviseProcess(s.cmd, started, s.exited)
	if err := <-started; err != nil {
		return fmt.Errorf("start Postgres: %w", err)
	}
	return nil
}

func (s *Server) settings(c Config) map[string]string {
	settings := map[string]string{
		"unix_socket_directories": s.socketDir, "unix_socket_permissions": "0700", "listen_addresses": "", "port": strconv.Itoa(s.listenPort()),
		"wal_level": "logical", "max_replication_slots": "10", "max_wal_senders": "10",
		// Subscriptions hear of commits that do not wait for the log (synchronous_commit = off) when it is written.
		"wal_writer_delay": "20ms",
		// Compiling a statement costs more than running the ones served here, and bad estimates on new tables ask for it.
		"jit":            "off",
		"shared_buffers": "128MB", "max_connections": "200", "password_encryption": "scram-sha-256",
		"log_destination": "stderr", "logging_collector": "off", "log_line_prefix": "%m [%p] ", "timezone": "UTC", "log_timezone": "UTC",
	}
	if c.Port != 0 {
		settings["listen_addresses"] = "127.0.0.1"
	}
	if c.Volatile {
		settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"] = "off", "off", "off"
	}
	for k, v := range c.Settings {
		settings[k] = v
	}
	return settings
}

// awaitReady waits until the server takes connections; recovery after a crash may take a while.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var last error
	for pause := 5 * time.Millisecond; ; pause = min(pause*3/2, 100*time.Millisecond) {
		conn, err := pgx.Connect(ctx, s.URL("postgres", Owner, s.password))
		if err == nil {
			return conn.Close(ctx)
		}
		last = err
		select {
		case <-s.exited:
			return fmt.Errorf("the embedded Postgres ended while starting: %s", s.lastLogLines())
		case <-ctx.Done():
			return fmt.Errorf("the embedded Postgres did not come up (its log: %s): %w", filepath.Join(s.dataDir, "postgres.log"), last)
		case <-time.After(pause):
		}
	}
}

func (s *Server) lastLogLines() string {
	text, err := os.ReadFile(filepath.Join(s.dataDir, "postgres.log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], " / ")
}

func (s *Server) ensureDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres", Owner, s.password))
	if err != nil {
		return fmt.Errorf("connect to the embedded Postgres: %w", err)
	}
	defer conn.Close(ctx)
	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", Database).Scan(&exists); err != nil {
		return fmt.Errorf("look for database %s: %w", Database, err)
	}
	if exists {
		return nil
	}
	if _, err := conn.Exec(ctx, "create database "+Database); err != nil {
		return fmt.Errorf("create database %s: %w", Database, err)
	}
	return nil
}

// Stop ends the server with a fast shutdown, or at once when ctx ends first (it then recovers at the next start), and
// gives the data directory free.
func (s *Server) Stop(ctx context.Context) error {
	defer s.releaseFiles()
	return s.end(ctx)
}

func (s *Server) end(ctx context.Context) error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-s.exited:
		return nil
	case <-ctx.Done():
		_ = s.cmd.Process.Signal(syscall.SIGQUIT)
		<-s.exited
		return fmt.Errorf("stop Postgres: %w", ctx.Err())
	}
}

func (s *Server) releaseFiles() {
	if s.socketDir != "" {
		_ = os.RemoveAll(s.socketDir)
	}
	if s.lock != nil {
		_ = s.lock.Close() // gives the flock free
		s.lock = nil
	}
}
