package transport

import (
	"net/http"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
)

func TestReservations_lapseAndAreBounded(t *testing.T) {
	t.Parallel()
	var all reservations
	reserve := func(address, caller string) (string, error) {
		token, err := all.reserve(&reservation{path: "/p", session: &session.Session{Role: caller}, address: address, caller: "caller " + caller})
		if err == nil {
			all.byToken[token].expiry.Stop() // the test says when
		}
		return token, err
	}
	refused := func(what string, err error, status int) {
		t.Helper()
		if err == nil || fault.Internal(err).Status != status {
			t.Errorf("%s: %v", what, err)
		}
	}
	user := &session.Session{Role: "user"}
	token, err := reserve("a", "user")
	if err != nil {
		t.Fatal(err)
	}
	all.lapse(token)
	_, err = all.take(token, "/p", user)
	refused("what has lapsed", err, http.StatusNotFound)

	tokens := make([]string, maxReservationsOfOne)
	for i := range tokens {
		if tokens[i], err = reserve("a", "user"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = reserve("a", "other")
	refused("one too many of an address", err, http.StatusServiceUnavailable)
	_, err = reserve("b", "user")
	refused("one too many of a caller", err, http.StatusServiceUnavailable)
	if _, err = reserve("b", "other"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if _, err := all.take(tokens[0], "/p", user); err != nil { // its stream is there: it waits no more
		t.Error(err)
	}
	if _, err := reserve("a", "user"); err != nil {
		t.Errorf("once one has its stream: %v", err)
	}
	all.lapse(tokens[0]) // late
	if _, err := all.stream(tokens[0], "/p", user); fault.Internal(err).Status != http.StatusConflict {
		t.Errorf("an open stream lapsed: %v", err)
	}
	for _, token := range tokens {
		all.lapse(token)
		all.release(token)
	}
	if len(all.byToken) != 2 || all.waiting != 2 || len(all.of) != 4 {
		t.Errorf("left: %d reservations, %d counted, by %v", len(all.byToken), all.waiting, all.of)
	}
	for i := len(all.byToken); i < maxReservations; i++ {
		if _, err := reserve(string(rune(i)), string(rune(i))+"c"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = reserve("z", "z")
	refused("one too many", err, http.StatusServiceUnavailable)
}
