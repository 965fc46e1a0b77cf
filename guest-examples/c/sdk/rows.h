/* Rows: statements, transactions, cursors. */
#ifndef INNKEEPER_ROWS_H
#define INNKEEPER_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"
#include "value.h"

#ifdef __cplusplus
extern "C" {
#endif

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

/* A part of the request's work that can be undone by itself. See `ik_begin`. */
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

/* What the macros above call, for C++ and other languages. */
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
/* Begins a transaction; `options` may be NULL. */
bool ik_begin(ik_transaction *transaction, const ik_transaction_options *options);
/* Makes the changes part of the request's work. */
bool ik_commit(ik_transaction *transaction);
/* Undoes everything since `ik_begin`. */
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

/* What `ik_cursor_open` calls. */
bool ik_cursor_open_values(ik_cursor *cursor, const char *sql, ik_values values);
/* Reads at most `max_rows` further rows into `cursor->rows`, whose count is 0 at the end. They are
 * valid until the next call. */
bool ik_cursor_next(ik_cursor *cursor, uint32_t max_rows);
/* Ends a cursor, whose rows are gone then. */
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

#ifdef __cplusplus
}
#endif
#endif
