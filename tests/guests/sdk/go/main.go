// An app that calls what the SDK offers, each function at an address of its own. app_test.go asks
// for all of them: `innkeeper test`.
package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/db"
	"innkeeper-sdk/web"
)

func main() {
	mux := http.NewServeMux()
	for name, check := range checks {
		mux.HandleFunc("GET /check/"+name, func(w http.ResponseWriter, r *http.Request) { run(w, r, check) })
	}
	mux.HandleFunc("GET /checks", listChecks)
	mux.Handle("POST /form", web.HandlerFunc(receiveForm))
	mux.Handle("GET /form", web.HandlerFunc(showForm))
	mux.Handle("POST /photo", web.HandlerFunc(receivePhoto))
	mux.Handle("GET /photo/{id}", web.HandlerFunc(sendPhoto))
	mux.HandleFunc("/request/{rest...}", describeRequest)
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	mux.HandleFunc("GET /large", large)
	mux.HandleFunc("GET /stream", stream)
	mux.HandleFunc("GET /status/{status}", status)
	mux.Handle("GET /panic", web.HandlerFunc(writeAndPanic))
	mux.HandleFunc("GET /panic-busy", func(http.ResponseWriter, *http.Request) {
		panic(&innkeeper.Error{Code: innkeeper.Busy, Retryable: true})
	})
	mux.Handle("GET /fail", web.HandlerFunc(writeAndFail))
	mux.HandleFunc("GET /cut", cut)
	mux.Handle("GET /cut-by-error", web.HandlerFunc(cutByError))
	mux.Handle("GET /count", web.HandlerFunc(count))
	mux.HandleFunc("GET /refused-header", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Bad", "a\r\nb") })
	web.Serve(mux)
}

// check is what a part of the SDK has to do. It runs in a request of its own.
type check func() error

// run answers with the failure, and with 200 and undone work where there is none.
func run(w http.ResponseWriter, r *http.Request, check check) {
	err := defineTables()
	if err == nil {
		err = check()
	}
	if rollback := db.Rollback(); err == nil {
		err = rollback
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	fmt.Fprint(w, "ok")
}

func listChecks(w http.ResponseWriter, _ *http.Request) {
	var names []string
	for name := range checks {
		names = append(names, name)
	}
	slices.Sort(names)
	fmt.Fprint(w, strings.Join(names, "\n"))
}

// require fails with a text where a condition does not hold.
func require(holds bool, format string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// fails requires that err has a code.
func fails(err error, code innkeeper.Code) error {
	var failure *innkeeper.Error
	if !errors.As(err, &failure) || !errors.Is(err, code) || failure.Message == "" || failure.Interface == "" {
		return fmt.Errorf("%v is not %v", err, code)
	}
	return nil
}

func describeRequest(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s %s %s %q %d %q %t %s", r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("X-Test"), r.ContentLength,
		r.PathValue("rest"), r.TLS != nil, r.Host)
}

// large is more than is held back, and compressed badly.
func large(w http.ResponseWriter, _ *http.Request) {
	for i := range 100_000 {
		fmt.Fprintf(w, "%09d\n", i)
	}
}

func stream(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, "first ")
	w.(http.Flusher).Flush()
	w.Header().Set("X-Late", "not sent")
	fmt.Fprint(w, "second")
}

func status(w http.ResponseWriter, r *http.Request) {
	var status int
	fmt.Sscan(r.PathValue("status"), &status)
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
	w.WriteHeader(http.StatusTeapot)
	if _, err := io.WriteString(w, "<p>text"); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func writeAndPanic(w http.ResponseWriter, _ *http.Request) error {
	if err := addRow(); err != nil {
		return err
	}
	fmt.Fprint(w, "this is not seen")
	panic("a panic of the test")
}

func writeAndFail(w http.ResponseWriter, _ *http.Request) error {
	if err := addRow(); err != nil {
		return err
	}
	fmt.Fprint(w, "this is not seen")
	return errors.New("a failure of the test")
}

// cut panics in the middle of its answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	fmt.Fprint(w, "a part")
	w.(http.Flusher).Flush()
	panic("a panic of the test")
}

func cutByError(w http.ResponseWriter, _ *http.Request) error {
	fmt.Fprint(w, "a part")
	w.(http.Flusher).Flush()
	return errors.New("a failure of the test")
}

func count(w http.ResponseWriter, _ *http.Request) error {
	if err := defineTables(); err != nil {
		return err
	}
	count, err := db.One[int]("select count(*) from kept")
	fmt.Fprint(w, count)
	return err
}

func addRow() error {
	if err := defineTables(); err != nil {
		return err
	}
	_, err := db.Execute("insert into kept (text) values ($1)", "a row")
	return err
}
