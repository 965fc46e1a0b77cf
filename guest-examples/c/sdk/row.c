/* Rows: values by the names of their columns. */
#include <string.h>

#include "internal.h"

#define TAG(name) INNKEEPER_STORAGE_DB_VALUE_##name

/* In the order of the variant in the WIT file. */
static const char *const tag_names[] = {
    "NULL", "a boolean", "an integer", "a float", "a decimal", "a text",  "bytes",
    "a UUID", "a date",  "a time",     "a datetime", "an instant", "JSON", "of another type",
};

ik_row ik_row_at(const ik_rows *rows, size_t number)
{
    if (number >= rows->count) ik_panic("there is no row %zu: the result has %zu rows", number, rows->count);
    return (ik_row){.columns = rows->columns, .values = rows->values[number].ptr};
}

const ik_value *ik_row_value(ik_row row, const char *column)
{
    if (!row.values) ik_panic("there is no row from which to read the column %s", column);
    size_t size = strlen(column);
    for (size_t i = 0; i < row.columns.len; i++) {
        web_app_string_t name = row.columns.ptr[i];
        if (name.len == size && memcmp(name.ptr, column, size) == 0) return &row.values[i];
    }
    ik_panic("the result has no column %s", column);
}

bool ik_row_is_null(ik_row row, const char *column)
{
    return ik_row_value(row, column)->tag == TAG(NULL);
}

_Noreturn static void wrong_type(const char *column, const ik_value *value, const char *wanted)
{
    const char *found = value->tag < sizeof tag_names / sizeof *tag_names ? tag_names[value->tag] : "unknown";
    ik_panic("the column %s is %s, not %s", column, found, wanted);
}

static const ik_value *value_of(ik_row row, const char *column, uint8_t tag)
{
    const ik_value *value = ik_row_value(row, column);
    if (value->tag != tag) wrong_type(column, value, tag_names[tag]);
    return value;
}

bool ik_row_bool(ik_row row, const char *column)
{
    // SQLite computes integers where Postgres computes booleans.
    const ik_value *value = ik_row_value(row, column);
    if (value->tag == TAG(INTEGER)) return value->val.integer != 0;
    return value_of(row, column, TAG(BOOLEAN))->val.boolean;
}

int64_t ik_row_int(ik_row row, const char *column)
{
    return value_of(row, column, TAG(INTEGER))->val.integer;
}

double ik_row_float(ik_row row, const char *column)
{
    return value_of(row, column, TAG(FLOAT))->val.float_;
}

ik_day ik_row_date(ik_row row, const char *column)
{
    return value_of(row, column, TAG(DATE))->val.date;
}

ik_clock ik_row_time(ik_row row, const char *column)
{
    return value_of(row, column, TAG(TIME))->val.time;
}

ik_calendar ik_row_datetime(ik_row row, const char *column)
{
    return value_of(row, column, TAG(DATETIME))->val.datetime;
}

int64_t ik_row_instant(ik_row row, const char *column)
{
    return value_of(row, column, TAG(INSTANT))->val.instant;
}

const char *ik_row_text(ik_row row, const char *column)
{
    const ik_value *value = ik_row_value(row, column);
    switch (value->tag) {
    case TAG(NULL): return NULL;
    case TAG(TEXT): return ik_text_of_host(value->val.text);
    case TAG(DECIMAL): return ik_text_of_host(value->val.decimal);
    case TAG(UUID): return ik_text_of_host(value->val.uuid);
    case TAG(JSON): return ik_text_of_host(value->val.json);
    case TAG(OTHER): return ik_text_of_host(value->val.other.text);
    default: wrong_type(column, value, "a text");
    }
}

ik_buffer ik_row_bytes(ik_row row, const char *column)
{
    if (ik_row_is_null(row, column)) return (ik_buffer){0};
    web_app_list_u8_t bytes = value_of(row, column, TAG(BYTES))->val.bytes;
    return (ik_buffer){.data = bytes.len ? (char *)bytes.ptr : "", .size = bytes.len};
}
