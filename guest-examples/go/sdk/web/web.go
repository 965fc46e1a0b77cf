// Package web serves any http.Handler inside Innkeeper:
//
//	func main() {
//		mux := http.NewServeMux()
//		mux.Handle("GET /notes/{id}", web.HandlerFunc(showNote))
//		web.Serve(mux, defineTables)
//	}
//
// One request is one unit of work. An answer is held back until it is complete, is flushed
// (http.Flusher) or exceeds 256 KiB: until then a handler that fails or panics is answered with an
// error page, and nothing of its request is kept.
package web

import (
	"net/http"
	"strings"
)

// WithErrorPages answers with ErrorPage where the mux knows no such address or method. Serve does
// it by itself for a mux that no other handler wraps.
func WithErrorPages(mux *http.ServeMux) http.Handler {
	return withErrorPages(mux, mux)
}

// withErrorPages leaves what the mux knows to next.
func withErrorPages(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			next.ServeHTTP(w, r)
			return
		}
		refused := refusal{header: w.Header()}
		mux.ServeHTTP(&refused, r)
		for _, name := range []string{"Content-Type", "Content-Length", "X-Content-Type-Options"} {
			w.Header().Del(name)
		}
		text := "There is nothing here."
		if refused.status == http.StatusMethodNotAllowed {
			text = "This address does not take that method."
		}
		ErrorPage(w, r, refused.status, text)
	})
}

// refusal takes the answer of a mux without its text.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header            { return r.header }
func (r *refusal) Write(data []byte) (int, error) { return len(data), nil }
func (r *refusal) WriteHeader(status int)         { r.status = status }

// prepared is the handler that Serve was given, behind its preparations.
func prepared(handler http.Handler, prepare []func() error) http.Handler {
	mux, isMux := handler.(*http.ServeMux)
	if len(prepare) > 0 {
		handler = afterAll(prepare, handler)
	}
	if isMux {
		handler = withErrorPages(mux, handler)
	}
	return withoutNUL(handler)
}

// withoutNUL answers what has NUL in its path with 404: no database keeps NUL in a text, so nothing
// has a name with it.
func withoutNUL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "\x00") {
			ErrorPage(w, r, http.StatusNotFound, "There is nothing here.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func afterAll(prepare []func() error, handler http.Handler) http.Handler {
	return HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		for _, prepare := range prepare {
			if err := prepare(); err != nil {
				return err
			}
		}
		handler.ServeHTTP(w, r)
		return nil
	})
}
