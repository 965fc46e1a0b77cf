/* Tables: their portable description, and migrations. */
#ifndef INNKEEPER_TABLES_H
#define INNKEEPER_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "value.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Types of columns that mean the same on both databases. */
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

/* An index. */
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
 * Creates a table, or adds what it lacks. Costs nothing once that has been done: call it at the
 * start of each request, before anything is written.
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

#ifdef __cplusplus
}
#endif
#endif
