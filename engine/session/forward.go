package session

import (
	"net/http"
	"strings"
)

// Forwarded are the client's headers as a webhook that asks for them gets them: what speaks of the client's connection
// stays behind, and so does the admin secret.
func (s *Session) Forwarded() http.Header {
	out := http.Header{}
	for name, values := range s.ClientHeaders {
		if !notForwarded[name] && !strings.EqualFold(name, adminSecret) && !strings.EqualFold(name, accessKey) {
			out[name] = values
		}
	}
	return out
}
