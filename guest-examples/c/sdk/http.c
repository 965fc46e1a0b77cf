/* HTTP: what is asked for, and what is answered. */
#include <string.h>

#include "internal.h"

/* The most that `blocking-write-and-flush` takes. */
#define FLUSHED_WRITE_BYTES 4096
#define READ_BYTES 65536

typedef wasi_http_types_tuple2_field_name_field_value_t host_header;

/* ---- The request ---- */

static const char *method_of(wasi_http_types_borrow_incoming_request_t handle)
{
    // In the order of the variant in the WIT file.
    static const char *const names[] = {
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    };
    wasi_http_types_method_t method;
    wasi_http_types_method_incoming_request_method(handle, &method);
    if (method.tag < sizeof names / sizeof *names) return names[method.tag];
    return ik_text_of_host(method.val.other);
}

static ik_request request_of(wasi_http_types_own_incoming_request_t own)
{
    wasi_http_types_borrow_incoming_request_t handle = wasi_http_types_borrow_incoming_request(own);
    web_app_string_t target = {0}, authority = {0};
    wasi_http_types_method_incoming_request_path_with_query(handle, &target);
    wasi_http_types_method_incoming_request_authority(handle, &authority);
    const char *path = ik_text_of_host(target);
    size_t size = strcspn(path, "?");
    ik_request request = {
        .method = method_of(handle),
        .path = ik_copy(path, size),
        .query = path[size] ? path + size + 1 : "",
        .authority = ik_text_of_host(authority),
        .handle = own,
    };
    request.is_head = strcmp(request.method, "HEAD") == 0;
    return request;
}

const char *ik_request_header(const ik_request *request, const char *name)
{
    wasi_http_types_own_headers_t headers =
        wasi_http_types_method_incoming_request_headers(wasi_http_types_borrow_incoming_request(request->handle));
    web_app_string_t text = ik_string_of(name);
    wasi_http_types_list_field_value_t values;
    wasi_http_types_method_fields_get(wasi_http_types_borrow_fields(headers), &text, &values);
    wasi_http_types_fields_drop_own(headers);
    return values.len ? ik_text_of_host((web_app_string_t){values.ptr->ptr, values.ptr->len}) : NULL;
}

/* Appends the next piece of a body. False at its end. */
static bool read_piece(wasi_io_streams_own_input_stream_t stream, ik_buffer *body, bool *failed)
{
    web_app_list_u8_t piece;
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_input_stream_blocking_read(wasi_io_streams_borrow_input_stream(stream), READ_BYTES,
                                                           &piece, &error)) {
        *failed = error.tag != WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
        return false;
    }
    ik_put(body, piece.ptr, piece.len);
    web_app_list_u8_free(&piece);
    return true;
}

bool ik_request_body(const ik_request *request, size_t max_size, ik_buffer *body)
{
    wasi_http_types_own_incoming_body_t incoming;
    wasi_io_streams_own_input_stream_t stream;
    if (!wasi_http_types_method_incoming_request_consume(wasi_http_types_borrow_incoming_request(request->handle),
                                                         &incoming) ||
        !wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(incoming), &stream)) {
        ik_panic("the body of the request has been received before");
    }
    bool failed = false;
    *body = (ik_buffer){0};
    while (body->size <= max_size && read_piece(stream, body, &failed)) {}
    ik_put(body, "", 0);
    wasi_io_streams_input_stream_drop_own(stream);
    wasi_http_types_incoming_body_drop_own(incoming);
    if (failed) return ik_fail(400, "The body of the request did not arrive.");
    if (body->size > max_size) return ik_fail(413, "The request is too large: %zu bytes fit.", max_size);
    return true;
}

/* ---- The response ---- */

static wasi_http_types_own_fields_t fields_of(const ik_response *response)
{
    host_header *items = ik_alloc(response->header_count * sizeof *items);
    for (size_t i = 0; i < response->header_count; i++) {
        web_app_string_t value = ik_string_of(response->headers[i].value);
        items[i].f0 = ik_string_of(response->headers[i].name);
        items[i].f1 = (wasi_http_types_field_value_t){value.ptr, value.len};
    }
    wasi_http_types_list_tuple2_field_name_field_value_t list = {items, response->header_count};
    wasi_http_types_own_fields_t fields;
    wasi_http_types_header_error_t error;
    if (!wasi_http_types_static_fields_from_list(&list, &fields, &error)) {
        ik_panic("the host refuses the headers of this response");
    }
    return fields;
}

