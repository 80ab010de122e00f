package console

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"gatehouse/httpd"
)

// problem is an error of the console's own API: {code, message}, as the Management API's.
type problem struct {
	status        int
	code, message string
}

func (p *problem) Error() string { return p.code + ": " + p.message }

var (
	errNoRoute     = &problem{http.StatusNotFound, "entity.not_found", "The resource does not exist."}
	errForeign     = &problem{http.StatusForbidden, "auth.forbidden", "This may be asked for by the console's own pages only."}
	errWrongSecret = &problem{http.StatusUnauthorized, "auth.unauthorized", "This is not an admin secret of this server."}
	errTooMany     = &problem{http.StatusTooManyRequests, "request.too_many", "Too many attempts. Try again in a minute."}
)

func badRequest(message string) *problem {
	return &problem{http.StatusBadRequest, "request.invalid_input", message}
}

// fail writes an error; one that is none of ours is an internal error, and told to the log alone.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	if !errors.As(err, &p) {
		httpd.Logger(r.Context()).ErrorContext(r.Context(), "console request failed", "error", err)
		p = &problem{http.StatusInternalServerError, "internal_error", "Something went wrong; the log knows what, under this request's id."}
	}
	WriteProblem(w, p.status, p.code, p.message)
}

// WriteProblem writes an error as the console's API does.
func WriteProblem(w http.ResponseWriter, status int, code, message string) {
	httpd.WriteJSON(w, status, struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{code, message})
}

// maxBody bounds a request's body.
const maxBody = 64 << 10

// readBody decodes a JSON body. Its type has to say so: a form of another site cannot send that.
func readBody(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return badRequest("The request body must be of type application/json.")
	}
	body, err := httpd.ReadBody(w, r, maxBody)
	if err != nil {
		return badRequest("The request body cannot be read.")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return badRequest("The request body is not valid.")
	}
	return nil
}
