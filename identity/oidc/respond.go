package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
)

func escapeHTML(text string) string { return html.EscapeString(text) }

// pairs are response parameters in the order they are sent.
type pairs [][2]string

func (p pairs) encode() string {
	var b strings.Builder
	for _, pair := range p {
		if pair[1] == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(pair[0]) + "=" + url.QueryEscape(pair[1]))
	}
	return b.String()
}

func responseParams(a *authorization, code string) pairs {
	return pairs{{"code", code}, {"state", a.params.Get("state")}, {"iss", a.provider.issuerURL}}
}

// failAuthorization sends an error to the client's redirect URI, once that is known to be the client's; before, and for
// the user's eyes only, it is shown as JSON (RFC 6749 §4.1.2.1).
func (p *Provider) failAuthorization(w http.ResponseWriter, r *http.Request, a *authorization, err error) {
	if !a.isTrusted {
		p.failWith(w, r, err, a.params.Get("state"), p.issuerURL)
		return
	}
	e := p.asError(r, err)
	noStore(w)
	p.respond(w, a, pairs{
		{"error", e.Code}, {"error_description", e.Description}, {"scope", e.Scope}, {"state", a.params.Get("state")}, {"iss", p.issuerURL},
	})
}

// respond sends response parameters to the redirect URI in the mode asked for.
func (p *Provider) respond(w http.ResponseWriter, a *authorization, params pairs) {
	uri := a.params.Get("redirect_uri")
	switch a.responseMode {
	case "form_post":
		formPost(w, uri, params)
	case "fragment":
		base, _, _ := strings.Cut(uri, "#")
		redirect(w, http.StatusSeeOther, base+"#"+params.encode())
	default:
		redirect(w, http.StatusSeeOther, withQuery(uri, params))
	}
}

func withQuery(uri string, params pairs) string {
	base, fragment, hasFragment := strings.Cut(uri, "#")
	if query := params.encode(); query != "" {
		separator := "?"
		if strings.Contains(base, "?") {
			separator = "&"
		}
		base += separator + query
	}
	if hasFragment {
		base += "#" + fragment
	}
	return base
}

const submitScript = "document.forms[0].submit();"

// formPost answers with a page that posts the parameters on (OAuth 2.0 Form Post Response Mode §2).
func formPost(w http.ResponseWriter, target string, params pairs) {
	var fields strings.Builder
	for _, pair := range params {
		if pair[1] != "" {
			fmt.Fprintf(&fields, "<input type=\"hidden\" name=\"%s\" value=\"%s\"/>\n", escapeHTML(pair[0]), escapeHTML(pair[1]))
		}
	}
	autoSubmit(w, "Submitting Callback", target, fields.String(), "Continue")
}

// autoSubmit writes a page whose one form sends itself; without scripts there is a button. Only this script may run.
func autoSubmit(w http.ResponseWriter, title, target, fields, button string) {
	sum := sha256.Sum256([]byte(submitScript))
	noStore(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; base-uri 'none'; frame-ancestors 'none'; script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	w.Header().Set("X-Frame-Options", "DENY")
	fmt.Fprintf(w, `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <meta name="viewport" content="width=device-width, initial-scale=1.0">
  <title>%s</title>
</head>
<body>
  <form method="post" action="%s">
%s    <noscript><button type="submit">%s</button></noscript>
  </form>
  <script>%s</script>
</body>
</html>
`, title, escapeHTML(target), fields, button, submitScript)
}
