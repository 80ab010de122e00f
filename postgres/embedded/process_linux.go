package embedded

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

func processAttributes(cred *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: cred, Setpgid: true, Pdeathsig: syscall.SIGINT}
}

// superviseProcess starts cmd, reports, waits and closes exited. It holds its thread throughout: the kernel sends the
// parent-death signal when the thread that forked ends, not the process (prctl(2), PR_SET_PDEATHSIG).
func superviseProcess(cmd *exec.Cmd, started chan<- error, exited chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(exited)
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	_ = cmd.Wait()
}

// isPostgres tells whether pid is a living Postgres server on pgdata, so that a number used again by an unrelated
// process is left alone.
func isPostgres(pid int, pgdata string) bool {
	cmdline, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return false
	}
	program, _, _ := strings.Cut(string(cmdline), "\x00")
	return strings.HasSuffix(program, "postgres") && strings.Contains(string(cmdline), pgdata)
}
