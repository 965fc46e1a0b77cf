/*
 * Innkeeper SDK for C: HTTP, rows, files and sessions for a web app that Innkeeper runs.
 *
 * An app defines `ik_handle`; everything else here is called by it. Four rules hold throughout:
 *
 * - A function that can fail returns bool. On false, `ik_last_error` tells why. A handler passes it on
 *   with `return false`, and the visitor gets the error's status.
 * - Texts are UTF-8 and end with NUL. NULL stands for "none", and for SQL NULL.
 * - An instance of the app lives for one request, so memory that the SDK returns is never freed.
 *   What reads much data piece by piece (cursors, blob readers) reuses its own memory.
 * - A mistake of the program, such as a column that does not exist, ends the request: the message
 *   goes to stderr, the visitor gets 500, and nothing of the request is kept.
 */
#ifndef INNKEEPER_H
#define INNKEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "generated/web_app.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__has_attribute) && __has_attribute(format)
#define IK_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define IK_PRINTF(format_at, first_at)
#endif

/* ---- Memory and text ---- */

/* Memory filled with zeros. Never NULL: the request ends where there is none left. */
void *ik_alloc(size_t size);

/* A text or bytes that grow. Begin with `ik_buffer page = {0};`. `data` ends with NUL. */
typedef struct ik_buffer {
    char *data;
    size_t size;
    size_t capacity;
} ik_buffer;

/* Appends bytes. */
void ik_put(ik_buffer *buffer, const void *data, size_t size);
/* Appends a text as it is. */
void ik_put_text(ik_buffer *buffer, const char *text);
/* Appends like printf: d i u x X o f e g c s; no width for %s, and no long double. */
void ik_write(ik_buffer *buffer, const char *format, ...) IK_PRINTF(2, 3);
/* Appends like `ik_write`, but what `%s` and `%c` insert is escaped for HTML, also in attributes. */
void ik_write_html(ik_buffer *buffer, const char *format, ...) IK_PRINTF(2, 3);
/* Appends like `ik_write`, but `%s` inserts a quoted JSON string, and `null` for NULL. */
void ik_write_json(ik_buffer *buffer, const char *format, ...) IK_PRINTF(2, 3);
/* Appends a text of `size` bytes, escaped for HTML. */
void ik_put_html(ik_buffer *buffer, const char *text, size_t size);
/* Appends a text of `size` bytes as a quoted JSON string. */
void ik_put_json(ik_buffer *buffer, const char *text, size_t size);
/* A new text, made like printf. */
char *ik_format(const char *format, ...) IK_PRINTF(1, 2);
/* A copy of `size` bytes, with NUL behind them. */
char *ik_copy(const void *data, size_t size);
/* The number of characters (code points) of a text in UTF-8. */
size_t ik_utf8_length(const char *text);
/* Reads a whole decimal number. False where the text is anything else, or beyond 64 bits. */
bool ik_parse_int(const char *text, int64_t *number);
/* Decodes `%41` and, in a query or form, `+`. What is no such code stays as it is. */
char *ik_percent_decode(const char *text, size_t size, bool plus_is_blank);
/* Writes a message to stderr, which is the app's log, and ends the request with 500. */
void ik_panic(const char *format, ...) IK_PRINTF(1, 2) __attribute__((noreturn));

/* ---- Errors ---- */

/* Why the last call failed. */
typedef struct ik_error {
    /* "db", "blob-upload", "session" or "http". */
    const char *interface;
    /* The code of the interface, for example "unique-violation"; "csrf" for a refused form. */
    const char *code;
    /* For the log. It may quote a statement or a value: do not show it to visitors. */
    const char *message;
    /* The constraint or column that was violated; NULL where it is not known. */
    const char *constraint;
    /* The form field to blame; NULL where there is none. */
    const char *field;
    /* Five characters, or empty. */
    const char *sqlstate;
    /* Whether the same request may well succeed if it is made again. */
    bool retryable;
    /* The status that fits: 503 where it is worth a retry, 404, 413 and so on, else 500. */
    int status;
} ik_error;

