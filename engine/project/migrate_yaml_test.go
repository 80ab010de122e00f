package project

import (
	"context"
	"errors"
	"testing"
)

type refusing struct{}

func (refusing) Post(context.Context, string, any) ([]byte, error) { return nil, errors.New("refused") }

// TestRunCommands_noInclude: a list of commands stands in one file; what names another is a text and no command.
func TestRunCommands_noInclude(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"!include /etc/passwd\n", "- type: run_sql\n  args: !include other.yaml\n", `"!include other.yaml"`} {
		p := &Project{Server: refusing{}}
		if err := p.runCommands(t.Context(), "1_a/up.yaml", text); err == nil {
			t.Errorf("%q is run", text)
		}
	}
}
