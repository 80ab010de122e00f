package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fallbackDataDir is used by root when the wanted directory cannot be entered by the unprivileged user.
const fallbackDataDir = "/var/lib/gatehouse"

// locate says where the data directory really is. With cred set (running as root) a directory below one that the
// unprivileged user cannot traverse, for instance /root, moves to /var/lib/gatehouse.
func locate(dir string, cred *syscall.Credential) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("data directory: %w", err)
	}
	if cred != nil && !traversable(filepath.Dir(dir), cred) {
		// Named after the wanted place: two projects in untraversable places must not share one cluster.
		dir = filepath.Join(fallbackDataDir, strings.Trim(strings.ReplaceAll(dir, "/", "-"), "-"))
	}
	return dir, nil
}

// prepareDataDir makes the directory where it belongs.
func prepareDataDir(dir string, cred *syscall.Credential) (string, error) {
	dir, err := locate(dir, cred)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make data directory: %w", err)
	}
	return dir, nil
}

// traversable tells whether the user may enter dir: every existing directory up to the root grants execute to the user,
// its group or others.
func traversable(dir string, cred *syscall.Credential) bool {
	for {
		var st syscall.Stat_t
		if err := syscall.Stat(dir, &st); err == nil {
			may := st.Mode&0o001 != 0 || st.Gid == cred.Gid && st.Mode&0o010 != 0 || st.Uid == cred.Uid && st.Mode&0o100 != 0
			if !may {
				return false
			}
		}
		if dir == "/" || dir == "." {
			return true
		}
		dir = filepath.Dir(dir)
	}
}

// lockDataDir takes an exclusive lock for the life of this process. The kernel gives it free whenever the process ends,
// so a lock left behind by a crash never blocks.
func lockDataDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(f.Name())
		_ = f.Close()
		return nil, fmt.Errorf("%w: %s is served by another Gatehouse (process %s); stop it, or give this one its own --data-dir",
			ErrInUse, dir, strings.TrimSpace(string(holder)))
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return f, nil
}

// initialise runs initdb unless the cluster exists. It works in a directory beside and renames it at the end, so that a
// process killed in the middle leaves no half cluster behind.
func initialise(ctx context.Context, pgdata string, bin Binaries, cred *syscall.Credential, password string, c Config) error {
	if _, err := os.Stat(filepath.Join(pgdata, "PG_VERSION")); err == nil {
		return nil
	}
	if entries, err := os.ReadDir(pgdata); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty and holds no Postgres cluster; name another --data-dir", pgdata)
	}
	c.Progress("initialising the database in " + filepath.Dir(pgdata))
	work := filepath.Join(filepath.Dir(pgdata), "pgdata.new")
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("clear unfinished cluster: %w", err)
	}
	if err := os.Mkdir(work, 0o700); err != nil {
		return fmt.Errorf("make cluster directory: %w", err)
	}
	pwFile, err := writePasswordFile(password, cred)
	if err != nil {
		return err
	}
	defer os.Remove(pwFile)
	if err := give(work, cred); err != nil {
		return err
	}
	args := []string{"-D", work, "-U", Owner, "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--pwfile=" + pwFile}
	if c.Volatile {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, bin.path("initdb"), args...) //nolint:gosec // see launch
	cmd.Dir = "/"
	cmd.Env = cleanEnvironment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Remove(pgdata); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace cluster directory: %w", err)
	}
	if err := os.Rename(work, pgdata); err != nil {
		return fmt.Errorf("put cluster in place: %w", err)
	}
	return nil
}

// give hands a path to the server's user; nothing to do when that is the present user.
func give(path string, cred *syscall.Credential) error {
	if cred == nil {
		return nil
	}
	if err := os.Chown(path, int(cred.Uid), int(cred.Gid)); err != nil {
		return fmt.Errorf("give %s to the unprivileged user: %w", path, err)
	}
	return nil
}

func writePasswordFile(password string, cred *syscall.Credential) (string, error) {
	f, err := os.CreateTemp("/tmp", "gh-initdb-*")
	if err != nil {
		return "", fmt.Errorf("write password file: %w", err)
	}
	defer f.Close()
	if err := give(f.Name(), cred); err != nil {
		return "", err
	}
	if _, err := f.WriteString(password + "\n"); err != nil {
		return "", fmt.Errorf("write password file: %w", err)
	}
	return f.Name(), nil
}

// checkVersion refuses a cluster of another major version than the binaries': Postgres would too, less clearly.
func checkVersion(pgdata string, bin Binaries) error {
	text, err := os.ReadFile(filepath.Join(pgdata, "PG_VERSION"))
	if err != nil {
		return fmt.Errorf("read cluster version: %w", err)
	}
	if have := strings.TrimSpace(string(text)); have != strconv.Itoa(bin.Major) {
		return fmt.Errorf("%s was made by Postgres %s, but the binaries in %s are version %d; install Postgres %s, or move the data with pg_upgrade or pg_dump",
			pgdata, have, bin.Dir, bin.Major, have)
	}
	return nil
}

// clearStale deals with what a crash left. A postmaster.pid of a dead server is Postgres' own business; a server that
// outlived its Gatehouse must end before a new one starts.
func clearStale(ctx context.Context, pgdata string, log *slog.Logger) error {
	text, err := os.ReadFile(filepath.Join(pgdata, "postmaster.pid"))
	if err != nil {
		return nil //nolint:nilerr // no file, nothing stale
	}
	pid, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(string(text), "\n", 2)[0]))
	if err != nil || pid <= 1 || !isPostgres(pid, pgdata) {
		return nil //nolint:nilerr // a torn file is a dead server's
	}
	log.WarnContext(ctx, "an orphaned Postgres still runs on the data directory, stopping it", "pid", pid)
	_ = syscall.Kill(pid, syscall.SIGINT)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if !isPostgres(pid, pgdata) {
			return nil
		}
	}
	return fmt.Errorf("a Postgres server (process %d) still runs on %s and does not stop; stop it by hand", pid, pgdata)
}

// readOrCreate reads a one-line secret file, or creates it readable by this user only.
func readOrCreate(path string, create func() string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil && strings.TrimSpace(string(text)) != "" {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	value := create()
	work := path + ".new"
	if err := os.WriteFile(work, []byte(value+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(work, path); err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	return value, nil
}

// Secret reads a one-line secret of the data directory, or creates it (mode 0600).
func (s *Server) Secret(name string, create func() string) (value string, created bool, err error) {
	path := filepath.Join(s.dataDir, name)
	_, statErr := os.Stat(path)
	value, err = readOrCreate(path, create)
	return value, errors.Is(statErr, fs.ErrNotExist), err
}
