package transport

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
)

func checkMethod(method string) error {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return nil
	case http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return fault.New(fault.BadRequest, "", "Method %s not supported.", method)
	default:
		return fault.New(fault.BadRequest, "", "Nonstandard method not allowed for REST endpoints")
	}
}

// rest serves RESTified endpoints: the stored operation runs as the caller, with the request's variables.
func (h *Handler) rest(w http.ResponseWriter, r *http.Request) {
	body, bodyErr := h.readBody(w, r)
	s, err := h.Resolve(r.Context(), session.Request{Header: r.Header, Host: r.Host})
	if err == nil {
		err = s.Require(session.ScopeGraphQL)
	}
	if err == nil {
		err = bodyErr
	}
	if err == nil {
		err = checkMethod(r.Method)
	}
	if err != nil {
		h.Errors.Write(w, r, s, err)
		return
	}
	answer, err := h.runEndpoint(r, s, body)
	if err != nil {
		h.Errors.Write(w, r, s, err)
		return
	}
	writeAnswer(w, r, s, answer)
}

func (h *Handler) runEndpoint(r *http.Request, s *session.Session, body []byte) (Answer, error) {
	endpoint, path, err := h.REST().Match(r.Method, strings.TrimPrefix(r.URL.EscapedPath(), "/api/rest/"))
	if err != nil {
		return Answer{}, err
	}
	query, object := parameters(r, body)
	variables, err := endpoint.Values(path, query, object)
	if err != nil {
		return Answer{}, err
	}
	answer, err := h.Query(r.Context(), s, Request{Query: endpoint.Text, Variables: variables})
	if err != nil {
		return Answer{}, err
	}
	answer.Zipped = nil // of the whole response
	answer.Body, err = data(answer.Body)
	return answer, err
}

// parameters are the query string with a form body's fields, and a JSON body's members. A body that is neither is not
// looked at, as in Hasura.
func parameters(r *http.Request, body []byte) (url.Values, map[string]json.RawMessage) {
	query := r.URL.Query()
	for name, values := range formFields(r.Header.Get("Content-Type"), body) {
		query[name] = append(query[name], values...)
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		object = nil
	}
	return query, object
}

// formFields are the text fields of a form's body; a body that is none has none.
func formFields(contentType string, body []byte) url.Values {
	kind, parameters, _ := mime.ParseMediaType(contentType)
	fields := url.Values{}
	switch kind {
	case "application/x-www-form-urlencoded":
		if form, err := url.ParseQuery(string(body)); err == nil {
			fields = form
		}
	case "multipart/form-data":
		form := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
		for {
			part, err := form.NextPart()
			if err != nil {
				return fields
			}
			if text, err := io.ReadAll(part); err == nil && part.FileName() == "" {
				fields.Add(part.FormName(), string(text))
			}
		}
	}
	return fields
}

// data takes the value of `data` out of a GraphQL response.
func data(answer []byte) ([]byte, error) {
	if inner, ok := bytes.CutPrefix(answer, []byte(`{"data":`)); ok && !bytes.Contains(answer, []byte(`"errors"`)) {
		return bytes.TrimSuffix(inner, []byte("}")), nil
	}
	var response struct {
		Data   json.RawMessage   `json:"data"`
		Errors []json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal(answer, &response); err != nil {
		return nil, err
	}
	if response.Data == nil {
		return []byte("null"), nil
	}
	return response.Data, nil
}
