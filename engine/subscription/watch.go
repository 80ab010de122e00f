package subscription

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"gatehouse/engine/translate"
)

// Poll is one look of a group at its databases, for who watches.
type Poll struct {
	// ID is the group's.
	ID                    string
	Began                 time.Time
	Live                  *translate.Live
	Role, Operation, Hash string
	IsStream              bool
	// Snapshot is how long it took to see whom to ask for, Total the whole look.
	Snapshot, Total time.Duration
	Subscribers     int
	Batches         []Batch
}

// Batch is one statement of a Poll.
type Batch struct {
	Began time.Time
	// Execution is the database's time, Push that of telling the subscribers.
	Execution, Push time.Duration
	Bytes           int
	Err             error
}

// poll gathers what a look does; nil where nobody watches.
type poll struct {
	began time.Time
	mu    sync.Mutex
	Poll
}

func (g *group) watch() *poll {
	if g.watched == nil || g.isWatched != nil && !g.isWatched() {
		return nil
	}
	p := &poll{began: time.Now()}
	p.Began = p.began
	p.ID, p.Live, p.Role, p.Operation, p.Hash, p.IsStream = g.id, g.live, g.role, g.operation, g.hash, g.live.Stream != nil
	return p
}

// asked notes whom the look asks for.
func (p *poll) asked(cohorts []*cohort) {
	if p != nil {
		p.Snapshot, p.Subscribers = time.Since(p.began), len(cohorts)
	}
}

// done tells who watches, unless there was nobody to ask for.
func (g *group) done(p *poll) {
	if p == nil {
		return
	}
	if len(p.Batches) > 0 {
		p.Total = time.Since(p.began)
		g.watched(p.Poll)
	}
}

// batch notes one statement; it is called when the subscribers have been told.
func (p *poll) batch(began, answered time.Time, bytes int, err error) {
	if p == nil {
		return
	}
	b := Batch{Began: began, Execution: answered.Sub(began), Push: time.Since(answered), Bytes: bytes, Err: err}
	p.mu.Lock()
	p.Batches = append(p.Batches, b)
	p.mu.Unlock()
}

func newGroupID() string { return uuid.NewString() }
