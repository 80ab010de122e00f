package execute

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/translate"
	"gatehouse/postgres"
)

// Replicas are servers that repeat what a source's primary does, some time later (streaming replication), and may answer
// reads for it. A replica is in use while it is seen to be one of this primary's, to be there and not to lag too far.
//
// A read goes to one that has come at least as far as the caller's last write through this process, or through another
// whose token the caller brings, and as what this process knows of the schema; else to the primary. How far a replica has
// come is what was last heard of it, so it is further in truth. What fails on a replica is done again on the primary.
//
// Positions are of the primary's write-ahead log, in bytes. A write's is asked for after its commit, for all that wait at
// the time in one go; it may lie a little beyond the write.
type Replicas struct {
	primary Database
	all     []*replica
	maxLag  time.Duration
	log     *slog.Logger
	source  string
	token   string // what stands for the source in tokens

	turn atomic.Uint32
	// floor is how far a replica must have come for any read at all; everywhere while that is not known.
	floor   atomic.Uint64
	writers writers

	asks    chan chan<- answer
	stop    context.CancelFunc
	stopped <-chan struct{}
	done    sync.WaitGroup

	mu sync.Mutex
	// isRaising: the floor is to be what is asked for from now on; isAsking: what is being asked for. raised is the floor
	// apart from that.
	isRaising, isAsking bool
	raised              uint64
	// place is the primary's, nil until it is known. history are positions of the primary, oldest first.
	place   *Place
	history []moment
	// late is called after every write since others took its place; nil: none did.
	late func()
	// onPrimary are texts that replicas refuse because they write; refused: there are some.
	onPrimary map[string]struct{}
	refused   atomic.Bool
}

// everywhere is further than any replica is.
const everywhere = ^uint64(0)

// maxOnPrimary bounds the texts remembered.
const maxOnPrimary = 1000

// ReplicasConfig is what Replicas are made of. The databases belong to the caller, who closes them after the Replicas.
type ReplicasConfig struct {
	Source   string
	Primary  Database
	Replicas []Replica
	// MaxLag is how far behind in time a replica may be.
	MaxLag time.Duration
	Log    *slog.Logger
}

// Replica is one of them. Name is shown to administrators.
type Replica struct {
	Name string
	Database
}

// replica is a server that may answer reads.
type replica struct {
	*server
	name string
	// position is how far it has come at least; 0 while it is not in use.
	position atomic.Uint64
	// nudge asks for a look soon, hurry at once at one that is in use.
	nudge, hurry chan struct{}
	// slowUntil is until when nobody waits for it, in nanoseconds since 1970.
	slowUntil atomic.Int64

	mu sync.Mutex
	// why it is not in use; "" when it is. since is when that was last found to change.
	why   string
	since time.Time
	// life ends the reads under way when the server does not answer any more.
	life context.Context
	kill context.CancelFunc
}

// NewReplicas begins to look after replicas. None is in use before it was looked at.
func NewReplicas(c ReplicasConfig) *Replicas {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	p := &Replicas{primary: c.Primary, maxLag: c.MaxLag, log: c.Log, source: c.Source, token: tokenName(c.Source), asks: make(chan chan<- answer), onPrimary: map[string]struct{}{}}
	ctx, stop := context.WithCancel(context.Background())
	p.stop, p.stopped = stop, ctx.Done()
	for _, r := range c.Replicas {
		r.Retries = 0 // the primary is the other try
		one := &replica{server: newServer(r.Database), name: r.Name, nudge: make(chan struct{}, 1), hurry: make(chan struct{}, 1), why: "not looked at yet", since: time.Now()}
		one.isReplica = true
		one.life, one.kill = context.WithCancel(context.Background())
		p.all = append(p.all, one)
		p.done.Go(func() { p.watch(ctx, one) })
	}
	p.done.Go(func() { p.followPrimary(ctx) })
	p.Raise()
	return p
}

// Replaced says that others are about to take its place. Requests that began before may still write through it: late is
// called before they are answered, and raises those that took it.
func (p *Replicas) Replaced(late func()) {
	if p != nil {
		p.mu.Lock()
		p.late = late
		p.mu.Unlock()
	}
}

// Close ends the looking. Requests under way go on, and read on the primary what they have written; the databases are to be
// closed when they are done.
func (p *Replicas) Close() {
	if p != nil {
		p.stop()
		p.done.Wait()
	}
}

// Raise makes every read from now on see all that was committed on the primary before: what changed its schema, or what
// was written by somebody who cannot be told.
func (p *Replicas) Raise() {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.isRaising = true
	p.settleFloor()
	p.mu.Unlock()
	p.tell()
}

// tell lets those that have taken its place know of a write.
func (p *Replicas) tell() {
	p.mu.Lock()
	late := p.late
	p.mu.Unlock()
	if late != nil {
		late()
	}
}

