/* Addresses, and the answer where none fits or a handler fails. */
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* Whether a path fits a pattern in which parts that begin with `:` stand for any part. */
static bool path_fits(const char *pattern, const char *path)
{
    for (;;) {
        size_t pattern_size = strcspn(pattern, "/"), size = strcspn(path, "/");
        if (*pattern == ':') {
            if (!size) return false;
        } else {
            const char *part = ik_percent_decode(path, size, false);
            if (strlen(part) != pattern_size || memcmp(part, pattern, pattern_size) != 0) return false;
        }
        pattern += pattern_size;
        path += size;
        if (!*pattern || !*path) return *pattern == *path;
        pattern++;
        path++;
    }
}

static bool method_fits(const ik_route *route, const ik_request *request)
{
    return strcmp(route->method, request->is_head ? "GET" : request->method) == 0 ||
           strcmp(route->method, request->method) == 0;
}

bool ik_dispatch_routes(const ik_route *routes, size_t count, ik_request *request, ik_response *response)
{
    ik_buffer allow = {0};
    for (size_t i = 0; i < count; i++) {
        if (!path_fits(routes[i].path, request->path)) continue;
        if (method_fits(&routes[i], request)) {
            request->route = &routes[i];
            return routes[i].handler(request, response);
        }
        if (allow.size) ik_put_text(&allow, ", ");
        ik_put_text(&allow, strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method);
    }
    if (!allow.size) return ik_fail(404, "There is nothing here.");
    ik_set_header(response, "allow", allow.data);
    return ik_fail(405, "This address does not take that method.");
}

const char *ik_param(const ik_request *request, const char *name)
{
    const char *pattern = request->route ? request->route->path : "", *path = request->path;
    size_t name_size = strlen(name);
    while (*pattern) {
        size_t pattern_size = strcspn(pattern, "/"), size = strcspn(path, "/");
        if (*pattern == ':' && pattern_size == name_size + 1 && memcmp(pattern + 1, name, name_size) == 0) {
            return ik_percent_decode(path, size, false);
        }
        pattern += pattern_size + (pattern[pattern_size] == '/');
        path += size + (path[size] == '/');
    }
    ik_panic("the route has no parameter %s", name);
}

const char *ik_query_param(const ik_request *request, const char *name)
{
    for (const char *at = request->query; *at; at += *at == '&') {
        size_t size = strcspn(at, "&"), key = strcspn(at, "=&");
        if (strcmp(ik_percent_decode(at, key, true), name) == 0) {
            const char *value = at + key + (at[key] == '=');
            return ik_percent_decode(value, (size_t)(at + size - value), true);
        }
        at += size;
    }
    return NULL;
}

void ik_log_error(void)
{
    const ik_error *error = ik_last_error();
    if (error->status != 500) return;
    fprintf(stderr, "%s: %s%s%s: %s\n", error->interface, error->code, *error->sqlstate ? " " : "", error->sqlstate,
            error->message);
}

/* What visitors are told. The messages of the interfaces are for the app's author. */
static const char *text_of(const ik_error *error)
{
    if (strcmp(error->interface, "http") == 0 && error->status != 500) return error->message;
    switch (error->status) {
    case 400: return "The form could not be read.";
    case 403: return "This page was out of date. Please load it again.";
    case 404: return "There is nothing here.";
    case 413: return "What was sent is too large.";
    case 415: return "A file is not of the right type.";
    case 503: return "The service is busy. Please try again.";
    case 507: return "There is no room for another file.";
    default: return "Something went wrong. Nothing was changed.";
    }
}

bool ik_respond_error(ik_response *response)
{
    const ik_error *error = ik_last_error();
    ik_log_error();
    response->body = (ik_buffer){0};
    ik_write(&response->body, "%s\n", text_of(error));
    if (error->status == 503) ik_set_header(response, "retry-after", "2");
    return ik_respond(response, error->status, "text/plain; charset=utf-8");
}
