/* Responses: status, headers, body. */
#include <string.h>
#include <strings.h>

#include "internal.h"

void ik_set_header(ik_response *response, const char *name, const char *value)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (strcasecmp(response->headers[i].name, name) == 0) {
            response->headers[i].value = value;
            return;
        }
    }
    ik_header *headers = ik_alloc((response->header_count + 1) * sizeof *headers);
    if (response->header_count) memcpy(headers, response->headers, response->header_count * sizeof *headers);
    headers[response->header_count++] = (ik_header){name, value};
    response->headers = headers;
}

bool ik_respond(ik_response *response, int status, const char *content_type)
{
    response->status = status;
    ik_set_header(response, "content-type", content_type);
    return true;
}

bool ik_redirect(ik_response *response, const char *location)
{
    response->status = 303;
    ik_set_header(response, "location", location);
    ik_set_header(response, "cache-control", "no-store");
    return true;
}
