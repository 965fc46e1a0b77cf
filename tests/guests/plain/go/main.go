// A guest in Go from the WIT alone: what wit-bindgen generates, and no SDK.
package main

import (
	"fmt"

	handler "innkeeper-sdk/internal/wit/exports/export_wasi_http_incoming_handler"
	_ "innkeeper-sdk/internal/wit/exports/wit_exports"
	db "innkeeper-sdk/internal/wit/imports/innkeeper_storage_db"
	session "innkeeper-sdk/internal/wit/imports/innkeeper_storage_session"
	http "innkeeper-sdk/internal/wit/imports/wasi_http_types"
	wit "innkeeper-sdk/internal/wit/types"
)

func init() { handler.Handler = handle }

func main() {}

func handle(request *http.IncomingRequest, out *http.ResponseOutparam) {
	defer request.Drop()
	text := "plain go: " + count()
	if result := session.Set("plain", "go"); result.IsErr() {
		panic(result.Err().Message)
	}
	respond(out, text)
}

func count() string {
	result := db.Query("select $1 + 1", []db.Value{db.MakeValueInteger(1)})
	if result.IsErr() {
		panic(result.Err().Message)
	}
	return fmt.Sprint(result.Ok().Rows[0][0].Integer())
}

func respond(out *http.ResponseOutparam, text string) {
	headers := http.FieldsFromList([]wit.Tuple2[string, []uint8]{
		{F0: "content-type", F1: []uint8("text/plain; charset=utf-8")},
		{F0: "content-length", F1: []uint8(fmt.Sprint(len(text)))},
	}).Ok()
	response := http.MakeOutgoingResponse(headers)
	body := response.Body().Ok()
	http.ResponseOutparamSet(out, wit.Ok[*http.OutgoingResponse, http.ErrorCode](response))
	stream := body.Write().Ok()
	stream.BlockingWriteAndFlush([]uint8(text))
	stream.Drop()
	http.OutgoingBodyFinish(body, wit.None[*http.Fields]())
}
