//go:build wasip1

package web

import (
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	_ "unsafe" // for go:linkname

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/internal/wit/exports/export_wasi_http_incoming_handler"
	_ "innkeeper-sdk/internal/wit/exports/wit_exports"
	types "innkeeper-sdk/internal/wit/imports/wasi_http_types"
)

// softLimit is where Go begins to collect its garbage more often: an instance has 128 MiB, unless
// the operator has changed it, and Go would else wait until its memory has doubled.
const softLimit = 100 << 20

// app is the handler that Serve was given.
var app http.Handler

func init() {
	export_wasi_http_incoming_handler.Handler = handle
	debug.SetMemoryLimit(softLimit)
}

// Serve makes the handler answer the requests of the app. Call it at the end of main. Before each
// request that the handler answers, it calls prepare, for example to describe the tables; where one
// of them fails, AnswerError answers.
func Serve(handler http.Handler, prepare ...func() error) { app = prepared(handler, prepare) }

// appMain is main of the app. Nobody else calls it: a component is a library to the linker.
//
//go:linkname appMain main.main
func appMain()

// handle answers one request. An instance of the app serves no other.
func handle(incoming *types.IncomingRequest, out *types.ResponseOutparam) {
	body := &body{request: incoming}
	response := &response{out: out, header: http.Header{}, isHead: isHead(incoming)}
	if answer(response, body) {
		response.finish()
	} else {
		response.abort()
	}
	body.release()
	incoming.Drop()
}

// answer calls the app. It returns false where the app has panicked in the middle of its answer.
func answer(response *response, body *body) (complete bool) {
	request := &http.Request{}
	defer func() {
		problem := recover()
		if problem == nil {
			return
		}
		if problem != http.ErrAbortHandler {
			fmt.Fprintf(os.Stderr, "panic: %v\n\n%s", problem, debug.Stack())
		}
		if err, ok := problem.(error); ok && innkeeper.Retryable(err) && !response.isSent {
			AnswerError(response, request, err)
			complete = true
			return
		}
		if complete = problem != http.ErrAbortHandler && response.discard(); complete {
			ErrorPage(response, request, http.StatusInternalServerError, "Something went wrong. Nothing was changed.")
		}
	}()
	request = newRequest(body)
	if app == nil {
		appMain()
	}
	if app == nil {
		panic("main has not called web.Serve")
	}
	app.ServeHTTP(response, request)
	return true
}
