package server

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// Every text that could be a secret is filled with one, of each shape: none may be shown.
func TestSettings_shownWithoutSecrets(t *testing.T) {
	const hidden = "c0nfidential"
	for _, shape := range []string{
		hidden, "postgres://user:" + hidden + "@db.example:5432/app?sslpassword=" + hidden, "host=db password=" + hidden, "host = db PassWord\t= '" + hidden + "'",
		"postgres://user:" + hidden + "@/app?host=/run&password=" + hidden, "postgres://a/b, postgres://user:" + hidden + "@/c",
		"https://user:" + hidden + "@hook.example/path?token=" + hidden, "postgres://user:" + hidden + "%zz@[::1/", "postgres://user:12," + hidden + "@h/db", `{"type":"HS256","key":"` + hidden + `"}`,
	} {
		var s Settings
		k, err := kong.New(&s, SettingsOptions()...)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range k.Model.Flags {
			isSecret := secretSetting.MatchString(f.Name)
			if f.Target.Kind() == reflect.String && f.Enum == "" && (isSecret || strings.Contains(shape, "://") || strings.HasPrefix(shape, "host")) {
				f.Target.SetString(shape)
			}
		}
		raw, err := json.Marshal(s.inForce())
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.Index(string(raw), hidden); i >= 0 {
			t.Errorf("%s shows a secret: …%s…", shape, string(raw)[max(0, i-200):i+20])
		}
	}
}

// The settings that hold secrets are known by their names; whoever adds one by another name meets this.
func TestSettings_secretsByName(t *testing.T) {
	var s Settings
	k, err := kong.New(&s, SettingsOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range k.Model.Flags {
		if secretSetting.MatchString(f.Name) && f.Target.Kind() == reflect.String {
			found = append(found, f.Name)
		}
	}
	for _, wanted := range []string{"admin-secret", "admin-secrets", "jwt-secret", "jwt-secrets", "metrics-secret"} {
		if !strings.Contains(" "+strings.Join(found, " ")+" ", " "+wanted+" ") {
			t.Errorf("%s is not among the secrets: %v", wanted, found)
		}
	}
}
