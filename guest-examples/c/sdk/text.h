/* Memory, text and errors. */
#ifndef INNKEEPER_TEXT_H
#define INNKEEPER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__has_attribute) && __has_attribute(format)
#define IK_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define IK_PRINTF(format_at, first_at)
#endif

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
/* Whether a text has nothing but white space (of all scripts) in it, or nothing at all. */
bool ik_is_blank(const char *text);
/* Reads a whole decimal number. False where the text is anything else, or beyond 64 bits. */
bool ik_parse_int(const char *text, int64_t *number);
/*
 * Decodes `%41` and, in a query or form, `+`. What is no such code stays as it is; NUL and what is
 * no UTF-8 become U+FFFD.
 */
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

#ifdef __cplusplus
}
#endif
#endif
