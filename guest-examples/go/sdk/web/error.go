package web

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"os"
	"strconv"

	innkeeper "innkeeper-sdk"
)

// RetryAfter is how many seconds a visitor is told to wait after a failure that may well pass.
const RetryAfter = 2

// Error is an answer other than the one that was asked for.
type Error struct {
	// Status is that of the answer.
	Status int
	// Text is for the visitor.
	Text string
	// Cause is what led to it, if anything.
	Cause error
}

// Fail makes an error that is answered with the status and the text.
func Fail(status int, text string) error {
	return &Error{Status: status, Text: text}
}

// Error returns the text, and the cause where there is one.
func (e *Error) Error() string {
	text := fmt.Sprintf("%d %s", e.Status, e.Text)
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// HandlerFunc is a function that answers a request or fails. As an http.Handler it answers what
// has failed by AnswerError.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP calls the function.
func (f HandlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := f(w, r); err != nil {
		AnswerError(w, r, err)
	}
}

// AnswerError answers with the page of an error, in place of what was written before. A *Error has
// its own status. What the host says may be tried again is 503, what it did not find 404, and all
// else is written to the log and answered with 500. With 500 and above nothing of the request is
// kept, below that all: check before you write, or write in db.Transaction. An answer of which a
// part has left is cut off.
func AnswerError(w http.ResponseWriter, r *http.Request, err error) {
	if held, ok := w.(interface{ discard() bool }); ok && !held.discard() {
		fmt.Fprintf(os.Stderr, "%s %s: %v\n", r.Method, r.URL.Path, err)
		panic(http.ErrAbortHandler)
	}
	var failure *Error
	switch {
	case errors.As(err, &failure):
		ErrorPage(w, r, failure.Status, failure.Text)
	case innkeeper.Retryable(err):
		w.Header().Set("Retry-After", strconv.Itoa(RetryAfter))
		ErrorPage(w, r, http.StatusServiceUnavailable, "Too much is going on just now. Please try again.")
	case errors.Is(err, innkeeper.NotFound):
		ErrorPage(w, r, http.StatusNotFound, "There is nothing here.")
	default:
		fmt.Fprintf(os.Stderr, "%s %s: %v\n", r.Method, r.URL.Path, err)
		ErrorPage(w, r, http.StatusInternalServerError, "Something went wrong. Nothing was changed.")
	}
}

// ErrorPage writes the page of an error. Replace it to give an app's pages their own look. It also
// writes the answers of an http.ServeMux for addresses and methods that it does not know.
var ErrorPage = func(w http.ResponseWriter, _ *http.Request, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	title, text := http.StatusText(status), html.EscapeString(text)
	fmt.Fprintf(w, "<!doctype html>\n<title>%d %s</title>\n<p>%s</p>\n", status, title, text)
}