/* The last error of this request. */
const ik_error *ik_last_error(void);
/* Whether the last error has this code. */
bool ik_failed_with(const char *code);
/* Fails with a status and a message that visitors see. Always false. */
bool ik_fail(int status, const char *format, ...) IK_PRINTF(2, 3);

/* ---- HTTP ---- */

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
/* Empties the response and makes it a plain text for the last error, which is logged. Always true. */
bool ik_respond_error(ik_response *response);
/* Sends the head of the response now, to write a long body piece by piece. Commits the request. */
bool ik_stream_begin(ik_response *response);
/* Sends a piece of the body. False once the visitor has gone away. */
bool ik_stream_write(ik_response *response, const void *data, size_t size);

/* The value of a key of the app's configuration; NULL where there is none. */
const char *ik_config(const char *key);
/* Random bytes that nobody can guess. */
void ik_random(void *data, size_t size);

/* ---- Time ---- */

typedef innkeeper_storage_db_date_t ik_day;
typedef innkeeper_storage_db_time_t ik_clock;
typedef innkeeper_storage_db_datetime_t ik_calendar;

/* This moment: microseconds since 1970-01-01T00:00:00Z. */
int64_t ik_now(void);
/* Day and time of day of an instant, in UTC. */
ik_calendar ik_calendar_of(int64_t instant);
/* The instant of a day and time of day in UTC. */
int64_t ik_instant_of(ik_calendar calendar);
/* As RFC 3339 writes it, to the microsecond: 2026-10-03T14:05:06.000123Z. */
char *ik_rfc3339(int64_t instant);

/* ---- Rows ---- */

/* A value, as a parameter or in a row. */
typedef innkeeper_storage_db_value_t ik_value;

/* The string of the bindings for a text; it shares the text's memory. */
static inline web_app_string_t ik_string_of(const char *text)
{
    web_app_string_t string = {(uint8_t *)text, text ? __builtin_strlen(text) : 0};
    return string;
}

/* SQL NULL. */
static inline ik_value ik_null(void)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_NULL;
    return value;
}

/* True or false. */
static inline ik_value ik_bool(bool boolean)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_BOOLEAN;
    value.val.boolean = boolean;
    return value;
}

/* An integer of 64 bits. */
static inline ik_value ik_int(int64_t integer)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_INTEGER;
    value.val.integer = integer;
    return value;
}

/* A floating-point number of 64 bits. */
static inline ik_value ik_float(double number)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_FLOAT;
    value.val.float_ = number;
    return value;
}

/* A day. */
static inline ik_value ik_date(ik_day date)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_DATE;
    value.val.date = date;
    return value;
}

/* A time of day. */
static inline ik_value ik_time(ik_clock time)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_TIME;
    value.val.time = time;
    return value;
}

/* A day and a time of day, without a zone. */
static inline ik_value ik_datetime(ik_calendar datetime)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_DATETIME;
    value.val.datetime = datetime;
    return value;
}

/* A point in time: microseconds since 1970-01-01T00:00:00Z, as `ik_now` gives. */
static inline ik_value ik_instant(int64_t instant)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_INSTANT;
    value.val.instant = instant;
    return value;
}

/* A text of `size` bytes, which may contain NUL where the database takes it. */
static inline ik_value ik_text_of_size(const char *text, size_t size)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_TEXT;
    value.val.text.ptr = (uint8_t *)text;
    value.val.text.len = size;
    return value;
}

/* A text; NULL is SQL NULL. */
static inline ik_value ik_text(const char *text)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_TEXT;
    value.val.text = ik_string_of(text);
    return text ? value : ik_null();
}

/* An exact decimal number as text, for example "-12.50"; NULL is SQL NULL. */
static inline ik_value ik_decimal(const char *text)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_DECIMAL;
    value.val.decimal = ik_string_of(text);
    return text ? value : ik_null();
}

/* A UUID as text; NULL is SQL NULL. */
static inline ik_value ik_uuid(const char *text)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_UUID;
    value.val.uuid = ik_string_of(text);
    return text ? value : ik_null();
}

