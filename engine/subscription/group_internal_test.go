package subscription

import (
	"testing"
	"time"
)

func TestDue_whatChangedLatelyComesFirst(t *testing.T) {
	t.Parallel()
	busy := &cohort{}
	g := &group{cost: Cost{Looks: 20}, cohorts: map[string]*cohort{"a": {}, "b": {}, "c": {}, "busy": busy, "d": {}}}
	g.tell(busy, Event{}, 1, false)
	for i := range 10 {
		all := true
		due := g.due(&all)
		g.looked(time.Time{}, len(due), all)
		if len(due) != 5 {
			t.Fatalf("%d cohorts of 5 are asked for", len(due))
		}
		if i <= recently && due[0] != busy {
			t.Errorf("look %d: what changed lately is not asked for first", i)
		}
	}
}
