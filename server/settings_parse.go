package server

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
)

// SettingsOptions are what a kong parser of Settings needs: Hasura's spellings of booleans, and an empty environment
// variable counting as none (compose files pass those for what is not set).
func SettingsOptions() []kong.Option {
	return []kong.Option{
		kong.TypeMapper(reflect.TypeFor[bool](), booleans{}),
		kong.PostBuild(func(k *kong.Kong) error {
			for _, name := range variables(k) {
				if v, set := os.LookupEnv(name); set && v == "" {
					if err := os.Unsetenv(name); err != nil {
						return err
					}
				}
			}
			return nil
		}),
	}
}

// KnownVariables are the environment variables that settings have.
func KnownVariables() []string {
	k, err := kong.New(&Settings{}, SettingsOptions()...)
	if err != nil {
		panic("server: settings are not well formed: " + err.Error())
	}
	return variables(k)
}

func variables(k *kong.Kong) []string {
	var names []string
	for _, f := range k.Model.Flags {
		names = append(names, f.Envs...)
	}
	return names
}

// booleans reads Hasura's words for true and false (Hasura: Server/Init/Env, Boolean).
type booleans struct{}

// IsBool lets the flag stand alone.
func (booleans) IsBool() bool { return true }

func (booleans) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		target.SetBool(true)
		return nil
	}
	value := fmt.Sprint(ctx.Scan.Pop().Value)
	switch strings.ToLower(value) {
	case "true", "t", "yes", "y", "1":
		target.SetBool(true)
	case "false", "f", "no", "n", "0":
		target.SetBool(false)
	default:
		return fmt.Errorf("%q is neither true, t, yes, y nor false, f, no, n", value)
	}
	return nil
}

// SettingsDocument is docs/settings.md: every setting with flag, variable, default and meaning.
func SettingsDocument() string {
	k, err := kong.New(&Settings{}, SettingsOptions()...)
	if err != nil {
		panic("server: settings are not well formed: " + err.Error())
	}
	var b strings.Builder
	b.WriteString(`# Settings

A flag wins over the environment variable, the variable over the default. Hasura's and Logto's names are kept; Gatehouse's own
variables begin with ` + "`GATEHOUSE_`" + `. A variable that begins with ` + "`HASURA_GRAPHQL_` or `GATEHOUSE_`" + ` and is not listed here is named
in a warning at start. A variable set to the empty text counts as not set. Go's own GOGC and
GOMEMLIMIT are heeded; without them garbage of up to 16 MiB, or as much as is in use, may gather before it is collected.

This page is made from the code (` + "`make generate`" + `) and checked by a test.
`)
	group := ""
	for _, f := range k.Model.Flags {
		if f.Name == "help" {
			continue
		}
		if f.Group != nil && f.Group.Title != group {
			group = f.Group.Title
			fmt.Fprintf(&b, "\n## %s\n\n| Flag | Variable | Default | Meaning |\n|---|---|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", flagNames(f), code(f.Envs), defaultText(f), strings.ReplaceAll(f.Help, "|", `\|`))
	}
	return b.String()
}

func flagNames(f *kong.Flag) string {
	names := []string{"--" + f.Name}
	if f.Short != 0 {
		names = append(names, "-"+string(f.Short))
	}
	for _, a := range f.Aliases {
		names = append(names, "--"+a)
	}
	return code(names)
}

func defaultText(f *kong.Flag) string {
	switch {
	case f.HasDefault && f.Default != "":
		return "`" + f.Default + "`"
	case f.IsBool():
		return "`false`"
	}
	return ""
}

func code(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "`" + n + "`"
	}
	return strings.Join(quoted, " ")
}
