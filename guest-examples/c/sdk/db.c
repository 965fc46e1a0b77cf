/* Rows: statements, transactions, cursors. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static uint32_t affected_rows;

static innkeeper_storage_db_list_value_t list_of(ik_values values)
{
    return (innkeeper_storage_db_list_value_t){IK_UNCONST(ik_value, values.data), values.count};
}

static ik_rows rows_of_host(innkeeper_storage_db_rows_t host)
{
    return (ik_rows){.count = host.rows.len, .columns = host.columns, .values = host.rows.ptr};
}

static innkeeper_storage_db_borrow_transaction_t borrowed(const ik_transaction *transaction)
{
    // No handle is 0.
    if (!transaction->__handle) ik_panic("the transaction has ended, or it was never begun");
    return innkeeper_storage_db_borrow_transaction(*transaction);
}

bool ik_query_values(ik_rows *rows, const char *sql, ik_values values)
{
    web_app_string_t statement = ik_string_of(sql);
    innkeeper_storage_db_list_value_t params = list_of(values);
    innkeeper_storage_db_rows_t answer;
    innkeeper_storage_db_db_error_t error;
    if (!innkeeper_storage_db_query(&statement, &params, &answer, &error)) return ik_fail_db(&error);
    *rows = rows_of_host(answer);
    return true;
}

bool ik_query_one_values(ik_row *row, const char *sql, ik_values values)
{
    ik_rows rows;
    if (!ik_query_values(&rows, sql, values)) return false;
    *row = rows.count ? ik_row_at(&rows, 0) : (ik_row){.columns = rows.columns};
    return true;
}

bool ik_execute_values(const char *sql, ik_values values)
{
    web_app_string_t statement = ik_string_of(sql);
    innkeeper_storage_db_list_value_t params = list_of(values);
    innkeeper_storage_db_db_error_t error;
    return innkeeper_storage_db_execute(&statement, &params, &affected_rows, &error) || ik_fail_db(&error);
}

bool ik_query_in_values(ik_transaction *transaction, ik_rows *rows, const char *sql, ik_values values)
{
    web_app_string_t statement = ik_string_of(sql);
    innkeeper_storage_db_list_value_t params = list_of(values);
    innkeeper_storage_db_rows_t answer;
    innkeeper_storage_db_db_error_t error;
    if (!innkeeper_storage_db_method_transaction_query(borrowed(transaction), &statement, &params, &answer, &error)) {
        return ik_fail_db(&error);
    }
    *rows = rows_of_host(answer);
    return true;
}

bool ik_execute_in_values(ik_transaction *transaction, const char *sql, ik_values values)
{
    web_app_string_t statement = ik_string_of(sql);
    innkeeper_storage_db_list_value_t params = list_of(values);
    innkeeper_storage_db_db_error_t error;
    return innkeeper_storage_db_method_transaction_execute(borrowed(transaction), &statement, &params, &affected_rows,
                                                           &error) ||
           ik_fail_db(&error);
}

uint32_t ik_affected_rows(void)
{
    return affected_rows;
}

bool ik_begin(ik_transaction *transaction, const ik_transaction_options *options)
{
    innkeeper_storage_db_transaction_options_t chosen = {0};
    innkeeper_storage_db_db_error_t error;
    if (options) {
        chosen.isolation.is_some = options->isolation != IK_DEFAULT_ISOLATION;
        chosen.isolation.val = (innkeeper_storage_db_isolation_t)(options->isolation - IK_READ_COMMITTED);
        chosen.read_only = options->read_only;
        chosen.timeout_ms = ik_option_of_number(options->timeout_ms);
    }
    return innkeeper_storage_db_begin(options ? &chosen : NULL, transaction, &error) || ik_fail_db(&error);
}

bool ik_commit(ik_transaction *transaction)
{
    innkeeper_storage_db_db_error_t error;
    bool done = innkeeper_storage_db_method_transaction_commit(borrowed(transaction), &error) || ik_fail_db(&error);
    ik_transaction_end(transaction);
    return done;
}

bool ik_rollback(ik_transaction *transaction)
{
    innkeeper_storage_db_db_error_t error;
    bool done = innkeeper_storage_db_method_transaction_rollback(borrowed(transaction), &error) || ik_fail_db(&error);
    ik_transaction_end(transaction);
    return done;
}

void ik_transaction_end(ik_transaction *transaction)
{
    // The host rolls back what is dropped without a commit.
    if (transaction->__handle) innkeeper_storage_db_transaction_drop_own(*transaction);
    transaction->__handle = 0;
}

bool ik_commit_request(void)
{
    innkeeper_storage_db_db_error_t error;
    return innkeeper_storage_db_commit(&error) || ik_fail_db(&error);
}

bool ik_rollback_request(void)
{
    innkeeper_storage_db_db_error_t error;
    return innkeeper_storage_db_rollback(&error) || ik_fail_db(&error);
}

bool ik_cursor_open_values(ik_cursor *cursor, const char *sql, ik_values values)
{
    web_app_string_t statement = ik_string_of(sql);
    innkeeper_storage_db_list_value_t params = list_of(values);
    innkeeper_storage_db_db_error_t error;
    *cursor = (ik_cursor){0};
    if (!innkeeper_storage_db_open_cursor(&statement, &params, &cursor->handle, &error)) return ik_fail_db(&error);
    innkeeper_storage_db_method_cursor_columns(innkeeper_storage_db_borrow_cursor(cursor->handle),
                                               &cursor->rows.columns);
    return true;
}

static void free_piece(ik_cursor *cursor)
{
    innkeeper_storage_db_list_list_value_t piece = {cursor->rows.values, cursor->rows.count};
    innkeeper_storage_db_list_list_value_free(&piece);
    cursor->rows.values = NULL;
    cursor->rows.count = 0;
}

bool ik_cursor_next(ik_cursor *cursor, uint32_t max_rows)
{
    innkeeper_storage_db_list_list_value_t piece;
    innkeeper_storage_db_db_error_t error;
    free_piece(cursor);
    if (!innkeeper_storage_db_method_cursor_next(innkeeper_storage_db_borrow_cursor(cursor->handle), max_rows, &piece,
                                                 &error)) {
        return ik_fail_db(&error);
    }
    cursor->rows.values = piece.ptr;
    cursor->rows.count = piece.len;
    return true;
}

void ik_cursor_close(ik_cursor *cursor)
{
    free_piece(cursor);
    if (cursor->handle.__handle) innkeeper_storage_db_cursor_drop_own(cursor->handle);
    cursor->handle.__handle = 0;
}

bool ik_batch(const ik_statement *statements, size_t count, ik_outcome *outcomes)
{
    innkeeper_storage_db_statement_t *items = ik_alloc(count * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        items[i].sql = ik_string_of(statements[i].sql);
        items[i].params = list_of(statements[i].values);
    }
    innkeeper_storage_db_list_statement_t list = {items, count};
    innkeeper_storage_db_list_outcome_t answer;
    innkeeper_storage_db_db_error_t error;
    if (!innkeeper_storage_db_batch(&list, &answer, &error)) return ik_fail_db(&error);
    for (size_t i = 0; outcomes && i < answer.len; i++) {
        outcomes[i] = (ik_outcome){answer.ptr[i].affected, rows_of_host(answer.ptr[i].rows)};
    }
    return true;
}
