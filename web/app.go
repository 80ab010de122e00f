package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// app is one built single-page application: its page and its files, held as they were packed.
type app struct {
	prefix string            // "/sign-in/": the address its files are under
	page   []byte            // index.html; nil when the app is not built
	files  map[string]packed // keyed by path below prefix: "assets/index-1a2b.js"
}

// packed is one file in the encodings it was embedded in. Compressible files have br and gz and no plain form (half the binary's size); others, such as
// images and fonts, have only plain.
type packed struct {
	contentType   string
	br, gz, plain []byte
}

// newApp reads dist/<name>. A directory that is not there gives an app without a page; a packed file that cannot be read is a broken build, and panics.
func newApp(files fs.FS, name, prefix string) *app {
	a := &app{prefix: prefix, files: map[string]packed{}}
	root := "dist/" + name
	if _, err := fs.Stat(files, root); err != nil {
		return a
	}
	err := fs.WalkDir(files, root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		key := strings.TrimPrefix(file, root+"/")
		encoding := ""
		if ext := path.Ext(key); ext == ".br" || ext == ".gz" {
			key, encoding = strings.TrimSuffix(key, ext), ext
		}
		p := a.files[key]
		p.contentType = contentType(key)
		switch encoding {
		case ".br":
			p.br = content
		case ".gz":
			p.gz = content
		default:
			p.plain = content
		}
		a.files[key] = p
		return nil
	})
	if err != nil {
		panic("web: read packed app " + name + ": " + err.Error())
	}
	if index, ok := a.files["index.html"]; ok {
		a.page = index.inflated()
		delete(a.files, "index.html")
	}
	return a
}

// contentType names the types the apps are made of itself: mime.TypeByExtension would ask the host's mime.types, which differs between machines.
func contentType(file string) string {
	switch path.Ext(file) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".woff2":
		return "font/woff2"
	case ".ttf":
		return "font/ttf"
	}
	if t := mime.TypeByExtension(path.Ext(file)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func (p packed) inflated() []byte {
	if p.plain != nil {
		return p.plain
	}
	r, err := gzip.NewReader(bytes.NewReader(p.gz))
	if err != nil {
		panic("web: packed file without a readable .gz: " + err.Error())
	}
	content, err := io.ReadAll(r)
	if err != nil {
		panic("web: packed file is cut short: " + err.Error())
	}
	return content
}

// serveFile answers a request for a file of the app and reports whether there is one.
func (a *app) serveFile(w http.ResponseWriter, r *http.Request) bool {
	key, below := strings.CutPrefix(r.URL.Path, a.prefix)
	if !below {
		return false
	}
	file, ok := a.files[key]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	// Names below assets/ carry a hash of their content; the few others (an icon) do not.
	if strings.HasPrefix(key, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "public, max-age=3600")
	}
	content := file.plain
	if content == nil {
		h.Set("Vary", "Accept-Encoding")
		switch accepted := r.Header.Get("Accept-Encoding"); {
		case accepts(accepted, "br"):
			h.Set("Content-Encoding", "br")
			content = file.br
		case accepts(accepted, "gzip"):
			h.Set("Content-Encoding", "gzip")
			content = file.gz
		default:
			content = file.inflated()
		}
	}
	write(w, r, http.StatusOK, content)
	return true
}

// accepts reads an Accept-Encoding header (RFC 9110 §12.5.3) for one coding. The wildcard is not honoured: a client that means it can inflate nothing
// in particular, and plain is always right.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, isQ := strings.CutPrefix(strings.TrimSpace(params), "q=")
		if !isQ {
			return true
		}
		weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err == nil && weight > 0
	}
	return false
}

func write(w http.ResponseWriter, r *http.Request, status int, content []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // the client may be gone; nobody is left to tell
	}
}
