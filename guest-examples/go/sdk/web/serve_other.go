//go:build !wasip1

package web

import (
	"fmt"
	"net/http"
	"os"
)

// Serve makes the handler answer the requests of the app. Call it at the end of main. Before each
// request that the handler answers, it calls prepare, for example to describe the tables; where one
// of them fails, AnswerError answers.
//
// Outside of Innkeeper it says how to run the app, and ends the program.
func Serve(handler http.Handler, prepare ...func() error) {
	fmt.Fprintln(os.Stderr, "This app runs inside Innkeeper: start it with `innkeeper dev`.")
	os.Exit(1)
}
