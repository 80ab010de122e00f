package cli

import (
	"bufio"
	"context"
	"net/http"
	"time"

	"gatehouse/engine/project"
)

// turnPatience is how long a server, or what stands before it, may take to say whether others are at work.
const turnPatience = 15 * time.Second

// inTurn does something that runs migrations or notes that they were run while nobody else does on the same metadata
// database: the server lets one command line after the other. Servers that know no turns (Hasura) let all do it at once.
func (r *run) inTurn(p *project.Project, do func() error) error {
	s, err := r.server(p.Config)
	if err != nil {
		return err
	}
	end, err := r.turn(s)
	if err != nil {
		return err
	}
	defer end()
	return do()
}

// turn waits for the turn. It is had for as long as the request lasts, so that it ends with this process at the latest.
func (r *run) turn(s *server) (end func(), err error) {
	ctx, cancel := context.WithCancel(r.ctx)
	silence := time.AfterFunc(turnPatience, cancel)
	defer silence.Stop()
	none := func() (func(), error) {
		cancel()
		return func() {}, r.ctx.Err()
	}
	resp, err := s.send(ctx, http.MethodPost, "/v1alpha1/migrations/turn", []byte("{}")) //nolint:bodyclose // closed in every case below
	switch {
	case err != nil && ctx.Err() != nil:
		return none()
	case err != nil:
		cancel()
		return nil, err
	case resp.StatusCode != http.StatusOK: // what is asked next tells what else is wrong
		_, _ = s.answer(resp)
		return none()
	}
	events := bufio.NewScanner(resp.Body)
	for isWaiting := false; events.Scan(); {
		silence.Stop()
		switch events.Text() {
		case "event: waiting":
			if !isWaiting {
				r.say("waiting for somebody else who applies migrations …")
			}
			isWaiting = true
		case "event: taken":
			over := make(chan struct{})
			go func() {
				defer close(over)
				defer resp.Body.Close()
				for events.Scan() { //nolint:revive // signs of life, until there are none
				}
				if ctx.Err() == nil {
					r.say("warning: the server no longer keeps others from applying migrations at the same time")
				}
			}()
			return func() { cancel(); <-over }, nil
		}
	}
	_ = resp.Body.Close()
	return none() // somebody else answered, or nobody
}
