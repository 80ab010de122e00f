package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"gatehouse/engine/project"
	"gatehouse/httpclient"
)

func isTerminal() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}

// config finds the project and reads what names the server: flags, then the environment, then .env, then config.yaml.
func (r *run) config() (*project.Config, error) {
	dir, err := r.projectDir()
	if err != nil {
		return nil, err
	}
	return r.configIn(dir)
}

// configOr is the project's configuration, and where there is no project, that of a directory.
func (r *run) configOr(dir string) (*project.Config, error) {
	c, err := r.config()
	if errors.Is(err, errNoProject) {
		return r.configIn(dir)
	}
	return c, err
}

// configIn is the configuration of a directory, which need not be a project.
func (r *run) configIn(dir string) (*project.Config, error) {
	if err := r.readEnvironment(dir); err != nil {
		return nil, err
	}
	c, err := project.ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		into        *string
		flag, names string
	}{
		{&c.Endpoint, r.common.Endpoint, "HASURA_GRAPHQL_ENDPOINT"},
		{&c.AdminSecret, r.givenSecret(), adminSecretVariables},
		{&c.MetadataDir, "", "HASURA_GRAPHQL_METADATA_DIRECTORY"},
		{&c.MigrationsDir, "", "HASURA_GRAPHQL_MIGRATIONS_DIRECTORY"},
		{&c.SeedsDir, "", "HASURA_GRAPHQL_SEEDS_DIRECTORY"},
	} {
		value := s.flag
		for _, name := range strings.Fields(s.names) {
			value = first(value, r.env[name])
		}
		if value != "" && strings.HasSuffix(s.names, "_DIRECTORY") && !filepath.IsAbs(value) {
			value = filepath.Join(dir, value)
		}
		*s.into = first(value, *s.into)
	}
	c.Endpoint = first(c.Endpoint, "http://localhost:8080")
	return c, nil
}

// adminSecretVariables are what the admin secret may be in; the second is of the first versions of Hasura.
const adminSecretVariables = "HASURA_GRAPHQL_ADMIN_SECRET HASURA_GRAPHQL_ACCESS_KEY"

func (r *run) givenSecret() string { return first(r.common.AdminSecret, r.common.AccessKey) }

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// path is a path of the command line.
func (r *run) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.Dir, name)
}

// errNoProject: there is none at the working directory or above, and none was named.
var errNoProject = errors.New("there is no project here")

// projectDir is --project, or the directory with config.yaml at or above the working directory.
func (r *run) projectDir() (string, error) {
	if r.common.Project != "" {
		dir := r.path(r.common.Project)
		if _, err := os.Stat(filepath.Join(dir, "config.yaml")); err != nil {
			return "", fmt.Errorf("%s is not a project: it has no config.yaml. `gatehouse init` creates a project", dir)
		}
		return dir, nil
	}
	for at := r.Dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "config.yaml")); err == nil {
			return at, nil
		}
		if filepath.Dir(at) == at {
			return "", fmt.Errorf("%w: no config.yaml in %s or above. Name it with --project, or create one with `gatehouse init`", errNoProject, r.Dir)
		}
	}
}

// readEnvironment puts the variables of the project's .env under those of the process.
func (r *run) readEnvironment(dir string) error {
	r.env = map[string]string{}
	name := r.common.EnvFile
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	data, err := os.ReadFile(name)
	switch {
	case err == nil:
		if err := parseEnv(data, r.env); err != nil {
			return fmt.Errorf("%s:%w", name, err)
		}
	case !errors.Is(err, os.ErrNotExist) || r.common.EnvFile != ".env":
		return fmt.Errorf("read the variables: %w", err)
	}
	for _, kv := range r.Environ {
		if key, value, ok := strings.Cut(kv, "="); ok && value != "" {
			r.env[key] = value
		}
	}
	return nil
}

// parseEnv reads lines KEY=value; a value may stand in quotes, a line may begin with export.
func parseEnv(data []byte, into map[string]string) error {
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimPrefix(strings.TrimSpace(lines.Text()), "export ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return fmt.Errorf("%d: KEY=value is expected", n)
		}
		value = strings.TrimSpace(value)
		if quote := strings.IndexAny(value, `"'`); quote == 0 && len(value) > 1 {
			end := strings.LastIndexByte(value, value[0])
			if end == 0 {
				return fmt.Errorf("%d: the quote is not closed", n)
			}
			value = value[1:end]
		} else if comment := strings.Index(value, " #"); comment >= 0 {
			value = strings.TrimSpace(value[:comment])
		}
		into[strings.TrimSpace(key)] = value
	}
	return lines.Err()
}

// project is the project and its server.
func (r *run) project() (*project.Project, error) {
	c, err := r.config()
	if err != nil {
		return nil, err
	}
	s, err := r.server(c)
	if err != nil {
		return nil, err
	}
	return &project.Project{Config: c, Server: s}, nil
}

// server is a Gatehouse, or a Hasura, across HTTP.
type server struct {
	endpoint *url.URL
	secret   string
	client   *http.Client
}

func (r *run) server(c *project.Config) (*server, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%q is not the address of a server: it looks like http://localhost:8080", c.Endpoint)
	}
	settings := &tls.Config{InsecureSkipVerify: r.common.Insecure} //nolint:gosec // only with the flag that says so
	if r.common.CA != "" {
		pem, err := os.ReadFile(r.path(r.common.CA))
		if err != nil {
			return nil, fmt.Errorf("read the certificate authority: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", r.common.CA)
		}
	}
	// A migration takes the time that it takes: nothing ends the exchange but the one who asked.
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: settings, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
		DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	}
	return &server{endpoint: u, secret: c.AdminSecret, client: &http.Client{Transport: transport, CheckRedirect: staysAt(u)}}, nil
}

// staysAt follows redirections on the server itself alone: the secret is for no other.
func staysAt(endpoint *url.URL) func(req *http.Request, via []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		switch {
		case req.URL.Hostname() != endpoint.Hostname() || endpoint.Scheme == "https" && req.URL.Scheme != "https":
			return fmt.Errorf("it redirects to %s, which is not followed: the admin secret is for no other server", req.URL.Redacted())
		case len(via) > 9:
			return errors.New("it redirects in a circle")
		}
		return nil
	}
}

// send asks the server. Its answer may be a refusal.
func (s *server) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.endpoint.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Hasura-Client-Name", "gatehouse-cli")
	if s.secret != "" {
		req.Header.Set("X-Hasura-Admin-Secret", s.secret)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("cannot reach %s: %w\nIs it running? The address comes from --endpoint, HASURA_GRAPHQL_ENDPOINT, .env or endpoint in config.yaml", s.endpoint, httpclient.WithoutURL(err))
	}
	return resp, nil
}

// answer reads an answer whole.
func (s *server) answer(resp *http.Response) ([]byte, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", s.endpoint, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, project.ReadRefusal(resp.StatusCode, body)
	}
	return body, nil
}

// Post implements project.Server.
func (s *server) Post(ctx context.Context, path string, body any) ([]byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	resp, err := s.send(ctx, http.MethodPost, path, raw)
	if err != nil {
		return nil, err
	}
	return s.answer(resp)
}
