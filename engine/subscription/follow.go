package subscription

import "gatehouse/engine/changes"

// follow begins to watch what the group reads, one watch for each poll. What is told comes as a wake.
func (g *group) follow(feed func(source string) *changes.Feed) {
	if feed == nil {
		g.why = "off"
		return
	}
	for _, p := range g.live.Polls {
		if g.why = p.Reads.Why; g.why != "" {
			g.unfollow()
			g.following = nil
			return
		}
		g.following = append(g.following, feed(p.Source).Watch(changes.Reads{Relations: p.Reads.Relations, Functions: p.Reads.Functions}, g.nudge))
	}
}

func (g *group) unfollow() {
	for _, w := range g.following {
		w.Stop()
	}
}

// state tells whether every change of what the group reads is told, and whether there was one since it was asked last.
func (g *group) state() (isFollowed, hasChanged bool) {
	isFollowed = len(g.following) > 0
	for i, w := range g.following {
		l := w.Look()
		isFollowed = isFollowed && l.IsFollowed
		if l.IsFollowed && l.IsStale {
			hasChanged = true
			g.audience.After(g.live.Polls[i].Source, l.Position)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return isFollowed && g.timed == 0, hasChanged
}

// settle waits until what was told can be seen; false when it still cannot.
func (g *group) settle() bool {
	for _, w := range g.following {
		if !w.Settle(g.ctx) {
			return false
		}
	}
	return true
}

// polls is why the group asks at every interval; "" when it does not.
func (g *group) polls() string {
	for _, w := range g.following {
		if why := w.Why(); why != "" {
			return why
		}
	}
	if g.timed > 0 {
		return "a value means the present time"
	}
	return g.why
}
