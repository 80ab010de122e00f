package identity

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"gatehouse/identity/directory"
	"gatehouse/identity/management"
	"gatehouse/secret"
)

// Statuses of signing keys. All are published and verify; the current one signs.
const (
	keyCurrent  = "Current"
	keyNext     = "Next"
	keyPrevious = "Previous"
)

// settled is what stored signing keys are at a time, the current one first: a next key whose time has come is the current
// one, whether somebody wrote that down or not, so that every process changes over at the same moment.
func settled(stored []storedKey, now time.Time) []storedKey {
	keys := slices.Clone(stored)
	isUnmarked := !slices.ContainsFunc(keys, func(k storedKey) bool { return k.Status == keyCurrent })
	for n := range keys {
		if keys[n].Status == "" {
			keys[n].Status = keyPrevious
			if n == 0 && isUnmarked {
				keys[n].Status = keyCurrent
			}
		}
	}
	due := slices.IndexFunc(keys, func(k storedKey) bool {
		return k.Status == keyNext && k.EffectiveAt != nil && *k.EffectiveAt <= now.Unix()
	})
	if due >= 0 {
		for n := range keys {
			if keys[n].Status == keyCurrent {
				keys[n].Status = keyPrevious
			}
		}
		keys[due].Status, keys[due].EffectiveAt = keyCurrent, nil
	}
	rank := map[string]int{keyCurrent: 0, keyNext: 1, keyPrevious: 2}
	slices.SortStableFunc(keys, func(a, b storedKey) int { return rank[a.Status] - rank[b.Status] })
	return keys
}

// rotated are settled keys with a new one, which signs at once, or from effectiveAt on. Of those before it the current one
// stays, as the previous one once it signs no more; a key that had waited is replaced, and older ones go.
func rotated(keys []storedKey, added storedKey, effectiveAt *int64) []storedKey {
	current := keys[0]
	if effectiveAt != nil {
		added.Status, added.EffectiveAt = keyNext, effectiveAt
		next := []storedKey{current, added}
		if before := slices.IndexFunc(keys, func(k storedKey) bool { return k.Status == keyPrevious }); before >= 0 {
			next = append(next, keys[before])
		}
		return next
	}
	added.Status, current.Status = keyCurrent, keyPrevious
	return []storedKey{added, current}
}

func (i *Identity) managedKeys() *management.Keys {
	return &management.Keys{List: i.listKeys, Rotate: i.rotateKeys, Delete: i.deleteKey}
}

func (i *Identity) listKeys(ctx context.Context, setting string) ([]management.Key, error) {
	return i.shownKeys(ctx, i.directory.Reader, setting)
}

func (i *Identity) shownKeys(ctx context.Context, r directory.Reader, setting string) ([]management.Key, error) {
	stored, err := i.storedKeys(ctx, r, setting)
	if err != nil {
		return nil, err
	}
	shown := make([]management.Key, len(stored))
	for n, k := range stored {
		shown[n] = management.Key{ID: k.ID, CreatedAt: k.CreatedAt}
		if setting != directory.ConfigPrivateKeys {
			continue
		}
		parsed, err := parseSigningKey(k.Value)
		if err != nil {
			return nil, fmt.Errorf("read signing key %s: %w", k.ID, err)
		}
		shown[n].Algorithm, shown[n].Status, shown[n].EffectiveAt = "EC", k.Status, k.EffectiveAt
		if _, isRSA := parsed.Key.(*rsa.PrivateKey); isRSA {
			shown[n].Algorithm = "RSA"
		}
	}
	return shown, nil
}

// storedKeys reads the keys of a setting, signing keys as they are now.
func (i *Identity) storedKeys(ctx context.Context, r directory.Reader, setting string) ([]storedKey, error) {
	raw, err := r.Config(ctx, setting)
	if err != nil {
		return nil, err
	}
	var keys []storedKey
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, fmt.Errorf("read setting %s: %w", setting, err)
	}
	if setting == directory.ConfigPrivateKeys {
		keys = settled(keys, i.config.Now())
	}
	return keys, nil
}

// lockKeys keeps two rotations at once from losing one of their keys.
func lockKeys(ctx context.Context, tx *directory.Tx, setting string) error {
	if _, err := tx.Exec(ctx, `select from identity.configs where key = $1 for update`, setting); err != nil {
		return fmt.Errorf("lock setting %s: %w", setting, err)
	}
	return nil
}

func (i *Identity) rotateKeys(ctx context.Context, tx *directory.Tx, setting string, r management.Rotation) ([]management.Key, error) {
	if err := lockKeys(ctx, tx, setting); err != nil {
		return nil, err
	}
	keys, err := i.storedKeys(ctx, tx.Reader, setting)
	if err != nil {
		return nil, err
	}
	now := i.config.Now()
	added := storedKey{ID: secret.ID(), CreatedAt: now.Unix()}
	makeValue := newSigningKey
	switch {
	case setting == directory.ConfigCookieKeys:
		makeValue = newCookieKey
	case r.Algorithm == "RSA":
		makeValue = newRSAKey
	}
	if added.Value, err = makeValue(); err != nil {
		return nil, fmt.Errorf("make %s: %w", setting, err)
	}
	if setting == directory.ConfigCookieKeys {
		keys = append([]storedKey{added}, keys...) // the first signs
	} else {
		var effectiveAt *int64
		if r.Grace > 0 {
			at := now.Add(r.Grace).Unix()
			effectiveAt = &at
		}
		keys = rotated(keys, added, effectiveAt)
	}
	if err := writeKeys(ctx, tx, setting, keys); err != nil {
		return nil, err
	}
	return i.shownKeys(ctx, tx.Reader, setting)
}

func (i *Identity) deleteKey(ctx context.Context, tx *directory.Tx, setting, id string) error {
	if err := lockKeys(ctx, tx, setting); err != nil {
		return err
	}
	keys, err := i.storedKeys(ctx, tx.Reader, setting)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(keys, func(k storedKey) bool { return k.ID == id })
	if at < 0 {
		return directory.ErrNotFound
	}
	if setting == directory.ConfigPrivateKeys && keys[at].Status != keyPrevious || len(keys) == 1 {
		return management.ErrKeyRequired
	}
	return writeKeys(ctx, tx, setting, slices.Delete(keys, at, at+1))
}

func writeKeys(ctx context.Context, tx *directory.Tx, setting string, keys []storedKey) error {
	raw, err := json.Marshal(keys)
	if err != nil {
		return fmt.Errorf("write setting %s: %w", setting, err)
	}
	_, err = tx.SetConfig(ctx, setting, raw)
	return err
}

// rsaBits is the size of Logto's RSA keys.
const rsaBits = 4096

func newRSAKey() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}
