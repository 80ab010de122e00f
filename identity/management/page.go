package management

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"gatehouse/identity/directory"
)

const (
	defaultPageSize = 20
	maxPageSize     = 100
)

// page is the window a list request asks for. The zero value is the whole list.
type page struct{ number, size int }

func (p page) window() directory.Page {
	return directory.Page{Limit: p.size, Offset: (p.number - 1) * p.size}
}

// page reads page and page_size. Where it is optional, a request with neither gets the whole list.
func (c *call) page(optional bool) (page, error) {
	q := c.r.URL.Query()
	number, size := q.Get("page"), q.Get("page_size")
	if optional && number == "" && size == "" {
		return page{}, nil
	}
	p := page{1, defaultPageSize}
	for _, part := range []struct {
		given string
		to    *int
		high  int
	}{{number, &p.number, math.MaxInt32}, {size, &p.size, maxPageSize}} {
		if part.given == "" {
			continue
		}
		n, err := strconv.Atoi(part.given)
		if err != nil || n < 1 || n > part.high {
			return page{}, badRequest("guard.invalid_pagination", "The request pagination value is invalid.")
		}
		*part.to = n
	}
	return p, nil
}

// paged answers with one page of a list of total entries.
func (c *call) paged(p page, total int, v any) error {
	if p.size > 0 {
		last := max(1, (total+p.size-1)/p.size)
		h := c.w.Header()
		h.Set("Total-Number", strconv.Itoa(total))
		h.Add("Link", c.link(1, "first"))
		if p.number > 1 {
			h.Add("Link", c.link(p.number-1, "prev"))
		}
		if p.number < last {
			h.Add("Link", c.link(p.number+1, "next"))
		}
		h.Add("Link", c.link(last, "last"))
	}
	return c.ok(v)
}

// link is a Link header. The path has no /api: that is how Logto writes it (recordings 02, 03, 04).
func (c *call) link(number int, rel string) string {
	origin := c.h.Origin
	if origin == nil {
		origin = requestOrigin
	}
	path := strings.TrimPrefix(c.r.URL.EscapedPath(), "/api")
	return fmt.Sprintf("<%s%s?%s>; rel=%q", origin(c.r), path, withPage(c.r.URL.RawQuery, number), rel)
}

// withPage sets page in a query string and leaves the other parameters where and as they are.
func withPage(query string, number int) string {
	value := "page=" + strconv.Itoa(number)
	var parts []string
	set := false
	for _, part := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		switch decoded, err := url.QueryUnescape(name); {
		case part == "" || err != nil:
		case decoded != "page":
			parts = append(parts, part)
		case !set:
			parts, set = append(parts, value), true
		}
	}
	if !set {
		parts = append(parts, value)
	}
	return strings.Join(parts, "&")
}

func requestOrigin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
