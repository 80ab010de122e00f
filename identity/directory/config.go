package directory

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Keys of settings, in Logto's words. oidc.privateKeys and oidc.cookieKeys belong to the provider.
const (
	ConfigPrivateKeys          = "oidc.privateKeys"
	ConfigCookieKeys           = "oidc.cookieKeys"
	ConfigSession              = "oidc.session"
	ConfigJWTAccessToken       = "jwt.accessToken"
	ConfigJWTClientCredentials = "jwt.clientCredentials"
	ConfigIDToken              = "idToken"
)

// Config returns the setting with this key as it was written, or ErrNotFound.
func (r Reader) Config(ctx context.Context, key string) (json.RawMessage, error) {
	raw, err := one(ctx, r.q, "read setting "+key, pgx.RowTo[json.RawMessage], `select value from identity.configs where key = $1`, key)
	if err != nil {
		return nil, err
	}
	return *raw, nil
}

// SetConfig is Tx.SetConfig in a transaction of its own.
func (d *Directory) SetConfig(ctx context.Context, key string, value json.RawMessage) error {
	return d.InTx(ctx, func(tx *Tx) error {
		_, err := tx.SetConfig(ctx, key, value)
		return err
	})
}

// SetConfig stores a setting and says whether it is new.
func (tx *Tx) SetConfig(ctx context.Context, key string, value json.RawMessage) (isNew bool, err error) {
	// xmax is 0 only in a row version that this very statement inserted.
	err = tx.QueryRow(ctx, `
insert into identity.configs (key, value) values ($1, $2)
    on conflict (key) do update set value = excluded.value
returning xmax = 0`, key, value).Scan(&isNew)
	if err != nil {
		return false, fmt.Errorf("write setting %s: %w", key, err)
	}
	tx.Changed(KindConfig, key)
	return isNew, nil
}

// InitConfig stores a setting unless it is there, and returns the one that is there then: of several processes
// that start at once, all end up with the first one's value.
func (d *Directory) InitConfig(ctx context.Context, key string, value json.RawMessage) (json.RawMessage, error) {
	var stored json.RawMessage
	err := d.InTx(ctx, func(tx *Tx) (err error) {
		stored, err = tx.initConfig(ctx, key, value)
		return err
	})
	return stored, err
}

func (tx *Tx) initConfig(ctx context.Context, key string, value json.RawMessage) (json.RawMessage, error) {
	_, err := tx.Exec(ctx, `insert into identity.configs (key, value) values ($1, $2) on conflict (key) do nothing`, key, value)
	if err != nil {
		return nil, fmt.Errorf("init setting %s: %w", key, err)
	}
	return tx.Config(ctx, key)
}

// DeleteConfig removes a setting. ErrNotFound.
func (tx *Tx) DeleteConfig(ctx context.Context, key string) error {
	return tx.deleted(ctx, KindConfig, key, `delete from identity.configs where key = $1`, key)
}
