package server

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// ReportFatal says why the process ends: as one line in the form of Hasura's logs, which deployments look for, or in plain
// words where a person watches. k tells the variables of the flags an error names; nil knows none.
func ReportFatal(out io.Writer, k *kong.Kong, err error) {
	message := withVariables(k, err.Error())
	if isTerminal(out) {
		fmt.Fprintf(out, "gatehouse: %s\n", message)
		return
	}
	type detail struct {
		Kind string `json:"kind"`
		Info string `json:"info"`
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(struct { // stderr may be closed
		Type      string `json:"type"`
		Timestamp string `json:"timestamp"`
		Level     string `json:"level"`
		Detail    detail `json:"detail"`
	}{"startup", time.Now().UTC().Format("2006-01-02T15:04:05.000-0700"), "error", detail{"start_failed", message}})
}

var flagName = regexp.MustCompile(`--([a-z0-9-]+)`)

// withVariables adds to the first flag that a message names the variables it can be set by, unless one is named already.
func withVariables(k *kong.Kong, message string) string {
	at := flagName.FindStringSubmatchIndex(message)
	if k == nil || at == nil {
		return message
	}
	for _, f := range k.Model.Flags {
		if f.Name != message[at[2]:at[3]] || len(f.Envs) == 0 {
			continue
		}
		for _, env := range f.Envs {
			if strings.Contains(message, env) {
				return message
			}
		}
		return message[:at[1]] + " (" + strings.Join(f.Envs, ", ") + ")" + message[at[1]:]
	}
	return message
}
