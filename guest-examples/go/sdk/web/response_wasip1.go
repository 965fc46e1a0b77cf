//go:build wasip1

package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"innkeeper-sdk/internal/host"
	types "innkeeper-sdk/internal/wit/imports/wasi_http_types"
	streams "innkeeper-sdk/internal/wit/imports/wasi_io_streams"
	witTypes "innkeeper-sdk/internal/wit/types"
)

const (
	// heldBack is how much of an answer waits for its end.
	heldBack = 256 << 10
	// maxWrite is the most that one call writes.
	maxWrite = 64 << 10
)

var errGone = errors.New("the visitor has gone away")

// ofConnections are headers that belong to the host's connection.
var ofConnections = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Connection": true, "Transfer-Encoding": true, "Upgrade": true,
}

// response is the http.ResponseWriter of a request. It is sent when it is complete, flushed or
// large.
type response struct {
	out    *types.ResponseOutparam
	header http.Header
	isHead bool

	// status is 0 until the app has called WriteHeader or Write; sealed is the header as it was then.
	status int
	sealed http.Header
	buffer bytes.Buffer

	isSent bool
	body   *types.OutgoingBody
	stream *streams.OutputStream
	// gone is why nothing more can be written.
	gone error
}

// Header returns the headers that are still to be sent.
func (r *response) Header() http.Header { return r.header }

// WriteHeader notes the status. The first one counts; those below 200 do not. Like that of net/http
// it panics where the number is no status.
func (r *response) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("%d is no status of HTTP", status))
	}
	if r.status == 0 && status >= 200 {
		r.status = status
		r.sealed = r.header.Clone()
	}
}

// Write takes a part of the body.
func (r *response) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	if r.gone != nil {
		return 0, r.gone
	}
	if !hasBody(r.status) {
		return 0, http.ErrBodyNotAllowed
	}
	r.buffer.Write(data)
	if r.buffer.Len() > heldBack {
		r.send(false)
	}
	return len(data), r.gone
}

// Flush sends what was written so far, as http.Flusher.
func (r *response) Flush() {
	r.WriteHeader(http.StatusOK)
	r.send(false)
}

// discard forgets an answer. It returns false where a part of it has been sent.
func (r *response) discard() bool {
	if r.isSent {
		return false
	}
	host.Answered = false
	r.header, r.sealed, r.status = http.Header{}, nil, 0
	r.buffer.Reset()
	return true
}

// finish sends what is left and ends the answer, unless the host answers with a blob.
func (r *response) finish() {
	if host.Answered {
		r.out.Drop()
		return
	}
	r.WriteHeader(http.StatusOK)
	r.send(true)
	if r.body == nil {
		return
	}
	if r.stream != nil {
		r.stream.Drop()
	}
	host.Call(func() witTypes.Result[witTypes.Unit, types.ErrorCode] {
		return types.OutgoingBodyFinish(r.body, witTypes.None[*types.Fields]())
	})
}

// abort gives an answer up, so that nobody takes a part of it for the whole.
func (r *response) abort() {
	if r.stream != nil {
		r.stream.Drop()
	}
	if r.body != nil {
		r.body.Drop()
	}
	if !r.isSent {
		r.out.Drop()
	}
}

// send sets the response where it is not set yet, and writes what has been held back.
func (r *response) send(isComplete bool) {
	if !r.isSent {
		r.complete(isComplete)
		r.set()
	}
	if r.body != nil && !r.isHead && r.gone == nil {
		r.writeAll(r.buffer.Bytes())
	}
	r.buffer.Reset()
}

// complete adds the headers that an app need not set.
func (r *response) complete(isComplete bool) {
	_, hasType := r.sealed["Content-Type"]
	if !hasType && r.buffer.Len() > 0 && r.sealed.Get("Content-Encoding") == "" {
		r.sealed.Set("Content-Type", http.DetectContentType(r.buffer.Bytes()))
	}
	// An app that answers HEAD without a body has not told how long it would be.
	isKnown := isComplete && hasBody(r.status) && !(r.isHead && r.buffer.Len() == 0)
	if isKnown && r.sealed.Get("Content-Length") == "" {
		r.sealed.Set("Content-Length", strconv.Itoa(r.buffer.Len()))
	}
}

func (r *response) set() {
	r.isSent = true
	made := host.Call(func() witTypes.Result[*types.Fields, types.HeaderError] {
		return types.FieldsFromList(entries(r.sealed))
	})
	if made.IsErr() {
		fmt.Fprintln(os.Stderr, "The host refuses a header of this answer:", refused(r.sealed))
		r.gone = errGone
		r.out.Drop() // The host answers with 500.
		return
	}
	outgoing := host.Call(func() *types.OutgoingResponse { return types.MakeOutgoingResponse(made.Ok()) })
	host.Call(func() witTypes.Result[witTypes.Unit, witTypes.Unit] {
		return outgoing.SetStatusCode(uint16(r.status))
	})
	r.body = host.Call(outgoing.Body).Ok()
	host.Call(func() bool {
		types.ResponseOutparamSet(r.out, witTypes.Ok[*types.OutgoingResponse, types.ErrorCode](outgoing))
		return true
	})
	if hasBody(r.status) && !r.isHead {
		r.stream = host.Call(r.body.Write).Ok()
	}
}

// writeAll writes as much as the stream takes at a time, and waits where it takes nothing.
func (r *response) writeAll(data []byte) {
	for len(data) > 0 {
		permitted := host.Call(r.stream.CheckWrite)
		if permitted.IsErr() {
			r.gone = streamError(permitted.Err(), errGone)
			return
		}
		if permitted.Ok() == 0 {
			r.wait()
			continue
		}
		piece := data[:min(uint64(len(data)), permitted.Ok(), maxWrite)]
		written := host.Call(func() emptyResult { return r.stream.Write(piece) })
		if written.IsErr() {
			r.gone = streamError(written.Err(), errGone)
			return
		}
		data = data[len(piece):]
	}
	if flushed := host.Call(r.stream.Flush); flushed.IsErr() {
		r.gone = streamError(flushed.Err(), errGone)
	}
}

type emptyResult = witTypes.Result[witTypes.Unit, streams.StreamError]

func (r *response) wait() {
	pollable := r.stream.Subscribe()
	pollable.Block()
	pollable.Drop()
}

func hasBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusResetContent && status != http.StatusNotModified
}

func entries(header http.Header) []witTypes.Tuple2[string, []byte] {
	var entries []witTypes.Tuple2[string, []byte]
	for name, values := range header {
		for _, value := range values {
			if !ofConnections[name] {
				entries = append(entries, witTypes.Tuple2[string, []byte]{F0: strings.ToLower(name), F1: []byte(value)})
			}
		}
	}
	return entries
}

// refused names the headers that the host does not take.
func refused(header http.Header) string {
	var names []string
	for name, values := range header {
		made := host.Call(func() witTypes.Result[*types.Fields, types.HeaderError] {
			return types.FieldsFromList(entries(http.Header{name: values}))
		})
		if made.IsErr() {
			names = append(names, name)
			continue
		}
		made.Ok().Drop()
	}
	return strings.Join(names, ", ")
}
