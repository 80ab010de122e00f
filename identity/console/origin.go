package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Guard takes the console's cookie off every request that does not come from the console's own pages, before anything
// looks at it: SameSite=Strict keeps it from other sites, but not from other hosts of the same site. It also keeps a
// session that is used from running out. Whoever reads the cookie behind Guard may let it count.
func (h *Handler) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !hasCookie(r.Header) {
			next.ServeHTTP(w, r)
			return
		}
		switch {
		case !h.isOwn(r):
			r.Header = withoutCookies(r.Header, isSessionCookie)
		case h.isSecure(r):
			// Where the safe name can be had, the other may have been planted.
			r.Header = withoutCookies(r.Header, func(name string) bool { return name == plainCookie })
		}
		h.renew(w, r)
		next.ServeHTTP(w, r)
	})
}

// isOwn tells whether a browser says that a page of ours sent the request: what it says in Sec-Fetch-Site no page can
// choose (Fetch Metadata §4); older ones, and all of them by plain http, say Origin or Referer. The handshake of a socket,
// which any page may begin, has to name its origin.
func (h *Handler) isOwn(r *http.Request) bool {
	origin, site := r.Header["Origin"], r.Header.Get("Sec-Fetch-Site")
	switch {
	case len(origin) > 1, len(origin) == 1 && !h.isOwnOrigin(r, origin[0]):
		return false
	case isHandshake(r):
		return len(origin) == 1 && (site == "" || site == "same-origin")
	case site != "":
		return site == "same-origin"
	case len(origin) == 1:
		return true
	}
	referer := r.Header.Get("Referer")
	return referer != "" && h.isOwnOrigin(r, referer)
}

// isForeign tells whether a browser says that a page that is not ours sent the request; what is no browser says nothing.
func (h *Handler) isForeign(r *http.Request) bool {
	saysNothing := r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" && r.Header.Get("Referer") == ""
	return !saysNothing && !h.isOwn(r)
}

func isHandshake(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }

// isOwnOrigin compares the host of an origin, or of a page's address, with ours. The scheme the browser used is not
// always known behind a proxy; where ours is known to be https, http is another origin.
func (h *Handler) isOwnOrigin(r *http.Request, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	if slices.ContainsFunc(h.origins, func(own string) bool { return strings.EqualFold(own, u.Scheme+"://"+u.Host) }) {
		return true
	}
	return strings.EqualFold(u.Host, h.host(r)) && (u.Scheme == "https" || !h.isKnownSecure(r))
}

// host is what the browser calls us.
func (h *Handler) host(r *http.Request) string {
	if forwarded := r.Header.Get("X-Forwarded-Host"); h.config.TrustProxy && forwarded != "" {
		return lastOf(forwarded)
	}
	return r.Host
}

// lastOf is what the nearest proxy added to a list.
func lastOf(list string) string {
	return strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
}

// isKnownSecure tells whether the browser reaches us by https for all we are told.
func (h *Handler) isKnownSecure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if proto := r.Header.Get("X-Forwarded-Proto"); h.config.TrustProxy && proto != "" {
		return strings.EqualFold(lastOf(proto), "https")
	}
	return slices.ContainsFunc(h.origins, func(own string) bool { return strings.EqualFold(own, "https://"+h.host(r)) })
}

// isSecure tells whether the browser reaches us by https, as far as we or it say so.
func (h *Handler) isSecure(r *http.Request) bool {
	if h.isKnownSecure(r) {
		return true
	}
	origin := r.Header.Get("Origin")
	return strings.HasPrefix(origin, "https://") && h.isOwnOrigin(r, origin)
}

// origin is the console's own, as the browser has it.
func (h *Handler) origin(r *http.Request) string {
	if h.isSecure(r) {
		return "https://" + h.host(r)
	}
	return "http://" + h.host(r)
}