// settleFloor sets the floor. The caller holds mu.
func (p *Replicas) settleFloor() {
	if p.isRaising || p.isAsking {
		p.floor.Store(everywhere)
	} else {
		p.floor.Store(p.raised)
	}
}

// raiseTo lets no replica be read that has not come as far.
func (p *Replicas) raiseTo(position uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raised = max(p.raised, position)
	p.settleFloor()
}

// choose gives a replica that has come as far as needed, each in its turn; nil when there is none.
func (p *Replicas) choose(need uint64) *replica {
	need = max(need, p.floor.Load())
	turn := int(p.turn.Add(1) % uint32(len(p.all)))
	for i := range p.all {
		if r := p.all[(turn+i)%len(p.all)]; r.has(need) {
			return r
		}
	}
	return nil
}

// need is how far a server must have come for a caller's reads.
func (p *Replicas) need(r *run) uint64 {
	after := r.r.Seen.after(p)
	if p.writers.count.Load() > 0 {
		after = max(after, p.writers.need(r.caller()))
	}
	return after
}

// has tells whether the replica is in use and has come as far.
func (r *replica) has(position uint64) bool {
	at := r.position.Load()
	return at != 0 && at >= position
}

// during is a context for a read: it also ends when the replica is found not to answer.
func (r *replica) during(ctx context.Context) (context.Context, context.CancelFunc) {
	r.mu.Lock()
	life := r.life
	r.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(life, cancel)
	return ctx, func() { stop(); cancel() }
}

// failed takes note of a read that failed on a replica, and tells whether it is to be done again on the primary. Whatever
// the error is, the primary's answer counts: there the schema and the rows are as they are now. Not so of an error that was
// made before a server was asked.
func (p *Replicas) failed(ctx context.Context, r *replica, err error, steps []*translate.Step) (again bool) {
	var known *fault.Error
	if ctx.Err() != nil || errors.As(err, &known) && known.Unwrap() == nil {
		return false
	}
	switch code := postgres.Code(err); {
	case code == readOnlyTransaction:
		p.mu.Lock()
		if len(p.onPrimary) >= maxOnPrimary {
			clear(p.onPrimary)
		}
		p.onPrimary[textOf(steps)] = struct{}{}
		p.refused.Store(true)
		p.mu.Unlock()
	case errors.Is(err, errPoolTimeout): // it is busy, not gone
	case isLost(err) || len(code) == 5 && (code[:2] == "57" && code != "57014" || code[:2] == "08" || code[:2] == "53"):
		r.out("a read failed", p.log, p.source)
		r.poke()
	}
	return true
}

// refuses tells whether replicas were found to refuse the steps.
func (p *Replicas) refuses(steps []*translate.Step) bool {
	if !p.refused.Load() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.onPrimary[textOf(steps)]
	return ok
}

func textOf(steps []*translate.Step) string {
	if len(steps) == 1 {
		return steps[0].Read.SQL
	}
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(s.Read.SQL)
		b.WriteByte(0)
	}
	return b.String()
}

// wrote remembers that a caller has written, and gives the position that a server must have come to for what follows to
// see it; everywhere when that could not be found out, and then it holds for everybody until it can.
func (p *Replicas) wrote(ctx context.Context, c Caller) uint64 {
	position, err := p.ask(context.WithoutCancel(ctx))
	if err != nil {
		p.Raise()
		return everywhere
	}
	p.writers.note(c, position, p.raiseTo)
	p.tell()
	return position
}

// ReplicaState is what an administrator is told of a replica.
type ReplicaState struct {
	Name string
	// Why it is not in use; "" when it is.
	Why   string
	Since time.Time
}

// States are the replicas' present states, in the order configured.
func (p *Replicas) States() []ReplicaState {
	if p == nil {
		return nil
	}
	out := make([]ReplicaState, len(p.all))
	for i, r := range p.all {
		r.mu.Lock()
		out[i] = ReplicaState{r.name, r.why, r.since}
		r.mu.Unlock()
	}
	return out
}

// out takes a replica out of use.
func (r *replica) out(why string, log *slog.Logger, source string) {
	r.mu.Lock()
	r.position.Store(0)
	was := r.why
	r.why = why
	if was == "" {
		r.since = time.Now()
	}
	r.mu.Unlock()
	if was == "" {
		log.Warn("read replica is out of use", "source", source, "replica", r.name, "reason", why)
	}
}

// in takes it into use, as far as it has come.
func (r *replica) in(position uint64, log *slog.Logger, source string) {
	r.mu.Lock()
	was := r.why
	r.why = ""
	if was != "" {
		r.since = time.Now()
	}
	r.position.Store(position)
	r.mu.Unlock()
	if was != "" {
		log.Info("read replica is in use", "source", source, "replica", r.name)
	}
}

// abandon ends the reads under way on a server that does not answer.
func (r *replica) abandon() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kill()
	r.life, r.kill = context.WithCancel(context.Background())
}

func (r *replica) poke() {
	select {
	case r.nudge <- struct{}{}:
	default: // a look is already due
	}
}