/* Hands the head to the host, which commits the request, and opens the body. */
static void send_head(ik_response *response)
{
    if (!response->status) ik_panic("the handler has returned true without a response");
    wasi_http_types_own_outgoing_response_t head = wasi_http_types_constructor_outgoing_response(fields_of(response));
    wasi_http_types_borrow_outgoing_response_t borrowed = wasi_http_types_borrow_outgoing_response(head);
    if (response->status < 0 || response->status > UINT16_MAX ||
        !wasi_http_types_method_outgoing_response_set_status_code(borrowed, (uint16_t)response->status)) {
        ik_panic("%d is no status of HTTP", response->status);
    }
    if (!wasi_http_types_method_outgoing_response_body(borrowed, &response->stream_body)) {
        ik_panic("the response has no body");
    }
    wasi_http_types_result_own_outgoing_response_error_code_t answer = {.is_err = false, .val = {.ok = head}};
    wasi_http_types_static_response_outparam_set(response->out, &answer);
    response->is_sent = true;
}

/* Writes as much as the stream takes at a time, and waits where it takes nothing. */
static bool write_all(wasi_io_streams_borrow_output_stream_t stream, const char *data, size_t size)
{
    wasi_io_streams_stream_error_t error;
    while (size > FLUSHED_WRITE_BYTES) {
        uint64_t permitted;
        if (!wasi_io_streams_method_output_stream_check_write(stream, &permitted, &error)) return false;
        if (!permitted) {
            wasi_io_poll_own_pollable_t ready = wasi_io_streams_method_output_stream_subscribe(stream);
            wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
            wasi_io_poll_pollable_drop_own(ready);
            continue;
        }
        web_app_list_u8_t piece = {IK_UNCONST(uint8_t, data), permitted < size ? (size_t)permitted : size};
        if (!wasi_io_streams_method_output_stream_write(stream, &piece, &error)) return false;
        data += piece.len;
        size -= piece.len;
    }
    web_app_list_u8_t rest = {IK_UNCONST(uint8_t, data), size};
    return wasi_io_streams_method_output_stream_blocking_write_and_flush(stream, &rest, &error);
}

bool ik_stream_begin(ik_response *response)
{
    send_head(response);
    return wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(response->stream_body),
                                                      &response->stream) ||
           ik_fail(500, "the body of the response cannot be written");
}

bool ik_stream_write(ik_response *response, const void *data, size_t size)
{
    if (response->is_head) return true;
    return write_all(wasi_io_streams_borrow_output_stream(response->stream), data, size) ||
           ik_fail(500, "the visitor has gone away");
}

/* Ends a body in the only way that tells the visitor that it is whole. */
static void end_body(ik_response *response)
{
    wasi_http_types_error_code_t error;
    wasi_io_streams_output_stream_drop_own(response->stream);
    wasi_http_types_static_outgoing_body_finish(response->stream_body, NULL, &error);
}

static void send(ik_response *response)
{
    if (response->status != 304) ik_set_header(response, "content-length", ik_format("%zu", response->body.size));
    if (!ik_stream_begin(response)) ik_panic("the body of the response cannot be written");
    // For HEAD too: the host sends no body then, and checks its length all the same. A visitor who
    // has gone away is no error of the app.
    write_all(wasi_io_streams_borrow_output_stream(response->stream), response->body.data, response->body.size);
    end_body(response);
}

/* What the host calls for each request. */
void exports_wasi_http_incoming_handler_handle(exports_wasi_http_incoming_handler_own_incoming_request_t incoming,
                                               exports_wasi_http_incoming_handler_own_response_outparam_t out)
{
    ik_request request = request_of(incoming);
    ik_response response = {.out = out, .is_head = request.is_head};
    bool done = ik_handle(&request, &response);
    if (response.stream.__handle) {
        // A body that is not ended shows the visitor that something is missing.
        if (done) end_body(&response);
        else ik_log_error();
        return;
    }
    if (response.is_sent) return;
    if (!done) ik_respond_error(&response);
    send(&response);
}
