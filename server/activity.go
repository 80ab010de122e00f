package server

import (
	"net/http"
	"sync/atomic"
	"time"

	"gatehouse/telemetry"
)

// activityMinutes is how far back requests are counted: a day.
const activityMinutes = 24 * 60

// activity counts this process's requests by minute, for the console's charts. What is older than a day is overwritten.
type activity struct {
	minutes [activityMinutes]activityMinute
}

// activityMinute is one minute's requests. of is the minute since the epoch that they are of.
type activityMinute struct{ of, requests, errors atomic.Int64 }

// count notes a request. Two requests may find an old minute at once: one of them clears it, and a handful of a day ago at
// most are counted in the new one.
func (a *activity) count(x *telemetry.Exchange) {
	now := x.Began.Unix() / 60
	m := &a.minutes[now%activityMinutes]
	if was := m.of.Load(); was != now && m.of.CompareAndSwap(was, now) {
		m.requests.Store(0)
		m.errors.Store(0)
	}
	m.requests.Add(1)
	if x.Status >= http.StatusInternalServerError || x.Operation.Failure != nil {
		m.errors.Add(1)
	}
}

// series sums requests and errors in steps up to now.
func (a *activity) series(from time.Time, step time.Duration, n int) (requests, errors []int64) {
	requests, errors = make([]int64, n), make([]int64, n)
	for i := range a.minutes {
		m := &a.minutes[i]
		at := time.Unix(m.of.Load()*60, 0)
		if at.Before(from) {
			continue
		}
		if k := int(at.Sub(from) / step); k < n {
			requests[k] += m.requests.Load()
			errors[k] += m.errors.Load()
		}
	}
	return requests, errors
}
