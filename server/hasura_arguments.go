package server

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
)

// HasuraArguments rewrites a command line in which Hasura's global options name the database in parts, in front of the
// command: `--host H --port P --user U --password W --dbname D serve …` becomes `--database-url=postgres://… serve …`.
// There --port is the database's. The name of Hasura's program in front, which compose files give to its image as a part
// of the command, is left out. All other command lines stay as they are.
func HasuraArguments(args []string) ([]string, error) {
	if len(args) > 0 && args[0] == "graphql-engine" {
		args = args[1:]
	}
	parts, rest := map[string]string{}, []string{}
	i := 0
	for ; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		key := databaseOptions[name]
		if key == "" {
			if !strings.HasPrefix(args[i], "-") && (i == 0 || !takesValue(args[i-1])) {
				break // the command
			}
			rest = append(rest, args[i])
			continue
		}
		if !hasValue {
			if i+1 == len(args) {
				return nil, errors.New(name + ": missing value")
			}
			i++
			value = args[i]
		}
		parts[key] = value
	}
	if parts["host"] == "" && parts["dbname"] == "" {
		return args, nil
	}
	for _, key := range []string{"host", "port", "user", "dbname"} {
		if parts[key] == "" {
			return nil, errors.New("the database is named in parts, and --" + key + " is missing")
		}
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(parts["user"], parts["password"]), Host: net.JoinHostPort(parts["host"], parts["port"]), Path: "/" + parts["dbname"]}
	if parts["password"] == "" {
		u.User = url.User(parts["user"])
	}
	if options := parts["options"]; options != "" {
		u.RawQuery = url.Values{"options": {options}}.Encode()
	}
	return slices.Concat([]string{"--database-url=" + u.String()}, rest, args[i:]), nil
}

// databaseOptions are Hasura's (Server/Init/Arg, parseRawConnDetails).
var databaseOptions = map[string]string{
	"--host": "host", "--port": "port", "-p": "port", "--user": "user", "-u": "user", "--password": "password",
	"--dbname": "dbname", "-d": "dbname", "--pg-connection-options": "options", "-o": "options",
}

// takesValue tells whether the word behind a global option is its value: of Hasura's, these two are left.
func takesValue(option string) bool {
	return slices.Contains([]string{"--metadata-database-url", "--retries"}, option)
}
