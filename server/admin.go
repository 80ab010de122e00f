package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"gatehouse/identity"
	"gatehouse/identity/verification"
	"gatehouse/postgres/embedded"
)

// AdminCreate are the arguments of `gatehouse admin create`.
type AdminCreate struct {
	Username string `required:"" help:"Sign-in name of the new administrator."`
	Password string `help:"Password; asked for, or read from standard input, when not given."`
}

// CreateAdmin creates an administrator: a user with the role admin who owns the console. It works beside a running
// Gatehouse and without one.
func CreateAdmin(ctx context.Context, s *Settings, a *AdminCreate, in io.Reader, out io.Writer) error {
	password, err := readPassword(a.Password, in, out)
	if err != nil {
		return err
	}
	s.Listening.Only = "identity"
	if _, identity := s.halves(); s.Database.isEmbedded(identity) {
		if url, running := embedded.Running(ctx, s.Database.DataDir); running {
			s.Database.LogtoURL = url
		}
	}
	port, _, err := s.Listening.ports()
	if err != nil {
		return err
	}
	sv, err := New(ctx, s, port, nil, func(string) {})
	if err != nil {
		return err
	}
	u, err := sv.identity.CreateAdministrator(ctx, identity.NewAdministrator{Username: a.Username, Password: password})
	if err = errors.Join(explain(err), sv.Close(context.WithoutCancel(ctx))); err != nil {
		return fmt.Errorf("create administrator: %w", err)
	}
	fmt.Fprintf(out, "administrator %s created (user id %s)\n", a.Username, u.ID)
	return nil
}

// explain says what is wrong with a name or a password.
func explain(err error) error {
	var rejected *verification.Rejected
	if !errors.As(err, &rejected) {
		return err
	}
	reasons := make([]string, len(rejected.Issues))
	for i, issue := range rejected.Issues {
		reasons[i] = strings.TrimPrefix(issue.Code, "password_rejected.")
	}
	return fmt.Errorf("the password does not meet the policy: %s", strings.Join(reasons, ", "))
}

func readPassword(given string, in io.Reader, out io.Writer) (string, error) {
	if given != "" {
		return given, nil
	}
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(out, "Password: ")
		text, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(out)
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
		return string(text), nil
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read password: %w", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("no password: give --password, or write one to standard input")
	}
	return line, nil
}

// PrintVersion prints the version and whether the pages are in the binary.
func PrintVersion(out io.Writer) {
	pages := "built"
	if !pagesBuilt() {
		pages = "not built (make web)"
	}
	fmt.Fprintf(out, "gatehouse %s\nui: %s\n", Version, pages)
}
