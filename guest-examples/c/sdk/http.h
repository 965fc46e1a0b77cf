/* HTTP: what is asked for, what is answered, and what the host knows. */
#ifndef INNKEEPER_HTTP_H
#define INNKEEPER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "generated/web_app.h"
#include "text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is asked for. */
typedef struct ik_request {
    /* In capitals. */
    const char *method;
    /* Without the query, as it was sent. */
    const char *path;
    /* Behind the question mark, as it was sent; empty where there is none. */
    const char *query;
    /* The host and port that the visitor has asked for. */
    const char *authority;
    /* Whether only the head of the response is wanted. The body is left out by itself. */
    bool is_head;
    /* For the SDK alone. */
    const struct ik_route *route;
    wasi_http_types_own_incoming_request_t handle;
} ik_request;

/* A header of the response. */
typedef struct ik_header {
    const char *name;
    const char *value;
} ik_header;

/* What is answered. */
typedef struct ik_response {
    /* 0 until it is chosen. */
    int status;
    /* What is sent, written with `ik_write_html` and its like. */
    ik_buffer body;
    /* Set by `ik_set_header`. */
    ik_header *headers;
    size_t header_count;
    /* For the SDK alone. */
    bool is_head;
    bool is_sent;
    wasi_http_types_own_response_outparam_t out;
    wasi_http_types_own_outgoing_body_t stream_body;
    wasi_http_types_own_output_stream_t stream;
} ik_response;

/* Defined by the app: answers a request. False: the visitor gets a page for the last error. */
bool ik_handle(ik_request *request, ik_response *response);

/* Answers requests for a route. */
typedef bool ik_handler(ik_request *request, ik_response *response);

/* An address. GET takes HEAD too. A part of the path that begins with `:` is a parameter. */
typedef struct ik_route {
    const char *method;
    const char *path;
    ik_handler *handler;
} ik_route;

/* Calls the handler of the first route that fits; else fails with 404, or 405 and `allow`. */
bool ik_dispatch_routes(const ik_route *routes, size_t count, ik_request *request, ik_response *response);
#define ik_dispatch(routes, request, response) \
    ik_dispatch_routes(routes, sizeof(routes) / sizeof *(routes), request, response)

/* A parameter of the route, decoded; the request ends where the route has none of this name. */
const char *ik_param(const ik_request *request, const char *name);
/* The first query parameter of this name, decoded; NULL where there is none. */
const char *ik_query_param(const ik_request *request, const char *name);
/* A header of the request; NULL where there is none. */
const char *ik_request_header(const ik_request *request, const char *name);
/* Receives the body as bytes; fails with 413 above `max_size`. Once for a request. */
bool ik_request_body(const ik_request *request, size_t max_size, ik_buffer *body);

/* Sets a header, over an older one of the same name. */
void ik_set_header(ik_response *response, const char *name, const char *value);
/* Chooses status and type of the response, whose body is `response->body`. Always true. */
bool ik_respond(ik_response *response, int status, const char *content_type);
/* Sends the visitor to another page with GET (303). Always true. */
bool ik_redirect(ik_response *response, const char *location);
/* Writes the last error to stderr, which is the app's log, if its status is 500. */
void ik_log_error(void);
/*
 * Empties the response and makes it a plain text for the last error, which is logged. Always true.
 */
bool ik_respond_error(ik_response *response);
/* Sends the head of the response now, to write a long body piece by piece. Commits the request. */
bool ik_stream_begin(ik_response *response);
/* Sends a piece of the body. False once the visitor has gone away. */
bool ik_stream_write(ik_response *response, const void *data, size_t size);

/* The value of a key of the app's configuration; NULL where there is none. */
const char *ik_config(const char *key);
/* Random bytes that nobody can guess. */
void ik_random(void *data, size_t size);

#ifdef __cplusplus
}
#endif
#endif