/* A JSON document as text; NULL is SQL NULL. */
static inline ik_value ik_json(const char *text)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_JSON;
    value.val.json = ik_string_of(text);
    return text ? value : ik_null();
}

/* Bytes. */
static inline ik_value ik_bytes(const void *data, size_t size)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_BYTES;
    value.val.bytes.ptr = (uint8_t *)data;
    value.val.bytes.len = size;
    return value;
}

/* A value of a type that has no function here, for example `ik_other("inet", "10.0.0.1")`. */
static inline ik_value ik_other(const char *type_name, const char *text)
{
    ik_value value;
    value.tag = INNKEEPER_STORAGE_DB_VALUE_OTHER;
    value.val.other.type_name = ik_string_of(type_name);
    value.val.other.text = ik_string_of(text);
    return value;
}

/* What a query answers with. */
typedef struct ik_rows {
    size_t count;
    web_app_list_string_t columns;
    innkeeper_storage_db_list_value_t *values;
} ik_rows;

/* One row. */
typedef struct ik_row {
    web_app_list_string_t columns;
    /* NULL where there is no row. */
    ik_value *values;
} ik_row;

/* Parameters for the functions that end in `_values`; C++ and other languages call those. */
typedef struct ik_values {
    const ik_value *data;
    size_t count;
} ik_values;

typedef innkeeper_storage_db_own_transaction_t ik_transaction;

/* How far a transaction is kept apart from those of other requests. */
typedef enum ik_isolation {
    IK_DEFAULT_ISOLATION,
    IK_READ_COMMITTED,
    IK_REPEATABLE_READ,
    IK_SERIALIZABLE,
} ik_isolation;

/* How to begin a transaction. */
typedef struct ik_transaction_options {
    ik_isolation isolation;
    bool read_only;
    /* 0: no limit of its own. */
    uint32_t timeout_ms;
} ik_transaction_options;

#ifndef __cplusplus
/* Values behind a statement: `IK_VALUES(ik_int(1), ik_text("a"))`. */
#define IK_VALUES(...)                                                        \
    ((ik_values){(ik_value[]){ik_null() __VA_OPT__(, ) __VA_ARGS__} + 1,      \
                 sizeof((ik_value[]){ik_null() __VA_OPT__(, ) __VA_ARGS__}) / \
                         sizeof(ik_value) - 1})

/*
 * Statements, with a value for each of their parameters `$1` to `$n`:
 *
 *     ik_query(&rows, "select title from books where year < $1 and author = $2", ik_int(1900),
 *              ik_text(author))
 *
 * `ik_query` reads all rows, `ik_query_one` the first (`row.values` is NULL where there is none).
 * `ik_execute` runs a statement; `ik_affected_rows` tells how many rows it has changed.
 */
#define ik_query(rows, sql, ...) ik_query_values(rows, sql, IK_VALUES(__VA_ARGS__))
#define ik_query_one(row, sql, ...) ik_query_one_values(row, sql, IK_VALUES(__VA_ARGS__))
#define ik_execute(sql, ...) ik_execute_values(sql, IK_VALUES(__VA_ARGS__))
/* The same inside a transaction, which fails with "closed" once the transaction has ended. */
#define ik_query_in(transaction, rows, sql, ...) \
    ik_query_in_values(transaction, rows, sql, IK_VALUES(__VA_ARGS__))
#define ik_execute_in(transaction, sql, ...) ik_execute_in_values(transaction, sql, IK_VALUES(__VA_ARGS__))
/* A query whose rows are read piece by piece, in bounded memory. */
#define ik_cursor_open(cursor, sql, ...) ik_cursor_open_values(cursor, sql, IK_VALUES(__VA_ARGS__))
#endif

