package transport_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse/engine/transport"
)

// heard is what a client was told, by operation. Operations have an id of their own each.
type heard struct {
	// started are all, stopped those that the client ended and has proof that the server knows.
	started, stopped, completed map[string]bool
	errs                        []string
}

// message notes one of the server's.
func (h *heard) message(data []byte) (pong string) {
	var m struct {
		Type    string
		ID      *string
		Payload struct{ N string }
	}
	if err := json.Unmarshal(data, &m); err != nil && m.Type != "connection_error" && m.Type != "error" {
		h.errs = append(h.errs, fmt.Sprintf("%s: %v", data, err))
	}
	switch {
	case m.Type == "pong":
		return m.Payload.N
	case m.ID == nil:
	case !h.started[*m.ID]:
		h.errs = append(h.errs, fmt.Sprintf("of an operation that was not started: %s", data))
	case h.completed[*m.ID]:
		h.errs = append(h.errs, fmt.Sprintf("after its end: %s", data))
	case h.stopped[*m.ID]:
		h.errs = append(h.errs, fmt.Sprintf("after the client has ended it: %s", data))
	case m.Type == "complete":
		h.completed[*m.ID] = true
	}
	return ""
}

// Whatever a client says in whatever order: no operation is told of after its end, and each ends once.
func TestSocket_randomSequences(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		protocol := []string{legacyWS, newWS}[seed%2]
		t.Run(fmt.Sprint(protocol, seed), func(t *testing.T) {
			t.Parallel()
			s := newSockets(t, nil)
			s.roomFor(10_000)
			close(s.release)
			random := rand.New(rand.NewPCG(seed, 1))
			conversation{s, s.ready(protocol), random, protocol == legacyWS}.run()
		})
	}
}

// roomFor makes room for what n operations leave behind.
func (s *sockets) roomFor(n int) {
	s.pushes, s.stopped, s.ran = make(chan func(transport.SocketEvent), n), make(chan struct{}, n), make(chan string, n)
}

type conversation struct {
	*sockets
	c        *client
	random   *rand.Rand
	isLegacy bool
}

