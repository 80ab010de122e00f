package engine

import (
	"sync"

	"gatehouse/engine/plan"
	"gatehouse/engine/translate"
	"gatehouse/engine/transport"
)

// introspection is a kept answer, or body of a response, and the same as gzip once a client wanted it so: there are
// answers of twenty megabytes, which tools ask for again and again.
type introspection struct {
	answer []byte
	zipped func() []byte
}

// weight leaves room for the gzip, which is about a twentieth.
func (i *introspection) weight() uint32 {
	return uint32(min(len(i.answer)+len(i.answer)/16, maxIntrospections))
}

// remember keeps the answers of introspections, which belong to a kept plan.
func (l *Line) remember(i *plan.Introspect, answer func() []byte) []byte {
	if kept, ok := l.introspections.GetIfPresent(i); ok {
		return kept.answer
	}
	made := answer()
	l.introspections.Set(i, &introspection{made, sync.OnceValue(func() []byte { return transport.Gzip(made) })})
	return made
}

// zipped finds the gzip of a response that is one kept introspection; nil for all others.
func (l *Line) zipped(steps []translate.Step) func() []byte {
	if len(steps) != 1 || steps[0].Introspect == nil {
		return nil
	}
	if kept, ok := l.introspections.GetIfPresent(steps[0].Introspect); ok {
		return kept.zipped
	}
	return nil
}
