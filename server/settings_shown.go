package server

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"gatehouse/telemetry"
)

// shownSetting is a setting as the console shows it.
type shownSetting struct {
	Group string `json:"group"`
	// Flag and Variables are its names.
	Flag      string   `json:"flag"`
	Variables []string `json:"variables"`
	Meaning   string   `json:"meaning"`
	// Value is what is in force; of a secret only whether there is one.
	Value    string `json:"value"`
	IsSecret bool   `json:"secret"`
	Default  string `json:"default"`
	// From is flag, environment or default.
	From string `json:"from"`
}

// secretSetting tells which settings hold secrets, by name. All of a URL is shown but user, password and query.
var secretSetting = regexp.MustCompile(`secret|password|token|passphrase|jwt|private|(^|-)key`)

// keywordPassword finds the password in a connection string of keywords, where blanks may stand about the sign (PG docs:
// libpq-connstring).
var keywordPassword = regexp.MustCompile(`(?i)password\s*=`)

// inForce lists every setting that has an effect, with where its value is from.
func (s *Settings) inForce() []shownSetting {
	current := *s
	k, err := kong.New(&current, SettingsOptions()...)
	if err != nil {
		panic("server: settings are not well formed: " + err.Error())
	}
	var out []shownSetting
	for _, f := range k.Model.Flags {
		if f.Name == "help" || f.Group == nil || strings.HasPrefix(f.Group.Title, "Accepted") {
			continue
		}
		one := shownSetting{Group: f.Group.Title, Flag: "--" + f.Name, Variables: f.Envs, Meaning: f.Help, Default: f.Default, From: sourceOf(f)}
		if one.Variables == nil {
			one.Variables = []string{}
		}
		one.Value = plainValue(f.Target)
		one.IsSecret = secretSetting.MatchString(f.Name) && f.Target.Kind() == reflect.String
		if one.IsSecret {
			one.Default = ""
			if one.Value != "" {
				one.Value = "set"
			}
		} else {
			one.Value = withoutCredentials(one.Value)
		}
		out = append(out, one)
	}
	return out
}

func sourceOf(f *kong.Flag) string {
	names := append([]string{f.Name}, f.Aliases...)
	isFlag := slices.ContainsFunc(os.Args[1:], func(argument string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		return strings.HasPrefix(argument, "--") && (slices.Contains(names, name) || f.Tag.Negatable != "" && slices.Contains(names, strings.TrimPrefix(name, "no-")))
	})
	switch {
	case isFlag:
		return "flag"
	case slices.ContainsFunc(f.Envs, func(name string) bool { return os.Getenv(name) != "" }):
		return "environment"
	}
	return "default"
}

// plainValue is a setting's value as a text.
func plainValue(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	return fmt.Sprint(v.Interface())
}

// withoutCredentials shows a text as logs would show the URLs in it, and not at all where it may hold more.
func withoutCredentials(text string) string {
	const hidden = "set"
	if keywordPassword.MatchString(text) {
		return hidden
	}
	if !strings.Contains(text, "://") {
		return text
	}
	parts := strings.Split(text, ",")
	for i, part := range parts {
		switch {
		case strings.Contains(part, "://"):
			if parts[i] = telemetry.PublicURL(strings.TrimSpace(part)); !strings.Contains(parts[i], "://") {
				return hidden // it cannot be read, and may hold anything
			}
		case strings.Contains(part, "@"): // the comma was one of a password
			return hidden
		}
	}
	return strings.Join(parts, ",")
}