func (v conversation) run() {
	h := &heard{map[string]bool{}, map[string]bool{}, map[string]bool{}, nil}
	var pushes []func(transport.SocketEvent)
	live := 0
	told := func() {
		for len(v.pushes) > 0 {
			pushes = append(pushes, <-v.pushes)
			live++
		}
	}
	// sync waits until the server has seen all that was sent.
	syncs, inits := 0, 0
	sync := func() {
		syncs++
		n := fmt.Sprint("sync", syncs)
		v.c.send(`{"type":"ping","payload":{"n":"` + n + `"}}`)
		for {
			got, err := v.c.read()
			if err != nil {
				v.Fatalf("the connection ended: %v", err)
			}
			if h.message([]byte(got)) == n {
				return
			}
		}
	}
	var stopping []string
	ending := map[string]bool{} // by themselves
	stop := func(id string) {
		delete(ending, id)
		v.c.send(`{"type":"` + []string{"stop", "complete"}[v.random.IntN(2)] + `","id":"` + id + `"}`)
		stopping = append(stopping, id)
	}
	for step := range 150 {
		told()
		switch v.random.IntN(10) {
		case 0, 1, 2:
			id := fmt.Sprint("op", step)
			h.started[id] = true
			query := []string{"live", "live", "q", "refused", "broken", "mutation m", "slow"}[v.random.IntN(7)]
			v.c.send(`{"type":"` + []string{"start", "subscribe"}[v.random.IntN(2)] + `","id":"` + id + `","payload":{"query":"` + query + `"}}`)
			if v.random.IntN(4) == 0 {
				stop(id)
			} else if query != "live" {
				ending[id] = true
			}
		case 3:
			stop(fmt.Sprint("op", v.random.IntN(step+1)))
		case 4, 5, 6:
			if len(pushes) > 0 {
				e := transport.SocketEvent{Body: []byte(`{"data":1}`), Replaces: v.random.IntN(2) == 0}
				if v.random.IntN(5) == 0 {
					e.Err = errors.ErrUnsupported
				}
				go pushes[v.random.IntN(len(pushes))](e)
			}
		case 7:
			said := []string{hello, `{"type":"pong"}`, `{"type":"ping"}`, `{"type":"pong","payload":{"n":"x"}}`}[v.random.IntN(4)]
			if said == hello {
				if inits++; inits > 5 { // they are bounded
					continue
				}
			}
			v.c.send(said)
		case 8:
			if v.isLegacy { // the other one ends the connection over these
				v.c.send([]string{`x`, `{}`, `[]`, `{"type":"start"}`, `{"type":"start","id":"z","payload":{}}`, `{"type":"stop","id":{}}`, "\u0000"}[v.random.IntN(7)])
			}
		case 9:
			v.Review()
			if v.random.IntN(3) == 0 {
				v.Restart()
			}
		}
		if v.random.IntN(8) == 0 {
			sync()
			for _, id := range stopping {
				h.stopped[id] = true
			}
			stopping = nil
		}
	}
	for id := range ending {
		for deadline := time.Now().Add(10 * time.Second); !h.completed[id]; sync() {
			if time.Now().After(deadline) {
				v.Fatalf("%s does not end", id)
			}
		}
	}
	for id := range h.started {
		if !h.completed[id] {
			stop(id)
		}
	}
	sync()
	for _, id := range stopping {
		h.stopped[id] = true
	}
	sync()
	if !v.isLegacy && v.random.IntN(2) == 0 { // an end that the client brings about
		v.c.send(`{`)
		for {
			got, err := v.c.read()
			if err != nil {
				if websocket.CloseStatus(err) != 4400 {
					v.Errorf("ended with %v", err)
				}
				break
			}
			h.message([]byte(got))
		}
	} else {
		_ = v.c.ws.CloseNow()
	}
	v.Sockets.Close() // waits for all
	told()
	if got := len(v.stopped); got != live {
		v.Errorf("%d subscriptions have begun and %d have ended", live, got)
	}
	if len(h.errs) > 0 {
		v.Error(strings.Join(h.errs, "\n"))
	}
}

// FuzzSocketFrames: whatever is sent, each line a message, the server goes on or closes the connection.
func FuzzSocketFrames(f *testing.F) {
	for _, seed := range []string{
		hello, hello + "\n" + hello, `{"type":"start","id":"1","payload":{"query":"q"}}`, hello + "\n" + `{"type":"subscribe","id":"1","payload":{"query":"live"}}` + "\n" + `{"type":"complete","id":"1"}`,
		`{"type":"connection_terminate"}`, "{\n[\n\"", `{"type":"pong"}`, hello + "\n" + `{"type":"start","id":"1","payload":{"query":"refused","variables":{"a":[{}]}}}`, "\xff",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, lines string, isLegacy bool) {
		s := newSockets(t, nil)
		s.roomFor(len(lines) + 1)
		close(s.release)
		protocol := newWS
		if isLegacy {
			protocol = legacyWS
		}
		c := s.dial("/v1/graphql", protocol)
		for _, line := range strings.Split(lines, "\n") {
			if c.ws.Write(t.Context(), websocket.MessageText, []byte(line)) != nil {
				break
			}
		}
		_ = c.ws.Write(t.Context(), websocket.MessageText, []byte(`{"type":"ping","payload":{"n":"the end"}}`)) // it may be closed
		for {
			got, err := c.read()
			if got == `{"type":"pong","payload":{"n":"the end"}}` || websocket.CloseStatus(err) != -1 {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v", lines, err)
			}
		}
		_ = c.ws.CloseNow()
		s.Sockets.Close()
		if len(s.stopped) != len(s.pushes) {
			t.Errorf("%q: %d subscriptions have begun and %d have ended", lines, len(s.pushes), len(s.stopped))
		}
	})
}
