// Package export_wasi_http_incoming_handler hands each request to package web.
package export_wasi_http_incoming_handler

import "innkeeper-sdk/internal/wit/imports/wasi_http_types"

// Handler answers requests. Package web sets it.
var Handler func(*wasi_http_types.IncomingRequest, *wasi_http_types.ResponseOutparam)

// Handle is what the host calls.
func Handle(request *wasi_http_types.IncomingRequest, out *wasi_http_types.ResponseOutparam) {
	Handler(request, out)
}
