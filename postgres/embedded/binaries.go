package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Binaries are one installation of the Postgres server programs.
type Binaries struct {
	Dir   string
	Major int
}

func (b Binaries) path(name string) string { return filepath.Join(b.Dir, name) }

// ErrNoBinaries is returned when no Postgres server programs are found; the error names the command that installs them.
var ErrNoBinaries = errors.New("no Postgres server binaries found")

// minMajor is the oldest major version the embedded cluster runs on.
const minMajor = 13

// places are where Debian, Red Hat, a build from source, Alpine, Homebrew and Postgres.app put the server programs.
var places = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/usr/libexec/postgresql*",
	"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin",
}

// FindBinaries looks for initdb and postgres: in dir when given, else in PATH, else in the usual places, the newest
// version first.
func FindBinaries(dir string) (Binaries, error) {
	if dir != "" {
		b, err := inspect(dir)
		if err != nil {
			return Binaries{}, fmt.Errorf("no usable Postgres server binaries in %s: %w", dir, err)
		}
		return b, nil
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(p); err == nil {
			if b, err := inspect(filepath.Dir(target)); err == nil {
				return b, nil
			}
		}
	}
	var found []Binaries
	for _, pattern := range places {
		dirs, _ := filepath.Glob(pattern)
		for _, d := range dirs {
			if b, err := inspect(d); err == nil {
				found = append(found, b)
			}
		}
	}
	if len(found) == 0 {
		return Binaries{}, fmt.Errorf("%w: install them with `%s`, or point GATEHOUSE_DATABASE_URL at a Postgres you have", ErrNoBinaries, installCommand())
	}
	return slices.MaxFunc(found, func(a, b Binaries) int { return a.Major - b.Major }), nil
}

var versionPattern = regexp.MustCompile(`\) (\d+)`)

func inspect(dir string) (Binaries, error) {
	for _, name := range []string{"initdb", "postgres"} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.IsDir() {
			return Binaries{}, fmt.Errorf("%s is missing", name)
		}
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec // a directory the operator or the search named
	if err != nil {
		return Binaries{}, fmt.Errorf("postgres --version: %w", err)
	}
	m := versionPattern.FindSubmatch(out)
	if m == nil {
		return Binaries{}, fmt.Errorf("postgres --version says %q", out)
	}
	major, _ := strconv.Atoi(string(m[1]))
	if major < minMajor {
		return Binaries{}, fmt.Errorf("version %d is older than %d", major, minMajor)
	}
	return Binaries{Dir: dir, Major: major}, nil
}

// installCommand is the one command that installs a server on this machine.
func installCommand() string {
	for _, m := range []struct{ tool, command string }{
		{"apt-get", "apt-get install -y postgresql"},
		{"dnf", "dnf install -y postgresql-server"},
		{"apk", "apk add postgresql"},
		{"pacman", "pacman -S --noconfirm postgresql"},
		{"brew", "brew install postgresql"},
	} {
		if _, err := exec.LookPath(m.tool); err == nil {
			if m.tool != "brew" && os.Geteuid() != 0 {
				return "sudo " + m.command
			}
			return m.command
		}
	}
	return "your package manager's postgresql server package"
}

// unprivileged is the user to run Postgres as: nil for the present user, else (as root) postgres, or nobody where that
// does not exist. initdb needs the user to have an entry in the password database.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // a nil credential means: as we are
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("running as root, and neither user postgres nor nobody exists to run Postgres as: start Gatehouse as an ordinary user")
}

// socketDirectory is a fresh private directory for the socket, short because a socket path is limited to 107 bytes.
func socketDirectory(cred *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp("/tmp", "gh-pg-")
	if err != nil {
		return "", fmt.Errorf("make socket directory: %w", err)
	}
	return dir, give(dir, cred)
}

// cleanEnvironment is what the server programs inherit: not the caller's PG* variables, which would redirect them, and
// nothing that may be secret.
func cleanEnvironment() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=/"}
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "LD_LIBRARY_PATH=") || strings.HasPrefix(kv, "TZDIR=") {
			env = append(env, kv)
		}
	}
	return env
}
