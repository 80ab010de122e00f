package management

import (
	"context"
	"errors"
	"net/http"
	"time"

	"gatehouse/identity/directory"
)

// Key is a key of the provider without the key itself.
type Key struct {
	ID        string `json:"id"`
	CreatedAt int64  `json:"createdAt"` // Unix seconds
	// Algorithm is RSA or EC, and Status Current, Next or Previous; both empty for cookie keys.
	Algorithm string `json:"signingKeyAlgorithm,omitempty"`
	Status    string `json:"status,omitempty"`
	// EffectiveAt is when a Next key becomes the current one, in Unix seconds.
	EffectiveAt *int64 `json:"effectiveAt,omitempty"`
}

// Rotation says how keys are rotated.
type Rotation struct {
	Algorithm string // RSA or EC; of signing keys only
	// Grace is how long the new key is published before it signs; 0: it signs at once.
	Grace time.Duration
}

// Keys is what the provider offers on its keys. setting is directory.ConfigPrivateKeys or directory.ConfigCookieKeys.
type Keys struct {
	List   func(ctx context.Context, setting string) ([]Key, error)
	Rotate func(ctx context.Context, tx *directory.Tx, setting string, r Rotation) ([]Key, error)
	// Delete returns directory.ErrNotFound, or ErrKeyRequired for a key that is needed.
	Delete func(ctx context.Context, tx *directory.Tx, setting, id string) error
}

// ErrKeyRequired says that a key cannot be deleted because it is in use, or about to be.
var ErrKeyRequired = errors.New("at least one key is required")

var keyTypes = map[string]string{"private-keys": directory.ConfigPrivateKeys, "cookie-keys": directory.ConfigCookieKeys}

// maxGrace bounds how long a key waits to be used; in a year nobody remembers it.
const maxGrace = 365 * 24 * 3600 // seconds

func (h *Handler) keyRoutes() map[string]map[string]endpoint {
	if h.Keys == nil {
		return nil
	}
	return map[string]map[string]endpoint{
		"/api/configs/oidc/{keyType}":         {http.MethodGet: listKeys},
		"/api/configs/oidc/{keyType}/rotate":  {http.MethodPost: rotateKeys},
		"/api/configs/oidc/{keyType}/{keyId}": {http.MethodDelete: deleteKey},
	}
}

// keySetting is the setting of the keys of the path, or Logto's 400.
func (c *call) keySetting() (string, error) {
	var in struct{ KeyType string }
	given := map[string]any{"keyType": c.path("keyType")}
	if err := decode("params", object(field{"keyType", enum("private-keys", "cookie-keys")}), given, &in); err != nil {
		return "", err
	}
	return keyTypes[in.KeyType], nil
}

func listKeys(c *call) error {
	setting, err := c.keySetting()
	if err != nil {
		return err
	}
	keys, err := c.h.Keys.List(c.ctx(), setting)
	if err != nil {
		return err
	}
	return c.ok(keys)
}

func rotateKeys(c *call) error {
	setting, err := c.keySetting()
	if err != nil {
		return err
	}
	in := struct {
		SigningKeyAlgorithm string
		RotationGracePeriod int // seconds
	}{SigningKeyAlgorithm: "EC"}
	err = c.body(object(partial(
		field{"signingKeyAlgorithm", enum("RSA", "EC")}, field{"rotationGracePeriod", integer(0, maxGrace)},
	)...), &in)
	if err != nil {
		return err
	}
	var keys []Key
	err = c.change("Config.Keys.Rotated", directory.KindConfig, &setting, func(tx *directory.Tx) (err error) {
		keys, err = c.h.Keys.Rotate(c.ctx(), tx, setting, Rotation{in.SigningKeyAlgorithm, time.Duration(in.RotationGracePeriod) * time.Second})
		c.note("keys", keys)
		return err
	})
	if err != nil {
		return err
	}
	return c.ok(keys)
}

func deleteKey(c *call) error {
	setting, err := c.keySetting()
	if err != nil {
		return err
	}
	id := c.path("keyId")
	c.note("keyId", id)
	err = c.change("Config.Keys.Deleted", directory.KindConfig, &setting, func(tx *directory.Tx) error {
		return c.h.Keys.Delete(c.ctx(), tx, setting, id)
	})
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return &problem{status: http.StatusNotFound, code: "oidc.key_not_found", message: "Key with ID " + id + " is not found."}
	case errors.Is(err, ErrKeyRequired):
		return unprocessable("oidc.key_required", "At least one key is required.")
	case err != nil:
		return err
	}
	return c.noContent()
}
