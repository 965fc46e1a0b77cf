/* Values of the database, and time. */
#ifndef INNKEEPER_VALUE_H
#define INNKEEPER_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "generated/web_app.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A day, a time of day, and both: what a calendar and a clock on the wall show. */
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

/* ---- Values ---- */

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

#ifdef __cplusplus
}
#endif
#endif
