package engine

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/metadata"
)

// encrypt applies ssl_configuration to a connection; it counts instead of what the connection string says. The modes mean
// what they mean to libpq (PG docs: libpq-ssl, table 34.1). digest stands for what was read from the environment.
func (c *Config) encrypt(conn *pgx.ConnConfig, s *metadata.SSLConfiguration) (digest string, err error) {
	if s == nil {
		return "", nil
	}
	values := map[string]string{}
	h := sha256.New()
	h.Write([]byte(s.Mode))
	for _, name := range []string{s.RootCert, s.Cert, s.Key, s.Password} {
		if name != "" {
			if values[name], err = c.environment(name); err != nil {
				return "", err
			}
		}
		fmt.Fprintf(h, "\x00%q", values[name])
	}
	base := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.RootCert != "" {
		base.RootCAs = x509.NewCertPool()
		if !base.RootCAs.AppendCertsFromPEM([]byte(values[s.RootCert])) {
			return "", fmt.Errorf("environment variable '%s' holds no PEM certificate", s.RootCert)
		}
	}
	if (s.Cert == "") != (s.Key == "") {
		return "", errors.New("sslcert and sslkey are only of use together")
	}
	if s.Cert != "" {
		pair, err := keyPair(values[s.Cert], values[s.Key], values[s.Password])
		if err != nil {
			return "", err
		}
		base.Certificates = []tls.Certificate{pair}
	}
	attempts, err := attemptsOf(s.Mode, base, s.RootCert != "")
	if err != nil {
		return "", err
	}
	setAttempts(conn, attempts)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// attempt makes the encryption of one attempt to connect to a host; nil is none.
type attempt func(host string) *tls.Config

// attemptsOf are the ways to connect that a mode allows, in order.
func attemptsOf(mode string, base *tls.Config, hasRoot bool) ([]attempt, error) {
	plain := func(string) *tls.Config { return nil }
	unverified := func(string) *tls.Config {
		t := base.Clone()
		t.InsecureSkipVerify = true // what the mode says
		return t
	}
	chain := func(string) *tls.Config {
		t := base.Clone()
		t.InsecureSkipVerify = true // the chain is verified below, the name is not
		t.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(base.RootCAs, s) }
		return t
	}
	switch mode {
	case "disable":
		return []attempt{plain}, nil
	case "allow":
		return []attempt{plain, unverified}, nil
	case "prefer":
		return []attempt{unverified, plain}, nil
	case "require":
		if hasRoot { // as libpq does
			return []attempt{chain}, nil
		}
		return []attempt{unverified}, nil
	case "verify-ca":
		return []attempt{chain}, nil
	case "verify-full":
		return []attempt{func(host string) *tls.Config {
			t := base.Clone()
			t.ServerName = host
			return t
		}}, nil
	default:
		return nil, fmt.Errorf("invalid sslmode %q", mode)
	}
}

func verifyChain(roots *x509.CertPool, s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server shows no certificate")
	}
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(o)
	return err
}

// setAttempts tries every host of the connection string in every way.
func setAttempts(conn *pgx.ConnConfig, attempts []attempt) {
	type host struct {
		name string
		port uint16
	}
	var hosts []host
	add := func(h host) {
		if len(hosts) == 0 || hosts[len(hosts)-1] != h { // the string's own mode may have doubled it
			hosts = append(hosts, h)
		}
	}
	add(host{conn.Host, conn.Port})
	for _, f := range conn.Fallbacks {
		add(host{f.Host, f.Port})
	}
	conn.Fallbacks = nil
	for i, h := range hosts {
		for j, a := range attempts {
			if network, _ := pgconn.NetworkAddress(h.name, h.port); network == "unix" {
				a = func(string) *tls.Config { return nil } // libpq: a socket is never encrypted
			}
			if i == 0 && j == 0 {
				conn.TLSConfig = a(h.name)
				continue
			}
			conn.Fallbacks = append(conn.Fallbacks, &pgconn.FallbackConfig{Host: h.name, Port: h.port, TLSConfig: a(h.name)})
		}
	}
}

// keyPair is a client's certificate and key. An encrypted key is one of the old kind that OpenSSL calls traditional.
func keyPair(cert, key, password string) (tls.Certificate, error) {
	block, _ := pem.Decode([]byte(key))
	if block == nil {
		return tls.Certificate{}, errors.New("sslkey names a variable that holds no PEM key")
	}
	if x509.IsEncryptedPEMBlock(block) { //nolint:staticcheck // libpq takes them
		der, err := x509.DecryptPEMBlock(block, []byte(password)) //nolint:staticcheck // as above
		if err != nil {
			return tls.Certificate{}, errors.New("sslkey cannot be decrypted with sslpassword")
		}
		key = string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der}))
	}
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		return tls.Certificate{}, errors.New("sslcert and sslkey do not belong together, or cannot be read")
	}
	return pair, nil
}