bool ik_query_values(ik_rows *rows, const char *sql, ik_values values);
bool ik_query_one_values(ik_row *row, const char *sql, ik_values values);
bool ik_execute_values(const char *sql, ik_values values);
bool ik_query_in_values(ik_transaction *transaction, ik_rows *rows, const char *sql, ik_values values);
bool ik_execute_in_values(ik_transaction *transaction, const char *sql, ik_values values);
/* How many rows the last `ik_execute` has inserted, updated or deleted. */
uint32_t ik_affected_rows(void);

/* The row of this number, counted from 0; the request ends where there is none. */
ik_row ik_row_at(const ik_rows *rows, size_t number);
/* A value by the name of its column; the request ends where there is no such column. */
const ik_value *ik_row_value(ik_row row, const char *column);
/* Whether the value is SQL NULL. */
bool ik_row_is_null(ik_row row, const char *column);
/* Values of one type; the request ends where the value is of another one, or NULL. */
bool ik_row_bool(ik_row row, const char *column);
int64_t ik_row_int(ik_row row, const char *column);
double ik_row_float(ik_row row, const char *column);
ik_day ik_row_date(ik_row row, const char *column);
ik_clock ik_row_time(ik_row row, const char *column);
ik_calendar ik_row_datetime(ik_row row, const char *column);
int64_t ik_row_instant(ik_row row, const char *column);
/* The text of a text, decimal, UUID, JSON document or value of another type; NULL for SQL NULL. */
const char *ik_row_text(ik_row row, const char *column);
/* Bytes; `data` is NULL for SQL NULL. */
ik_buffer ik_row_bytes(ik_row row, const char *column);

/*
 * A part of the request's work that can be undone by itself. It covers rows, files and the session,
 * and every call while it is open belongs to it. It ends with `ik_commit` or `ik_rollback`;
 * declare it with IK_AUTO_ROLLBACK, and leaving its block without a commit rolls it back:
 *
 *     IK_AUTO_ROLLBACK ik_transaction transfer = {0};
 *     if (!ik_begin(&transfer, NULL) || !ik_execute(...) || !ik_execute(...)) return false;
 *     return ik_commit(&transfer);
 */
#define IK_AUTO_ROLLBACK __attribute__((cleanup(ik_transaction_end)))
bool ik_begin(ik_transaction *transaction, const ik_transaction_options *options);
bool ik_commit(ik_transaction *transaction);
bool ik_rollback(ik_transaction *transaction);
/* Rolls back what was neither committed nor rolled back; else does nothing. */
void ik_transaction_end(ik_transaction *transaction);
/* Keeps everything that this request has written so far. */
bool ik_commit_request(void);
/* Undoes everything that this request has written since it began, or since `ik_commit_request`. */
bool ik_rollback_request(void);

/* Rows of a query, piece by piece. */
typedef struct ik_cursor {
    innkeeper_storage_db_own_cursor_t handle;
    ik_rows rows;
} ik_cursor;

bool ik_cursor_open_values(ik_cursor *cursor, const char *sql, ik_values values);
/* Reads at most `max_rows` further rows into `cursor->rows`, whose count is 0 at the end. They are
 * valid until the next call. */
bool ik_cursor_next(ik_cursor *cursor, uint32_t max_rows);
void ik_cursor_close(ik_cursor *cursor);

/* A statement of a batch: `{"delete from a where id = $1", IK_VALUES(ik_int(1))}`. */
typedef struct ik_statement {
    const char *sql;
    ik_values values;
} ik_statement;

/* What a statement of a batch did. */
typedef struct ik_outcome {
    uint32_t affected;
    ik_rows rows;
} ik_outcome;

/* Runs up to 1,000 statements, all or none. `outcomes` has room for `count`, or is NULL. */
bool ik_batch(const ik_statement *statements, size_t count, ik_outcome *outcomes);

/* ---- Tables ---- */

typedef enum ik_column_type {
    IK_BOOLEAN,
    IK_INTEGER,
    IK_FLOAT,
    IK_DECIMAL,
    IK_TEXT,
    IK_BYTES,
    IK_UUID,
    IK_DATE,
    IK_TIME,
    IK_DATETIME,
    IK_INSTANT,
    IK_JSON,
} ik_column_type;

