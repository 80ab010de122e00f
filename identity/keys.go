package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"gatehouse/identity/directory"
	"gatehouse/jwt"
	"gatehouse/secret"
)

// storedKey is a key as the settings keep it, in Logto's form: a PEM text for a signing key, any text for a cookie key.
type storedKey struct {
	ID        string `json:"id"`
	Value     string `json:"value"`
	CreatedAt int64  `json:"createdAt"` // Unix seconds
	// Status is Current, Next or Previous; without it the first key of the list is the current one.
	Status string `json:"status,omitempty"`
	// EffectiveAt is when a Next key becomes the current one, in Unix seconds.
	EffectiveAt *int64 `json:"effectiveAt,omitempty"`
}

// loadKeys reads the signing and cookie keys, and makes them on the first start. Of several processes starting at once,
// all end up with the keys of one.
func loadKeys(ctx context.Context, d *directory.Directory, now time.Time) (signing []jose.JSONWebKey, cookieKeys []string, err error) {
	stored, err := initKeys(ctx, d, directory.ConfigPrivateKeys, newSigningKey)
	if err != nil {
		return nil, nil, err
	}
	if signing, err = signingKeys(settled(stored, now)); err != nil {
		return nil, nil, err
	}
	stored, err = initKeys(ctx, d, directory.ConfigCookieKeys, newCookieKey)
	if err != nil {
		return nil, nil, err
	}
	for _, key := range stored {
		cookieKeys = append(cookieKeys, key.Value)
	}
	return signing, cookieKeys, nil
}

func initKeys(ctx context.Context, d *directory.Directory, setting string, makeValue func() (string, error)) ([]storedKey, error) {
	raw, err := d.Config(ctx, setting)
	if errors.Is(err, directory.ErrNotFound) {
		value, failure := makeValue()
		if failure != nil {
			return nil, fmt.Errorf("make %s: %w", setting, failure)
		}
		first, failure := json.Marshal([]storedKey{{ID: secret.ID(), Value: value, CreatedAt: time.Now().Unix()}})
		if failure != nil {
			return nil, fmt.Errorf("make %s: %w", setting, failure)
		}
		raw, err = d.InitConfig(ctx, setting, first)
	}
	if err != nil {
		return nil, err
	}
	var keys []storedKey
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, fmt.Errorf("read setting %s: %w", setting, err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("setting %s holds no key", setting)
	}
	return keys, nil
}

func newSigningKey() (string, error) {
	key, err := jwt.GenerateES384()
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key.Key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

func newCookieKey() (string, error) { return secret.Token(48), nil }

// signingKeys parses settled keys, in their order.
func signingKeys(settled []storedKey) ([]jose.JSONWebKey, error) {
	var keys []jose.JSONWebKey
	for _, s := range settled {
		key, err := parseSigningKey(s.Value)
		if err != nil {
			return nil, fmt.Errorf("read signing key %s: %w", s.ID, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func parseSigningKey(text string) (jose.JSONWebKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return jose.JSONWebKey{}, errors.New("no PEM block")
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if private, err = x509.ParseECPrivateKey(block.Bytes); err != nil {
			if private, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
				return jose.JSONWebKey{}, errors.New("neither a PKCS #8, SEC 1 nor PKCS #1 key")
			}
		}
	}
	key := jose.JSONWebKey{Key: private, Use: "sig"}
	switch k := private.(type) {
	case *ecdsa.PrivateKey:
		algorithm, ok := map[string]jose.SignatureAlgorithm{"P-256": jose.ES256, "P-384": jose.ES384}[k.Curve.Params().Name]
		if !ok {
			return key, fmt.Errorf("curve %s is not used for signing", k.Curve.Params().Name)
		}
		key.Algorithm = string(algorithm)
	case *rsa.PrivateKey:
		key.Algorithm = string(jose.RS256)
	default:
		return key, fmt.Errorf("%T is not used for signing", private)
	}
	return jwt.WithThumbprint(key)
}

// ReloadKeys takes up keys that were rotated.
func (i *Identity) ReloadKeys(ctx context.Context) error {
	signing, cookieKeys, err := loadKeys(ctx, i.directory, i.config.Now())
	if err != nil {
		return err
	}
	// What was verified with the same keys need not be verified again.
	if !slices.EqualFunc(i.keys.Keys(), signing, func(a, b jose.JSONWebKey) bool { return a.KeyID == b.KeyID }) {
		i.keys.Replace(signing...)
	}
	i.provider.SetCookieKeys(cookieKeys)
	return nil
}
