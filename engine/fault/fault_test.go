package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"gatehouse/engine/fault"
)

func TestPaths(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{fault.Key("$", "selectionSet"), "$.selectionSet"},
		{fault.Key("$.args", "x-hasura-role"), "$.args.x-hasura-role"},
		{fault.Key("$.args", "$set"), `$.args["$set"]`},
		{fault.Key("$.args", "a b"), `$.args["a b"]`},
		{fault.Key("$.args", ""), `$.args[""]`},
		{fault.Key("$.args", "1st"), `$.args["1st"]`},
		{fault.Key("$", "naïve"), `$["naïve"]`},
		{fault.Index(fault.Key("$", "args"), 1), "$.args[1]"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func TestUnder_movesThePathAndLeavesTheOriginal(t *testing.T) {
	inner := fault.New(fault.ParseFailed, "$.where", "no")
	moved := fault.Under("$.args", inner)
	var e *fault.Error
	if !errors.As(moved, &e) || e.Path != "$.args.where" {
		t.Errorf("moved to %v", moved)
	}
	if inner.Path != "$.where" {
		t.Errorf("the original moved to %s", inner.Path)
	}
	if plain := errors.New("plain"); !errors.Is(fault.Under("$.args", plain), plain) {
		t.Error("an error of another type changed")
	}
}

func TestNew_statusFollowsTheCode(t *testing.T) {
	for code, want := range map[string]int{
		fault.ValidationFailed: 400, fault.AccessDenied: 400, fault.NotFound: 400,
		fault.Conflict: 409, fault.MethodNotAllowed: 405, fault.Unexpected: 500,
	} {
		if got := fault.New(code, "", "m").Status; got != want {
			t.Errorf("%s: status %d, want %d", code, got, want)
		}
	}
	if got := fault.New(fault.AccessDenied, "", "m").WithStatus(401).Status; got != 401 {
		t.Errorf("WithStatus gave %d", got)
	}
}

func TestNew_messageWithoutArgumentsIsTakenLiterally(t *testing.T) {
	newError := fault.New // vet would rather see "%s"
	if got := newError(fault.BadRequest, "", "100%d").Message; got != "100%d" {
		t.Errorf("message %q", got)
	}
}

func TestInternal_hidesTheCauseButKeepsAnErrorOfOurs(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.1: refused")
	e := fault.Internal(cause)
	if e.Message != "internal error" || e.Code != fault.Unexpected || e.Status != 500 || e.Internal != nil {
		t.Errorf("got %+v", e)
	}
	if !errors.Is(e, cause) {
		t.Error("the cause is lost to the log")
	}
	ours := fault.New(fault.NotExists, "$.args", "no table")
	if got := fault.Internal(fmt.Errorf("track: %w", ours)); got != ours {
		t.Errorf("got %v", got)
	}
}
