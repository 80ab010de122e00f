package web

import (
	"bytes"
	"net/http"
)

// previewPath is where the console's preview of the sign-in page is.
const previewPath = "/console/preview"

// previewPolicy lets the page paint itself with any picture and do nothing else: it may ask nobody anything, nor send a
// form, and only the console may show it.
const previewPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// previewPage serves the sign-in app for the console to show settings with that are not saved. It takes them from the page
// around it and holds none itself, so that it needs no session.
type previewPage struct{ app *app }

func (p *previewPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.app.page == nil {
		servePage(w, r, nil, "")
		return
	}
	page := bytes.Replace(p.app.page, injection, []byte(`<script type="application/json" id="gatehouse">{"preview":true}</script>`), 1)
	serveFramed(w, r, page, previewPolicy, "SAMEORIGIN")
}
