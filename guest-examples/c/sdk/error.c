/* Errors: why the last call failed. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static ik_error last = {.interface = "http", .code = "other", .message = "no error", .sqlstate = "", .status = 500};

/* In the order of the enumerations in the WIT files. */
static const char *const db_codes[] = {
    "unavailable",        "busy",          "timeout",
    "syntax",             "unique-violation", "foreign-key-violation",
    "not-null-violation", "check-violation",  "serialization",
    "read-only",          "denied",        "bad-parameter",
    "not-found",          "too-large",     "conflict",
    "closed",             "commit-unknown",   "other",
};
static const char *const blob_codes[] = {
    "unavailable", "busy",        "timeout",       "not-found", "too-large",      "unsupported-type", "bad-form",
    "interrupted", "bad-parameter", "conflict",    "quota-exceeded", "closed",    "read-only",        "other",
};
static const char *const session_codes[] = {
    "unavailable", "busy", "timeout", "bad-parameter", "too-large", "read-only", "closed", "other",
};

static const char *code_name(const char *const *names, size_t count, unsigned code)
{
    return code < count ? names[code] : "other";
}
#define CODE_NAME(names, code) code_name(names, sizeof(names) / sizeof *(names), code)

const ik_error *ik_last_error(void)
{
    return &last;
}

bool ik_failed_with(const char *code)
{
    return strcmp(last.code, code) == 0;
}

bool ik_note_error(const ik_error *error)
{
    last = *error;
    if (!last.sqlstate) last.sqlstate = "";
    if (!last.status) last.status = last.retryable ? 503 : 500;
    return false;
}

bool ik_fail(int status, const char *format, ...)
{
    ik_buffer message = {0};
    va_list arguments;
    va_start(arguments, format);
    ik_write_arguments(&message, format, arguments);
    va_end(arguments);
    ik_put(&message, "", 0);
    return ik_note_error(&(ik_error){
        .interface = "http", .code = "other", .message = message.data, .status = status, .retryable = status == 503});
}

bool ik_fail_csrf(void)
{
    return ik_note_error(&(ik_error){.interface = "session", .code = "csrf", .status = 403,
                           .message = "The form is out of date. Please load the page again, and send the form again."});
}

bool ik_fail_db(const innkeeper_storage_db_db_error_t *error)
{
    return ik_note_error(&(ik_error){
        .interface = "db",
        .code = CODE_NAME(db_codes, error->code),
        .message = ik_text_of_host(error->message),
        .constraint = ik_text_of_option(error->constraint),
        .sqlstate = ik_text_of_host(error->sqlstate),
        .retryable = error->retryable,
    });
}

static int blob_status(innkeeper_storage_blob_upload_blob_error_code_t code)
{
    switch (code) {
    case INNKEEPER_STORAGE_BLOB_UPLOAD_BLOB_ERROR_CODE_NOT_FOUND: return 404;
    case INNKEEPER_STORAGE_BLOB_UPLOAD_BLOB_ERROR_CODE_TOO_LARGE: return 413;
    case INNKEEPER_STORAGE_BLOB_UPLOAD_BLOB_ERROR_CODE_UNSUPPORTED_TYPE: return 415;
    case INNKEEPER_STORAGE_BLOB_UPLOAD_BLOB_ERROR_CODE_BAD_FORM: return 400;
    case INNKEEPER_STORAGE_BLOB_UPLOAD_BLOB_ERROR_CODE_INTERRUPTED: return 400;
    case INNKEEPER_STORAGE_BLOB_UPLOAD_BLOB_ERROR_CODE_QUOTA_EXCEEDED: return 507;
    default: return 0;
    }
}

bool ik_fail_blob(const innkeeper_storage_blob_upload_blob_error_t *error)
{
    return ik_note_error(&(ik_error){
        .interface = "blob-upload",
        .code = CODE_NAME(blob_codes, error->code),
        .message = ik_text_of_host(error->message),
        .field = ik_text_of_option(error->field),
        .retryable = error->retryable,
        .status = blob_status(error->code),
    });
}

bool ik_fail_session(const innkeeper_storage_session_session_error_t *error)
{
    return ik_note_error(&(ik_error){
        .interface = "session",
        .code = CODE_NAME(session_codes, error->code),
        .message = ik_text_of_host(error->message),
        .retryable = error->retryable,
    });
}

void ik_panic(const char *format, ...)
{
    ik_buffer message = {0};
    va_list arguments;
    va_start(arguments, format);
    ik_write_arguments(&message, format, arguments);
    va_end(arguments);
    ik_put(&message, "", 0);
    fprintf(stderr, "%s\n", message.data);
    abort();
}