/* What a new row gets in a column that the statement does not name. */
typedef enum ik_default {
    IK_NO_DEFAULT,
    /* `constant` of the column. */
    IK_CONSTANT,
    /* The time at which the transaction began. */
    IK_NOW,
    IK_RANDOM_UUID,
} ik_default;

/* What becomes of a row when the row that it refers to is deleted. */
typedef enum ik_on_delete {
    IK_RESTRICT,
    IK_CASCADE,
    IK_SET_NULL,
} ik_on_delete;

/* A column. It takes no NULL unless it is nullable. */
typedef struct ik_column {
    const char *name;
    ik_column_type type;
    bool nullable;
    /* The database gives each new row the next number. Only for the primary key. */
    bool identity;
    /* Characters of a text; 0: no limit. */
    uint32_t max_length;
    ik_default initial;
    ik_value constant;
    /* A row of another table, for example `{"users", "id", IK_CASCADE}`. */
    struct {
        const char *table;
        const char *column;
        ik_on_delete on_delete;
    } references;
} ik_column;

typedef struct ik_index {
    /* Names with commas between them: "author, created". */
    const char *columns;
    bool unique;
} ik_index;

/* A condition that every row must meet. */
typedef struct ik_check {
    const char *name;
    const char *condition;
} ik_check;

/* A table. Each list ends with an element of zeros, `{0}`, or is NULL where it is empty. */
typedef struct ik_table {
    const char *name;
    const ik_column *columns;
    /* Names with commas between them. */
    const char *primary_key;
    const ik_index *indexes;
    const ik_check *checks;
} ik_table;

/*
 * Creates a table, or adds what it lacks. Costs nothing once that has been done: call it at the start
 * of each request, before anything is written.
 */
bool ik_define_table(const ik_table *table);

/* A step in the history of the app's tables. Each list ends with NULL, or is NULL. */
typedef struct ik_migration {
    const char *name;
    const char *const *statements;
    /* Statements to run instead where the database is SQLite. */
    const char *const *sqlite_statements;
    /* What the statements may destroy, for example "entries" or "entries.note". */
    const char *const *destroys;
} ik_migration;

/* Runs the migrations that this app has not run yet. Costs nothing once that has been done. */
bool ik_migrate(const ik_migration *migrations, size_t count);

/* ---- Files ---- */

/* What is known about a blob. */
typedef struct ik_blob {
    const char *id;
    uint64_t size;
    const char *sha256;
    const char *content_type;
    /* The sender's file name; NULL where there is none. */
    const char *name;
    int64_t created;
    bool kept;
} ik_blob;

/* What a form may contain; 0 and NULL: only the app's own limits hold. */
typedef struct ik_form_limits {
    /* Bytes of the largest file. */
    uint32_t max_file;
    /* Bytes of all files together. */
    uint32_t max_total;
    uint32_t max_files;
    /* The form takes no files. */
    bool no_files;
    /* Media types with commas between them: "image/png, application/pdf". NULL: any. */
    const char *accept;
} ik_form_limits;

/* A field that is no file. */
typedef struct ik_field {
    const char *name;
    const char *value;
    /* Bytes of the value, which may contain NUL. */
    size_t size;
} ik_field;

/* A file of a form, received and staged. */
typedef struct ik_file {
    const char *field;
    ik_blob blob;
} ik_file;

/* A received form, in the order of the request. */
typedef struct ik_form {
    ik_field *fields;
    size_t field_count;
    ik_file *files;
    size_t file_count;
} ik_form;

/*
 * Receives the form in the body of the request, and checks its hidden field `csrf` against the name of
 * the form, unless that is NULL. Fails with status 403 (code "csrf", and the fields are there all the
 * same), 413, 415, 400 or 507.
 */
bool ik_form_receive(ik_form *form, const char *csrf_form, const ik_form_limits *limits);
/* The first field of this name; NULL where there is none. */
const ik_field *ik_form_field(const ik_form *form, const char *name);
/* The value of the first field of this name; empty where there is none. */
const char *ik_form_value(const ik_form *form, const char *name);
/* The first file of this field; NULL where there is none. */
const ik_file *ik_form_file(const ik_form *form, const char *field);
/* Receives the whole body of the request as one staged blob. */
bool ik_body_receive(ik_blob *blob, const char *name, const ik_form_limits *limits);

