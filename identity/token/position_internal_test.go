package token

import (
	"context"
	"errors"
	"testing"
)

func TestRun_failuresTellWhereInTheScript(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source string
		want   Position
	}{
		"syntax":                {"const getCustomJwtClaims = () => {\n  const a = ;\n};", Position{2, 13}},
		"thrown":                {"const getCustomJwtClaims = async () => {\n\n  throw new Error('x');\n};", Position{3, 18}},
		"after an await":        {"const getCustomJwtClaims = async () => {\n  await null;\n  return nothing.at.all;\n};", Position{3, 10}},
		"in what it calls":      {"const inner = (c) => c.a.b;\nconst getCustomJwtClaims = async () => inner({});", Position{1, 25}},
		"of a shim, its caller": {"const getCustomJwtClaims = () => {\n  return { x: new URL('no address').href };\n};", Position{2, 22}},
		"at once":               {"\nnothing();", Position{2, 1}},
		"no error":              {"const getCustomJwtClaims = () => { throw 'x'; };", Position{}},
		"made up":               {"const getCustomJwtClaims = () => { throw { message: 'x', stack: '<eval>:7:7' }; };", Position{}},
		"a stack that throws":   {"const getCustomJwtClaims = () => { throw { message: 'x', get stack() { throw 1; } }; };", Position{}},
		"a long stack":          {"const getCustomJwtClaims = () => { throw { message: 'x', stack: 'y'.repeat(1e6) + '<eval>:999:1' }; };", Position{}},
		"a number too large":    {"const getCustomJwtClaims = () => { throw { message: 'x', stack: '<eval>:99999999999999999999:1' }; };", Position{}},
	} {
		_, err := newTestSandbox(nil).Run(context.Background(), c.source, Input{})
		var failed *ScriptError
		if !errors.As(err, &failed) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if failed.At != c.want {
			t.Errorf("%s: at %v, want %v (%s)", name, failed.At, c.want, failed.Message)
		}
	}
}
