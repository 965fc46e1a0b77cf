//go:build wasip1

package web

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"innkeeper-sdk/internal/host"
	types "innkeeper-sdk/internal/wit/imports/wasi_http_types"
	streams "innkeeper-sdk/internal/wit/imports/wasi_io_streams"
	witTypes "innkeeper-sdk/internal/wit/types"
)

// maxRead is the most that one call reads of a request's body.
const maxRead = 64 << 10

func isHead(incoming *types.IncomingRequest) bool {
	return host.Call(incoming.Method).Tag() == types.Method_Head
}

// newRequest makes a request of net/http of the host's.
func newRequest(body *body) *http.Request {
	incoming := body.request
	target := host.Call(incoming.PathWithQuery).SomeOr("/")
	address, err := url.ParseRequestURI(target)
	if err != nil {
		address = &url.URL{Path: target}
	}
	makeUTF8(address)
	header := newHeader(incoming)
	request := &http.Request{
		Method:     method(host.Call(incoming.Method)),
		URL:        address,
		RequestURI: target,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     header,
		Host:       host.Call(incoming.Authority).SomeOr(""),
		RemoteAddr: remoteAddress(header),
		Body:       body,
	}
	header.Del("Host")
	request.ContentLength = contentLength(request)
	if request.ContentLength == 0 {
		request.Body = http.NoBody
	}
	if scheme := host.Call(incoming.Scheme); scheme.IsSome() && scheme.Some().Tag() == types.Scheme_Https {
		request.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	return request
}

func newHeader(incoming *types.IncomingRequest) http.Header {
	fields := host.Call(incoming.Headers)
	defer fields.Drop()
	header := http.Header{}
	for _, entry := range host.Call(fields.Entries) {
		header.Add(entry.F0, string(entry.F1))
	}
	return header
}

func method(method types.Method) string {
	names := [...]string{
		types.Method_Get:     http.MethodGet,
		types.Method_Head:    http.MethodHead,
		types.Method_Post:    http.MethodPost,
		types.Method_Put:     http.MethodPut,
		types.Method_Delete:  http.MethodDelete,
		types.Method_Connect: http.MethodConnect,
		types.Method_Options: http.MethodOptions,
		types.Method_Trace:   http.MethodTrace,
		types.Method_Patch:   http.MethodPatch,
	}
	if int(method.Tag()) < len(names) {
		return names[method.Tag()]
	}
	return method.Other()
}

// remoteAddress is the visitor's, as the host names it last. The port is not known.
func remoteAddress(header http.Header) string {
	entries := strings.Split(strings.Join(header.Values("X-Forwarded-For"), ","), ",")
	if ip := strings.TrimSpace(entries[len(entries)-1]); ip != "" {
		return net.JoinHostPort(ip, "0")
	}
	return ""
}

// contentLength is -1 where a body may come whose length is not known.
func contentLength(request *http.Request) int64 {
	if length, err := strconv.ParseInt(request.Header.Get("Content-Length"), 10, 64); err == nil && length >= 0 {
		return length
	}
	switch request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return 0
	}
	return -1
}

// body reads the body of the request. The host reads it where the app receives a form, so it is
// asked for when the app reads first.
type body struct {
	request  *types.IncomingRequest
	incoming *types.IncomingBody
	stream   *streams.InputStream
}

// Read reads what has come of the body, as io.Reader.
func (b *body) Read(buffer []byte) (int, error) {
	if len(buffer) == 0 {
		return 0, nil
	}
	if err := b.open(); err != nil {
		return 0, err
	}
	for {
		size := min(len(buffer), maxRead)
		result := host.CallFor(size, func() witTypes.Result[[]byte, streams.StreamError] {
			return b.stream.BlockingRead(uint64(size))
		})
		if result.IsErr() {
			return 0, streamError(result.Err(), io.EOF)
		}
		if data := result.Ok(); len(data) > 0 {
			return copy(buffer, data), nil
		}
	}
}

func (b *body) open() error {
	if b.stream != nil {
		return nil
	}
	consumed := host.Call(b.request.Consume)
	if consumed.IsErr() {
		return errors.New("the body of the request has been read already, perhaps as a form")
	}
	b.incoming = consumed.Ok()
	b.stream = host.Call(b.incoming.Stream).Ok()
	return nil
}

// Close does nothing: the body ends with the request.
func (b *body) Close() error { return nil }

// release drops what was opened, the inner before the outer.
func (b *body) release() {
	if b.stream != nil {
		b.stream.Drop()
		b.incoming.Drop()
	}
}

// streamError is closed where the stream has ended, else what the host says of it.
func streamError(problem streams.StreamError, closed error) error {
	if problem.Tag() == streams.StreamError_Closed {
		return closed
	}
	cause := problem.LastOperationFailed()
	defer cause.Drop()
	return errors.New(host.Call(cause.ToDebugString))
}