/* Makes a staged blob stay. */
bool ik_blob_keep(const char *id);
bool ik_blob_delete(const char *id);
bool ik_blob_stat(const char *id, ik_blob *blob);
/* Kept blobs behind the id `after` (NULL: from the first), at most `limit`. */
bool ik_blob_list(const char *after, uint32_t limit, ik_blob **blobs, size_t *count);

/* How a blob is sent. */
typedef struct ik_send_options {
    /* The file name that the visitor is shown; NULL: the blob's own. */
    const char *name;
    /* Offer to save the file. */
    bool download;
    /* Seconds that a browser may use its copy; 0: it asks each time. */
    uint32_t max_age;
} ik_send_options;

/* Answers the request with a blob: the host sends it. */
bool ik_blob_send(ik_response *response, const char *id, const ik_send_options *options);
/* A path from which whoever holds it can fetch a blob for `seconds`. */
bool ik_blob_sign_download(const char *id, const ik_send_options *options, uint32_t seconds, const char **path);
/* A path to which whoever holds it can upload one blob, and the id that the blob will have. */
bool ik_blob_sign_upload(const ik_form_limits *limits, uint32_t seconds, const char **id, const char **path);

typedef innkeeper_storage_blob_upload_own_writer_t ik_blob_writer;
typedef innkeeper_storage_blob_upload_own_reader_t ik_blob_reader;

/* Begins a blob of bytes that the app makes; `name` may be NULL. */
bool ik_blob_create(ik_blob_writer *writer, const char *name, const char *content_type);
bool ik_blob_write(ik_blob_writer *writer, const void *data, size_t size);
/* Stages the blob. */
bool ik_blob_finish(ik_blob_writer *writer, ik_blob *blob);
/* Opens a blob from the byte `first` to the byte `last`; UINT64_MAX: to the end. */
bool ik_blob_open(ik_blob_reader *reader, const char *id, uint64_t first, uint64_t last);
/* Reads at most `capacity` bytes; `size` is 0 at the end. */
bool ik_blob_read(ik_blob_reader *reader, void *data, size_t capacity, size_t *size);
void ik_blob_close(ik_blob_reader *reader);

/* ---- Session ---- */

/* `value` is NULL where there is none. */
bool ik_session_get(const char *key, const char **value);
bool ik_session_set(const char *key, const char *value);
bool ik_session_remove(const char *key);
bool ik_session_keys(const char ***keys, size_t *count);
/* Adds to the number under `key`; `sum` may be NULL. */
bool ik_session_increment(const char *key, int64_t by, int64_t *sum);
/* Puts `value` only if the value there is `expected` (NULL: only if there is none). */
bool ik_session_compare_and_set(const char *key, const char *expected, const char *value, bool *done);
/* Leaves a message for the visitor, to be shown once. */
bool ik_session_flash(const char *message);
bool ik_session_take_flash(const char ***messages, size_t *count);
/* Who is signed in; NULL for nobody. */
bool ik_session_user(const char **user);
/* Gives the session a new id and notes who is signed in; NULL for nobody. */
bool ik_session_renew(const char *user);
/* Seconds; UINT32_MAX: unchanged. */
bool ik_session_set_expiry(uint32_t idle_seconds, uint32_t absolute_seconds);
bool ik_session_destroy(void);
/* Ends every session of a user; `count` may be NULL. */
bool ik_session_destroy_all(const char *user, uint32_t *count);
bool ik_session_csrf_token(const char *form, const char **token);
bool ik_session_csrf_check(const char *form, const char *token, bool *good);
/* Appends the hidden field `csrf` for the form of this name. Begins a session. */
bool ik_session_write_csrf_field(ik_buffer *page, const char *form);

#ifdef __cplusplus
}
#endif
#endif
