package management

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"gatehouse/identity/directory"
	"gatehouse/identity/event"
)

func (h *Handler) logRoutes() map[string]map[string]endpoint {
	return map[string]map[string]endpoint{
		"/api/logs":                       {http.MethodGet: listLogs},
		"/api/logs/{id}":                  {http.MethodGet: getLog},
		"/api/sentinel-activities/delete": {http.MethodPost: unlock},
	}
}

func listLogs(c *call) error {
	p, err := c.page(false)
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	from, err := queryTime(q.Get("start_time"))
	if err != nil {
		return err
	}
	to, err := queryTime(q.Get("end_time"))
	if err != nil {
		return err
	}
	if !from.IsZero() && !to.IsZero() && from.After(to) {
		return invalidInput("`start_time` must not be after `end_time`.")
	}
	var in struct{ UserID, ApplicationID, LogKey, Result, Text string }
	err = c.query(object(partial(
		field{"userId", text()}, field{"applicationId", text()}, field{"logKey", text()},
		field{"result", enum(event.Success, event.Error)}, // this and text are Gatehouse's own
		field{"text", text(maxLength(256))},
	)...), &in)
	if err != nil {
		return err
	}
	window := p.window()
	logs, total, err := event.Query(c.ctx(), c.h.DB, event.Filter{
		UserID: in.UserID, ApplicationID: in.ApplicationID, Key: in.LogKey, Result: in.Result, Text: in.Text, From: from, To: to,
		Limit: window.Limit, Offset: window.Offset,
	})
	if err != nil {
		return err
	}
	return c.paged(p, total, logs)
}

// queryTime reads epoch milliseconds; "" is the zero time.
func queryTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	ms, err := strconv.ParseFloat(s, 64)
	if err != nil || !(ms >= 0 && ms <= maxTime) {
		return time.Time{}, invalidInput("`start_time` and `end_time` must be finite numbers.")
	}
	return time.UnixMilli(int64(ms)), nil
}

func getLog(c *call) error {
	log, err := event.Get(c.ctx(), c.h.DB, c.path("id"))
	if errors.Is(err, event.ErrNotFound) {
		return notExists("logs", c.path("id"))
	}
	if err != nil {
		return err
	}
	return c.ok(log)
}

// unlock ends the lockout of identifiers.
func unlock(c *call) error {
	var in struct{ Targets []string }
	err := c.body(object(field{"targetType", enum("User", "App")}, field{"targets", list(text(maxLength(256)))}), &in)
	if err != nil {
		return err
	}
	none := ""
	err = c.change("Sentinel.Unlocked", "sentinel", &none, func(tx *directory.Tx) error {
		return tx.ForgetAttempts(c.ctx(), in.Targets)
	})
	if err != nil {
		return err
	}
	return c.noContent()
}
