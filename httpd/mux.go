package httpd

import "net/http"

// Mux takes routes: http.ServeMux does.
type Mux interface {
	HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request))
}
