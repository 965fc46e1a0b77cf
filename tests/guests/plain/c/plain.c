/* A guest from the plain WIT, by the names that `wit-bindgen c` gives, without the SDK. */
#include <stdio.h>
#include <stdlib.h>

#include "web_app.h"

/* What is answered: the database calculates, and the session counts the visits. */
static int text(char *answer, size_t size)
{
    web_app_string_t sql, key;
    web_app_string_set(&sql, "select $1 + 1 as n");
    web_app_string_set(&key, "visits");
    innkeeper_storage_db_value_t one = {.tag = INNKEEPER_STORAGE_DB_VALUE_INTEGER, .val = {.integer = 1}};
    innkeeper_storage_db_list_value_t params = {&one, 1};
    innkeeper_storage_db_rows_t rows;
    innkeeper_storage_db_db_error_t db_error;
    innkeeper_storage_session_session_error_t session_error;
    int64_t visits;
    if (!innkeeper_storage_db_query(&sql, &params, &rows, &db_error)) abort();
    if (!innkeeper_storage_session_increment(&key, 1, &visits, &session_error)) abort();
    int length = snprintf(answer, size, "plain c: %lld", (long long)rows.rows.ptr[0].ptr[0].val.integer);
    innkeeper_storage_db_rows_free(&rows);
    return length;
}

void exports_wasi_http_incoming_handler_handle(exports_wasi_http_incoming_handler_own_incoming_request_t request,
                                               exports_wasi_http_incoming_handler_own_response_outparam_t out)
{
    char answer[64];
    int length = text(answer, sizeof answer);
    wasi_http_types_own_fields_t headers = wasi_http_types_constructor_fields();
    wasi_http_types_field_name_t name;
    web_app_string_set(&name, "content-type");
    wasi_http_types_field_value_t type = {(uint8_t *)"text/plain", 10};
    wasi_http_types_header_error_t header_error;
    wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(headers), &name, &type, &header_error);

    wasi_http_types_own_outgoing_response_t response = wasi_http_types_constructor_outgoing_response(headers);
    wasi_http_types_own_outgoing_body_t body;
    wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body);
    wasi_http_types_result_own_outgoing_response_error_code_t answered = {.is_err = false, .val = {.ok = response}};
    wasi_http_types_static_response_outparam_set(out, &answered);

    wasi_http_types_own_output_stream_t stream;
    wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);
    web_app_list_u8_t bytes = {(uint8_t *)answer, (size_t)length};
    wasi_io_streams_stream_error_t stream_error;
    wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(stream), &bytes,
                                                                  &stream_error);
    wasi_io_streams_output_stream_drop_own(stream);
    wasi_http_types_error_code_t error;
    wasi_http_types_static_outgoing_body_finish(body, NULL, &error);
    wasi_http_types_incoming_request_drop_own(request);
}
