package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/internal/testpg"
)

// certificate is a certificate and its key as PEM.
type certificate struct {
	cert, key string
	parsed    *x509.Certificate
	private   *ecdsa.PrivateKey
}

// newCertificate makes one, signed by an authority or, with nil, by itself.
func newCertificate(t *testing.T, name string, by *certificate) *certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.parsed, by.private
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &certificate{
		cert: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		key:  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})), parsed: parsed, private: key,
	}
}

// encryptedCluster is a Postgres on a port of this machine that takes TLS only, and knows users by the authority's
// certificates. It gives its URL.
func encryptedCluster(t *testing.T, server, authority *certificate) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	s := testpg.Cluster(t, port, nil)
	data := filepath.Join(s.DataDir(), "pgdata")
	st, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	owner := st.Sys().(*syscall.Stat_t)
	write := func(name, text string) {
		file := filepath.Join(data, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(file, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	write("server.crt", server.cert)
	write("server.key", server.key)
	write("root.crt", authority.cert)
	write("pg_hba.conf", "local all all scram-sha-256\nhostssl all by_certificate 127.0.0.1/32 cert\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
	u, err := url.Parse(s.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for _, sql := range []string{"alter system set ssl = on", "alter system set ssl_ca_file = 'root.crt'", "create role by_certificate login", "select pg_reload_conf()"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	u.Host, u.RawQuery = fmt.Sprintf("127.0.0.1:%d", port), ""
	return u.String()
}

func TestSources_encrypted(t *testing.T) {
	t.Parallel()
	authority, stranger := newCertificate(t, "authority", nil), newCertificate(t, "stranger", nil)
	client := newCertificate(t, "by_certificate", authority)
	where := encryptedCluster(t, newCertificate(t, "elsewhere.example", authority), authority)
	environment := map[string]string{
		"ROOT": authority.cert, "STRANGER": stranger.cert, "CERT": client.cert, "KEY": client.key, "NO_PEM": "nothing",
	}
	s := &server{T: t, metadataURL: testpg.Database(t), dataURL: testpg.Database(t)}
	c := config(s.metadataURL, s.dataURL)
	c.LookupEnv = func(name string) (string, bool) { v, ok := environment[name]; return v, ok }
	e, err := engine.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s.engine = e
	withoutPassword, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	withoutPassword.User = url.User("by_certificate")
	add := func(where, ssl string) string {
		_, body := post(e, "/v1/metadata", fmt.Sprintf(`{"type":"pg_add_source","args":{"name":"far","replace_configuration":true,"configuration":{
			"connection_info":{"database_url":%q,"ssl_configuration":%s,"pool_settings":{"retries":0}}}}}`, where, ssl))
		return body
	}
	eventually(t, "the server takes TLS", func() bool { return add(where, `{"sslmode":"require"}`) == ok })
	for _, c := range []struct{ where, ssl, want string }{
		{where, `{"sslmode":"disable"}`, "no pg_hba.conf entry"},
		{where, `{"sslmode":"allow"}`, ok},
		{where, `{"sslmode":"prefer"}`, ok},
		{where + "?sslmode=disable", `{"sslmode":"require"}`, ok}, // what is configured apart counts
		{where, `{"sslmode":"verify-ca","sslrootcert":{"from_env":"ROOT"}}`, ok},
		{where, `{"sslmode":"verify-ca","sslrootcert":{"from_env":"STRANGER"}}`, "unknown authority"},
		{where, `{"sslmode":"require","sslrootcert":{"from_env":"STRANGER"}}`, "unknown authority"}, // as libpq does
		{where, `{"sslmode":"verify-full","sslrootcert":{"from_env":"ROOT"}}`, "cannot validate certificate for 127.0.0.1"},
		{where, `{"sslmode":"verify-ca","sslrootcert":{"from_env":"NO_PEM"}}`, "environment variable 'NO_PEM' holds no PEM certificate"},
		{where, `{"sslmode":"verify-ca","sslrootcert":{"from_env":"UNSET"}}`, "environment variable 'UNSET' not set"},
		{where, `{"sslmode":"sometimes"}`, "Invalid SSL Mode sometimes"},
		{withoutPassword.String(), `{"sslmode":"require"}`, "connection requires a valid client certificate"},
		{withoutPassword.String(), `{"sslmode":"require","sslcert":{"from_env":"CERT"},"sslkey":{"from_env":"KEY"}}`, ok},
		{withoutPassword.String(), `{"sslmode":"require","sslcert":{"from_env":"CERT"}}`, "only of use together"},
		{withoutPassword.String(), `{"sslmode":"require","sslcert":{"from_env":"CERT"},"sslkey":{"from_env":"NO_PEM"}}`, "holds no PEM key"},
	} {
		if got := add(c.where, c.ssl); got != c.want && (c.want == ok || !strings.Contains(got, c.want)) {
			t.Errorf("%s\n got %s\nwant %s", c.ssl, got, c.want)
		}
	}
}

// What is said of encryption apart counts for every connection, whatever the file of the login says.
func TestSources_encryptedWithALoginFromFile(t *testing.T) {
	t.Parallel()
	authority := newCertificate(t, "authority", nil)
	where := encryptedCluster(t, newCertificate(t, "elsewhere.example", authority), authority)
	file := filepath.Join(t.TempDir(), "login")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(where + "?sslmode=disable")
	s := &server{T: t, metadataURL: testpg.Database(t), dataURL: testpg.Database(t)}
	c := config(s.metadataURL, s.dataURL)
	c.FilePrefix = filepath.Dir(file)
	c.LookupEnv = func(name string) (string, bool) { return authority.cert, name == "ROOT" }
	e, err := engine.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s.engine = e
	background(t, e)
	const add = `{"type":"pg_add_source","args":{"name":"far","configuration":{"connection_info":{"database_url":{"dynamic_from_file":%q},
		"ssl_configuration":{"sslmode":"verify-ca","sslrootcert":{"from_env":"ROOT"}},"pool_settings":{"retries":0,"max_connections":3}}}}}`
	eventually(t, "the server takes TLS", func() bool {
		_, body := post(e, "/v1/metadata", fmt.Sprintf(add, file))
		return body == ok
	})
	s.want(200, "", "run_sql", `{"source":"far","sql":"create table stock (id int primary key); insert into stock values (1); create role rotated superuser login password 'two'"}`)
	s.do("pg_track_table", `{"source":"far","table":"stock"}`)
	const encrypted = `{"result_type":"TuplesOk","result":[["usename","ssl"],[%q,"t"]]}`
	const who = `{"source":"far","read_only":true,"sql":"select usename, ssl from pg_stat_ssl join pg_stat_activity using (pid) where pid = pg_backend_pid()"}`
	s.answers(`{ stock { id } }`, `{"stock":[{"id":1}]}`)

	// Another login, and no connection of the one before.
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("rotated", "two")
	write(u.String())
	eventually(t, "the new login is used", func() bool {
		_, body := post(e, "/v2/query", fmt.Sprintf(`{"type":"run_sql","args":%s}`, who))
		return body == fmt.Sprintf(encrypted, "rotated")
	})
	s.answers(`{ stock { id } }`, `{"stock":[{"id":1}]}`)
}
