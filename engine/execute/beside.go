package execute

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse/engine/session"
	"gatehouse/engine/translate"
)

// readBeside runs reading steps of a source with replicas: on one of them, or on the primary. One request reads one
// server, so that its parts fit together.
func (r *run) readBeside(ctx context.Context, src *source, steps []*translate.Step) error {
	isVolatile := slices.ContainsFunc(steps, func(s *translate.Step) bool { return s.Read.IsVolatile })
	if isVolatile || src.replicas.refuses(steps) {
		return r.readAndWrite(ctx, src, steps)
	}
	on := src.replicas.choose(src.replicas.need(r))
	if on == nil {
		return r.readOn(ctx, src.primary, steps)
	}
	kept, size := len(r.results), r.size
	during, end := on.during(ctx)
	err := r.readOn(during, on.server, steps)
	end()
	if err == nil || !src.replicas.failed(ctx, on, err, steps) {
		return err
	}
	r.results, r.size = r.results[:kept], size
	if src.replicas.refuses(steps) {
		return r.readAndWrite(ctx, src, steps)
	}
	return r.readOn(ctx, src.primary, steps)
}

// readAndWrite runs reading steps that may write.
func (r *run) readAndWrite(ctx context.Context, src *source, steps []*translate.Step) error {
	err := r.readOn(ctx, src.primary, steps)
	r.wrote(ctx, src, err)
	return err
}

func (r *run) caller() Caller {
	if r.r.Session == nil {
		return Caller{}
	}
	return CallerOf(r.r.Session)
}

// wrote remembers that the caller has written to a source: err is what became of it. What failed has written nothing,
// unless the connection was lost on the way, or the request given up.
func (r *run) wrote(ctx context.Context, src *source, err error) {
	switch {
	case src.replicas == nil || isUnsent(err):
	case err == nil:
		r.r.Seen.learn(src, src.replicas.wrote(ctx, r.caller()))
	case isLost(err) || ctx.Err() != nil:
		src.replicas.Raise()
	}
}

// Seen carries what a caller has written between processes: as a token that it brings, and one that it is given.
type Seen struct {
	token   string
	learned map[*source]uint64
}

// SeenHeader is the header with the token, of answers to what wrote and of requests that are to see it.
const SeenHeader = "X-Gatehouse-Read-After"

// NewSeen is for a request of the session, which may bring a token; nil where there are no replicas.
func (e *Executor) NewSeen(s *session.Session) *Seen {
	if !e.hasReplicas {
		return nil
	}
	return &Seen{token: s.ClientHeaders.Get(SeenHeader)}
}

// clocksDiffer is more than the clocks of two processes do.
const clocksDiffer = time.Minute

// after is the position that the caller's token demands of a source's servers. A token that is not understood demands the
// primary. One with a time stands for a write whose position is not known: any is beyond it that was asked for later.
func (s *Seen) after(p *Replicas) uint64 {
	if s == nil || s.token == "" {
		return 0
	}
	after := uint64(0)
	for part := range strings.SplitSeq(s.token, ".") {
		name, at, _ := strings.Cut(part, "-")
		at, isTime := strings.CutPrefix(at, "t")
		n, err := strconv.ParseUint(at, 16, 63)
		switch {
		case err != nil:
			return everywhere
		case name != p.token:
		case isTime:
			after = max(after, p.positionAfter(time.Unix(int64(n), 0).Add(clocksDiffer)))
		default:
			after = max(after, n)
		}
	}
	return after
}

func (s *Seen) learn(src *source, position uint64) {
	if s == nil {
		return
	}
	if s.learned == nil {
		s.learned = map[*source]uint64{}
	}
	s.learned[src] = max(s.learned[src], position)
}

// Token is what the caller is to bring to other processes: for each source written to the position, or the time where that
// is not known. "" when nothing was written.
func (s *Seen) Token() string {
	if s == nil {
		return ""
	}
	var parts []string
	for src, position := range s.learned {
		at := strconv.FormatUint(position, 16)
		if position == everywhere {
			at = "t" + strconv.FormatInt(time.Now().Unix()+1, 16) // rounded up
		}
		parts = append(parts, src.replicas.token+"-"+at)
	}
	return strings.Join(parts, ".")
}

// tokenName stands for a source in tokens: the same in every process, and not its name.
func tokenName(source string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(source)) // never fails
	return fmt.Sprintf("%08x", h.Sum32())
}
