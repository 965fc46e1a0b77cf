/* Tables: their portable description, and migrations. */
#include "internal.h"

static innkeeper_storage_db_column_t column_of(const ik_column *column)
{
    return (innkeeper_storage_db_column_t){
        .name = ik_string_of(column->name),
        .column_type = (innkeeper_storage_db_column_type_t)column->type,
        .nullable = column->nullable,
        .identity = column->identity,
        .max_length = ik_option_of_number(column->max_length),
        .initial = {
            .is_some = column->initial != IK_NO_DEFAULT,
            .val = {.tag = (uint8_t)(column->initial - IK_CONSTANT), .val = {.constant = column->constant}},
        },
        .references = {
            .is_some = column->references.table != NULL,
            .val = {
                .table = ik_string_of(column->references.table),
                .column = ik_string_of(column->references.column),
                .on_delete = (innkeeper_storage_db_on_delete_t)column->references.on_delete,
            },
        },
    };
}

static innkeeper_storage_db_list_column_t columns_of(const ik_column *columns)
{
    size_t count = 0;
    while (columns && columns[count].name) count++;
    innkeeper_storage_db_list_column_t list = {ik_alloc(count * sizeof *list.ptr), count};
    for (size_t i = 0; i < count; i++) list.ptr[i] = column_of(&columns[i]);
    return list;
}

static innkeeper_storage_db_list_index_t indexes_of(const ik_index *indexes)
{
    size_t count = 0;
    while (indexes && indexes[count].columns) count++;
    innkeeper_storage_db_list_index_t list = {ik_alloc(count * sizeof *list.ptr), count};
    for (size_t i = 0; i < count; i++) {
        list.ptr[i].columns = ik_split_names(indexes[i].columns);
        list.ptr[i].unique = indexes[i].unique;
    }
    return list;
}

static innkeeper_storage_db_list_check_t checks_of(const ik_check *checks)
{
    size_t count = 0;
    while (checks && checks[count].name) count++;
    innkeeper_storage_db_list_check_t list = {ik_alloc(count * sizeof *list.ptr), count};
    for (size_t i = 0; i < count; i++) {
        list.ptr[i].name = ik_string_of(checks[i].name);
        list.ptr[i].condition = ik_string_of(checks[i].condition);
    }
    return list;
}

bool ik_define_table(const ik_table *table)
{
    innkeeper_storage_db_table_t description = {
        .name = ik_string_of(table->name),
        .columns = columns_of(table->columns),
        .primary_key = ik_split_names(table->primary_key),
        .indexes = indexes_of(table->indexes),
        .checks = checks_of(table->checks),
    };
    bool changed;
    innkeeper_storage_db_db_error_t error;
    return innkeeper_storage_db_define_table(&description, &changed, &error) || ik_fail_db(&error);
}

static web_app_list_string_t texts_of(const char *const *texts)
{
    size_t count = 0;
    while (texts && texts[count]) count++;
    web_app_list_string_t list = {ik_alloc(count * sizeof *list.ptr), count};
    for (size_t i = 0; i < count; i++) list.ptr[i] = ik_string_of(texts[i]);
    return list;
}

bool ik_migrate(const ik_migration *migrations, size_t count)
{
    innkeeper_storage_db_list_migration_t list = {ik_alloc(count * sizeof *list.ptr), count};
    for (size_t i = 0; i < count; i++) {
        list.ptr[i] = (innkeeper_storage_db_migration_t){
            .name = ik_string_of(migrations[i].name),
            .statements = texts_of(migrations[i].statements),
            .sqlite_statements = {migrations[i].sqlite_statements != NULL, texts_of(migrations[i].sqlite_statements)},
            .destroys = texts_of(migrations[i].destroys),
        };
    }
    web_app_list_string_t run;
    innkeeper_storage_db_db_error_t error;
    return innkeeper_storage_db_migrate(&list, &run, &error) || ik_fail_db(&error);
}
