/* An app that tests the SDK against a real host. Each address is a test; `test` requests them all. */
#include <stdlib.h>
#include <string.h>

#include "sdk/innkeeper.h"

#define EXPECT(condition)                                                                            \
    do {                                                                                             \
        if (!(condition)) {                                                                          \
            return ik_fail(418, "line %d: not so: %s (last error: %s)", __LINE__, #condition, ik_last_error()->message); \
        }                                                                                            \
    } while (0)

static bool good(ik_response *response)
{
    ik_put_text(&response->body, "good");
    return ik_respond(response, 200, "text/plain");
}

static bool is(const char *found, const char *wanted)
{
    return found && strcmp(found, wanted) == 0;
}

static const ik_table every_type = {
    .name = "every_type",
    .columns = (const ik_column[]){
        {"id", IK_INTEGER, .identity = true},
        {"a", IK_BOOLEAN, .nullable = true},
        {"b", IK_INTEGER, .nullable = true},
        {"c", IK_FLOAT, .nullable = true},
        {"d", IK_DECIMAL, .nullable = true},
        {"e", IK_TEXT, .nullable = true, .max_length = 5},
        {"f", IK_BYTES, .nullable = true},
        {"g", IK_UUID, .nullable = true},
        {"h", IK_DATE, .nullable = true},
        {"i", IK_TIME, .nullable = true},
        {"j", IK_DATETIME, .nullable = true},
        {"k", IK_INSTANT, .nullable = true},
        {"l", IK_JSON, .nullable = true},
        {"made", IK_INSTANT, .initial = IK_NOW},
        {"key", IK_UUID, .initial = IK_RANDOM_UUID},
        {"kind", IK_TEXT, .initial = IK_CONSTANT, .constant = {.tag = INNKEEPER_STORAGE_DB_VALUE_TEXT, .val = {.text = {(uint8_t *)"new", 3}}}},
        {"parent", IK_INTEGER, .nullable = true, .references = {"every_type", "id", IK_CASCADE}},
        {0},
    },
    .primary_key = "id",
    .indexes = (const ik_index[]){{"b, e", .unique = true}, {"h"}, {0}},
    .checks = (const ik_check[]){{"b_is_not_seven", "b <> 7"}, {0}},
};

static bool values(ik_request *request, ik_response *response)
{
    (void)request;
    ik_calendar calendar = {{2024, 2, 29}, {23, 59, 58, 123456}};
    ik_row row;
    EXPECT(ik_execute("insert into every_type (a, b, c, d, e, f, g, h, i, j, k, l)"
                      " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                      ik_bool(true), ik_int(INT64_MIN), ik_float(0.1), ik_decimal("12345678901234567890.10"),
                      ik_text("é🌍"), ik_bytes("\0\xff", 2), ik_uuid("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
                      ik_date(calendar.date), ik_time(calendar.time), ik_datetime(calendar),
                      ik_instant(1791036306000123), ik_json("{\"a\": [1, null]}")));
    EXPECT(ik_affected_rows() == 1);
    EXPECT(ik_query_one(&row, "select * from every_type where b = $1", ik_int(INT64_MIN)));
    EXPECT(ik_row_bool(row, "a") && ik_row_int(row, "b") == INT64_MIN && ik_row_float(row, "c") == 0.1);
    EXPECT(is(ik_row_text(row, "d"), "12345678901234567890.10") && is(ik_row_text(row, "e"), "é🌍"));
    ik_buffer bytes = ik_row_bytes(row, "f");
    EXPECT(bytes.size == 2 && memcmp(bytes.data, "\0\xff", 2) == 0);
    EXPECT(is(ik_row_text(row, "g"), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
    EXPECT(ik_row_date(row, "h").day == 29 && ik_row_time(row, "i").microsecond == 123456);
    EXPECT(ik_instant_of(ik_row_datetime(row, "j")) == ik_instant_of(calendar));
    EXPECT(ik_row_instant(row, "k") == 1791036306000123 && is(ik_row_text(row, "l"), "{\"a\": [1, null]}"));
    EXPECT(llabs(ik_row_instant(row, "made") - ik_now()) < 60000000 && strlen(ik_row_text(row, "key")) == 36);
    EXPECT(is(ik_row_text(row, "kind"), "new") && ik_row_is_null(row, "parent"));
    return good(response);
}

static bool nulls(ik_request *request, ik_response *response)
{
    (void)request;
    ik_row row;
    EXPECT(ik_execute("insert into every_type (b, d, e, f) values ($1, $2, $3, $4)", ik_null(), ik_decimal(NULL),
                      ik_text(NULL), ik_null()));
    EXPECT(ik_query_one(&row, "select b, d, e, f from every_type where b is null"));
    EXPECT(ik_row_is_null(row, "b") && !ik_row_text(row, "d") && !ik_row_text(row, "e") && !ik_row_bytes(row, "f").data);
    EXPECT(ik_query_one(&row, "select b from every_type where b = 99") && !row.values);
    EXPECT(ik_execute("insert into every_type (e) values ('')"));
    EXPECT(ik_query_one(&row, "select e from every_type where e = $1", ik_text("")) && is(ik_row_text(row, "e"), ""));
    return good(response);
}

static bool errors(ik_request *request, ik_response *response)
{
    (void)request;
    EXPECT(ik_execute("insert into every_type (b, e) values (1, 'x')"));
    EXPECT(!ik_execute("insert into every_type (b, e) values (1, 'x')") && ik_failed_with("unique-violation"));
    EXPECT(!ik_last_error()->retryable && ik_last_error()->status == 500);
    EXPECT(!ik_execute("insert into every_type (b) values (7)") && ik_failed_with("check-violation"));
    EXPECT(is(ik_last_error()->constraint, "b_is_not_seven") && is(ik_last_error()->interface, "db"));
    EXPECT(!ik_execute("insert into every_type (e) values ('123456')") && ik_failed_with("check-violation"));
    EXPECT(!ik_execute("insert into every_type (parent) values (99999)") && ik_failed_with("foreign-key-violation"));
    EXPECT(!ik_execute("select from from") && ik_failed_with("syntax"));
    EXPECT(!ik_blob_keep("00000000000000000000000000000000") && ik_last_error()->status == 404);
    EXPECT(!ik_session_set("", "x") && ik_failed_with("bad-parameter") && is(ik_last_error()->interface, "session"));
    return good(response);
}

static int64_t count(void)
{
    ik_row row;
    return ik_query_one(&row, "select count(*) as n from every_type") ? ik_row_int(row, "n") : -1;
}

static bool undone(void)
{
    IK_AUTO_ROLLBACK ik_transaction transaction = {0};
    return ik_begin(&transaction, NULL) && ik_execute("insert into every_type (b) values (50)") && false;
}

static bool transactions(ik_request *request, ik_response *response)
{
    (void)request;
    ik_transaction outer = {0}, inner = {0};
    EXPECT(ik_begin(&outer, &(ik_transaction_options){.isolation = IK_SERIALIZABLE, .timeout_ms = 4000}));
    EXPECT(ik_execute("insert into every_type (b) values (49)") && ik_rollback(&outer) && ik_rollback_request());
    int64_t before = count();
    EXPECT(!undone() && count() == before && ik_begin(&outer, NULL));
    EXPECT(ik_execute_in(&outer, "insert into every_type (b) values ($1)", ik_int(51)) && ik_begin(&inner, NULL));
    EXPECT(ik_execute("insert into every_type (b) values (52)") && ik_rollback(&inner));
    EXPECT(ik_commit(&outer) && count() == before + 1);
    ik_transaction reader = {0};
    ik_rows rows;
    EXPECT(ik_begin(&reader, &(ik_transaction_options){.read_only = true}));
    EXPECT(ik_query_in(&reader, &rows, "select b from every_type where b = $1", ik_int(51)) && rows.count == 1);
    EXPECT(!ik_execute_in(&reader, "delete from every_type") && ik_failed_with("read-only"));
    EXPECT(ik_rollback(&reader) && ik_commit_request());
    EXPECT(ik_execute("delete from every_type") && ik_affected_rows() > 0 && ik_rollback_request());
    EXPECT(count() == before + 1);
    return good(response);
}

static bool cursors(ik_request *request, ik_response *response)
{
    (void)request;
    ik_statement statements[500];
    ik_outcome outcomes[500];
    for (int i = 0; i < 500; i++) {
        ik_value *value = ik_alloc(sizeof *value);
        *value = ik_int(1000 + i);
        statements[i] = (ik_statement){"insert into every_type (b) values ($1) returning b", {value, 1}};
    }
    EXPECT(ik_batch(statements, 500, outcomes) && outcomes[499].affected == 1);
    EXPECT(ik_row_int(ik_row_at(&outcomes[499].rows, 0), "b") == 1499);
    ik_cursor cursor;
    int64_t next = 1000;
    EXPECT(ik_cursor_open(&cursor, "select b from every_type where b >= $1 order by b", ik_int(1000)));
    while (true) {
        EXPECT(ik_cursor_next(&cursor, 70));
        if (!cursor.rows.count) break;
        for (size_t i = 0; i < cursor.rows.count; i++) EXPECT(ik_row_int(ik_row_at(&cursor.rows, i), "b") == next++);
    }
    ik_cursor_close(&cursor);
    EXPECT(next == 1500);
    return good(response);
}

#define BLOB_PIECES 4

static char piece[1024 * 1024];

static bool size_by_reading(const char *id, uint64_t *total)
{
    ik_blob_reader reader;
    size_t size;
    *total = 0;
    if (!ik_blob_open(&reader, id, 0, UINT64_MAX)) return false;
    do {
        if (!ik_blob_read(&reader, piece, sizeof piece, &size)) return false;
        *total += size;
    } while (size);
    ik_blob_close(&reader);
    return true;
}

static bool blobs(ik_request *request, ik_response *response)
{
    (void)request;
    ik_blob_writer writer;
    ik_blob_reader reader;
    ik_blob blob, found, *list;
    size_t size, total, listed;
    uint64_t read;
    const char *id, *path;
    EXPECT(ik_blob_create(&writer, "letters.bin", "application/x-letters"));
    for (int i = 0; i < BLOB_PIECES; i++) {
        memset(piece, 'a' + i % 26, sizeof piece);
        EXPECT(ik_blob_write(&writer, piece, sizeof piece));
    }
    EXPECT(ik_blob_finish(&writer, &blob) && blob.size == BLOB_PIECES * sizeof piece && !blob.kept);
    EXPECT(strlen(blob.sha256) == 64 && is(blob.name, "letters.bin") && is(blob.content_type, "application/x-letters"));
    // Together more than the memory that an instance may have: pieces that are read are given back.
    for (int i = 0; i < 20; i++) EXPECT(size_by_reading(blob.id, &read) && read == blob.size);
    EXPECT(ik_blob_open(&reader, blob.id, 1048575, 1048576) && is(ik_blob_of_reader(&reader).id, blob.id));
    for (total = 0; total < 2; total += size) {
        EXPECT(ik_blob_read(&reader, piece + total, sizeof piece - total, &size) && size);
    }
    EXPECT(total == 2 && memcmp(piece, "ab", 2) == 0);
    ik_blob_close(&reader);
    EXPECT(ik_blob_keep(blob.id) && ik_blob_stat(blob.id, &found) && found.kept && is(found.sha256, blob.sha256));
    EXPECT(ik_blob_list(NULL, 1000, &list, &listed) && listed == 1 && is(list[0].id, blob.id));
    EXPECT(ik_blob_sign_download(blob.id, &(ik_send_options){.download = true}, 60, &path) && path[0] == '/');
    EXPECT(ik_blob_sign_upload(&(ik_form_limits){.max_file = 1000, .accept = "image/png, image/gif"}, 60, &id, &path));
    EXPECT(strlen(id) == 32 && path[0] == '/' && ik_blob_delete(blob.id));
    return good(response);
}

static bool sessions(ik_request *request, ik_response *response)
{
    (void)request;
    const char *value, **texts, *token;
    size_t size;
    int64_t sum;
    uint32_t ended;
    bool done;
    EXPECT(ik_session_get("a", &value) && !value && ik_session_set("a", "") && ik_session_get("a", &value) && is(value, ""));
    EXPECT(ik_session_increment("n", 5, NULL) && ik_session_increment("n", -7, &sum) && sum == -2);
    EXPECT(ik_session_compare_and_set("b", NULL, "1", &done) && done);
    EXPECT(ik_session_compare_and_set("b", "0", "2", &done) && !done);
    EXPECT(ik_session_keys(&texts, &size) && size == 3 && is(texts[0], "a") && is(texts[2], "n"));
    EXPECT(ik_session_remove("a") && ik_session_get("a", &value) && !value);
    EXPECT(ik_session_flash("one") && ik_session_flash("two") && ik_session_take_flash(&texts, &size));
    EXPECT(size == 2 && is(texts[1], "two") && ik_session_take_flash(&texts, &size) && size == 0);
    EXPECT(ik_session_user(&value) && !value && ik_session_renew("ada") && ik_session_user(&value) && is(value, "ada"));
    EXPECT(ik_session_csrf_token("f", &token) && ik_session_csrf_check("f", token, &done) && done);
    EXPECT(ik_session_csrf_check("g", token, &done) && !done && ik_session_set_expiry(60, UINT32_MAX));
    EXPECT(ik_session_destroy_all("ada", &ended) && ik_session_destroy());
    return good(response);
}

static const ik_migration steps[] = {
    {"0001", (const char *const[]){"create table old (n bigint)", "insert into old values (1)", NULL}, NULL, NULL},
    {"0002", (const char *const[]){"drop table old", NULL}, NULL, (const char *const[]){"old", NULL}},
};

static bool migrations(ik_request *request, ik_response *response)
{
    (void)request;
    EXPECT(ik_migrate(steps, 2) && ik_migrate(steps, 2));
    EXPECT(!ik_execute("delete from old") && ik_failed_with("syntax"));
    return good(response);
}

/* Answers with the body, the query and a header, changed, so that nothing of it can be by chance. */
static bool echo(ik_request *request, ik_response *response)
{
    ik_buffer body;
    if (!ik_request_body(request, 100000, &body)) return false;
    ik_write(&response->body, "%s %s %s %s %zu ", request->method, ik_query_param(request, "a"),
             ik_query_param(request, "b") ? "b" : "no b", ik_request_header(request, "x-echo"), body.size);
    ik_put(&response->body, body.data, body.size);
    ik_set_header(response, "x-one", "1");
    ik_set_header(response, "X-One", "2");
    return ik_respond(response, 201, "text/plain");
}

static bool stream(ik_request *request, ik_response *response)
{
    (void)request;
    static char piece[1000000];
    memset(piece, 'x', sizeof piece);
    ik_respond(response, 200, "text/plain");
    if (!ik_stream_begin(response)) return false;
    for (int i = 0; i < 100; i++) {
        if (!ik_stream_write(response, piece, sizeof piece)) return false;
    }
    return true;
}

static bool cut_stream(ik_request *request, ik_response *response)
{
    (void)request;
    ik_respond(response, 200, "text/plain");
    return ik_stream_begin(response) && ik_stream_write(response, "part", 4) && ik_fail(500, "the rest is missing");
}

static bool panic(ik_request *request, ik_response *response)
{
    (void)request;
    (void)response;
    ik_row row;
    return ik_execute("insert into every_type (b) values (4242)") && ik_query_one(&row, "select 1 as n") &&
           ik_row_text(row, "m");
}

static bool overflow(ik_request *request, ik_response *response)
{
    volatile char room[4096];
    room[0] = request->method[0];
    if (request->is_head) return good(response);
    return overflow(request, response) && room[0] && room[1];
}

static bool kept(ik_request *request, ik_response *response)
{
    (void)request;
    ik_row row;
    EXPECT(ik_query_one(&row, "select count(*) as n from every_type where b = 4242") && ik_row_int(row, "n") == 0);
    return good(response);
}

static const ik_route routes[] = {
    {"GET", "/values", values},         {"GET", "/nulls", nulls},           {"GET", "/errors", errors},
    {"GET", "/transactions", transactions}, {"GET", "/cursors", cursors},   {"GET", "/blobs", blobs},
    {"GET", "/sessions", sessions},     {"GET", "/migrations", migrations}, {"POST", "/echo", echo},
    {"GET", "/stream", stream},         {"GET", "/cut-stream", cut_stream}, {"GET", "/panic", panic},
    {"GET", "/overflow", overflow},     {"GET", "/kept", kept},
};

bool ik_handle(ik_request *request, ik_response *response)
{
    return ik_define_table(&every_type) && ik_dispatch(routes, request, response);
}
