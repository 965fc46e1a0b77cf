package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	innkeeper "innkeeper-sdk"
)

func serve(handler http.Handler, method, path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
	return recorder
}

func TestWhatTheMuxDoesNotKnowGetsAnErrorPage(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /notes/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.PathValue("id")) })
	handler := prepared(mux, nil)
	if answer := serve(handler, "GET", "/notes/7"); answer.Code != 200 || answer.Body.String() != "7" {
		t.Error(answer)
	}
	answer := serve(handler, "GET", "/nothing")
	if answer.Code != 404 || !strings.Contains(answer.Body.String(), "<p>There is nothing here.") {
		t.Error(answer)
	}
	if answer := serve(handler, "GET", "/notes/7%00"); answer.Code != 404 {
		t.Error(answer)
	}
	answer = serve(handler, "POST", "/notes/7")
	mediaType := answer.Header().Get("Content-Type")
	if answer.Code != 405 || answer.Header().Get("Allow") != "GET, HEAD" || !strings.HasPrefix(mediaType, "text/html") {
		t.Error(answer)
	}
}

func TestPreparationsComeBeforeWhatIsAnswered(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "page") })
	calls := 0
	ready := func() error { calls++; return nil }
	busy := func() error { return &innkeeper.Error{Code: innkeeper.Busy, Retryable: true} }
	if answer := serve(prepared(mux, []func() error{ready, ready}), "GET", "/"); answer.Body.String() != "page" || calls != 2 {
		t.Error(answer, calls)
	}
	if answer := serve(prepared(mux, []func() error{ready}), "POST", "/"); answer.Code != 405 || calls != 2 {
		t.Error(answer, calls)
	}
	if answer := serve(prepared(mux, []func() error{busy, ready}), "GET", "/"); answer.Code != 503 || calls != 2 {
		t.Error(answer, calls)
	}
}

func TestAnErrorHasItsStatus(t *testing.T) {
	for _, one := range []struct {
		err    error
		status int
	}{
		{Fail(403, "not <yours>"), 403},
		{fmt.Errorf("wrapped: %w", &Error{Status: 413, Text: "large", Cause: innkeeper.TooLarge}), 413},
		{&innkeeper.Error{Code: innkeeper.Busy, Retryable: true}, 503},
		{fmt.Errorf("no photo: %w", innkeeper.NotFound), 404},
		{errors.New("odd"), 500},
	} {
		handler := HandlerFunc(func(http.ResponseWriter, *http.Request) error { return one.err })
		answer := serve(handler, "GET", "/")
		body := answer.Body.String()
		if answer.Code != one.status || strings.Contains(body, "odd") || strings.Contains(body, "<yours>") {
			t.Errorf("%v: %v", one.err, answer)
		}
		if (answer.Header().Get("Retry-After") != "") != (one.status == 503) {
			t.Errorf("%v: %v", one.err, answer.Header())
		}
	}
	if err := (&Error{Status: 413, Text: "large", Cause: innkeeper.TooLarge}); !errors.Is(err, innkeeper.TooLarge) {
		t.Error(err)
	}
}
