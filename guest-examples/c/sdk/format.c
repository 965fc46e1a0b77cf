/*
 * Writing like printf. Texts can be escaped on the way, so that a page or a JSON document is
 * written in one call and nothing that a visitor wrote becomes markup.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

typedef void text_writer(ik_buffer *buffer, const char *text, size_t size);

/* Arguments in a struct can be passed on by pointer on every platform. */
typedef struct arguments {
    va_list list;
} arguments;

/* A directive between `%` and its last letter. */
typedef struct directive {
    /* For snprintf: flags, width and precision. */
    char options[24];
    /* -1 where there is none. */
    int precision;
    /* The last letter of the length: 'h', 'l', 'L' for `ll`, 'z', 'j', 't', or 0. */
    char length;
    char conversion;
} directive;

static void put_plain(ik_buffer *buffer, const char *text, size_t size)
{
    if (text) ik_put(buffer, text, size);
}

static void put_html(ik_buffer *buffer, const char *text, size_t size)
{
    if (text) ik_put_html(buffer, text, size);
}

static void put_json(ik_buffer *buffer, const char *text, size_t size)
{
    if (text) ik_put_json(buffer, text, size);
    else ik_put_text(buffer, "null");
}

static void add_option(directive *directive, const char *option)
{
    if (strlen(directive->options) + strlen(option) >= sizeof directive->options) {
        ik_panic("a directive of a format is too long");
    }
    strcat(directive->options, option);
}

/* A number that stands in the format or, as `*`, among the arguments. */
static int read_number(const char **at, arguments *arguments)
{
    if (**at == '*') {
        ++*at;
        return va_arg(arguments->list, int);
    }
    return (int)strtol(*at, (char **)at, 10);
}

/* Reads a directive, from behind its `%`, and returns what follows. */
static const char *read_directive(const char *at, directive *directive, arguments *arguments)
{
    char option[16];
    for (; *at && strchr("-+ #0", *at); at++) {
        snprintf(option, sizeof option, "%c", *at);
        add_option(directive, option);
    }
    if (*at == '*' || (*at >= '1' && *at <= '9')) {
        snprintf(option, sizeof option, "%d", read_number(&at, arguments));
        add_option(directive, option);
    }
    directive->precision = -1;
    if (*at == '.') {
        at++;
        directive->precision = read_number(&at, arguments);
        snprintf(option, sizeof option, ".%d", directive->precision);
        if (directive->precision >= 0) add_option(directive, option);
    }
    for (; *at && strchr("hlzjt", *at); at++) directive->length = directive->length == 'l' ? 'L' : *at;
    directive->conversion = *at;
    return *at ? at + 1 : at;
}

static long long next_signed(char length, arguments *arguments)
{
    switch (length) {
    case 'l': return va_arg(arguments->list, long);
    case 'L': return va_arg(arguments->list, long long);
    case 'j': return va_arg(arguments->list, intmax_t);
    case 'z':
    case 't': return va_arg(arguments->list, ptrdiff_t);
    default: return va_arg(arguments->list, int);
    }
}

static unsigned long long next_unsigned(char length, arguments *arguments)
{
    switch (length) {
    case 'l': return va_arg(arguments->list, unsigned long);
    case 'L': return va_arg(arguments->list, unsigned long long);
    case 'j': return va_arg(arguments->list, uintmax_t);
    case 'z':
    case 't': return va_arg(arguments->list, size_t);
    default: return va_arg(arguments->list, unsigned);
    }
}

/* The longest number is the largest double without an exponent. */
#define NUMBER_BYTES 512

static void put_number(ik_buffer *buffer, const directive *directive, arguments *arguments)
{
    char number[NUMBER_BYTES], format[sizeof directive->options + 8];
    int size;
    switch (directive->conversion) {
    case 'd':
    case 'i':
        snprintf(format, sizeof format, "%%%slld", directive->options);
        size = snprintf(number, sizeof number, format, next_signed(directive->length, arguments));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        snprintf(format, sizeof format, "%%%sll%c", directive->options, directive->conversion);
        size = snprintf(number, sizeof number, format, next_unsigned(directive->length, arguments));
        break;
    default:
        snprintf(format, sizeof format, "%%%s%c", directive->options, directive->conversion);
        size = snprintf(number, sizeof number, format, va_arg(arguments->list, double));
    }
    if (size < 0 || size >= NUMBER_BYTES) ik_panic("a number of a format is too long");
    ik_put(buffer, number, (size_t)size);
}

static void put_directive(ik_buffer *buffer, text_writer *put, const directive *directive, arguments *arguments)
{
    switch (directive->conversion) {
    case '%': ik_put_text(buffer, "%"); break;
    case 'c': {
        char letter = (char)va_arg(arguments->list, int);
        put(buffer, &letter, 1);
        break;
    }
    case 's': {
        const char *text = va_arg(arguments->list, const char *);
        size_t limit = directive->precision < 0 ? INT_MAX : (size_t)directive->precision;
        put(buffer, text, text ? strnlen(text, limit) : 0);
        break;
    }
    default:
        if (!directive->conversion || !strchr("diuxXofFeEgG", directive->conversion)) {
            ik_panic("a format has a directive that is not known: %%%c", directive->conversion);
        }
        put_number(buffer, directive, arguments);
    }
}

static void write_with(ik_buffer *buffer, text_writer *put, const char *format, va_list list)
{
    arguments arguments;
    va_copy(arguments.list, list);
    const char *rest = format;
    for (const char *at = strchr(rest, '%'); at; at = strchr(rest, '%')) {
        ik_put(buffer, rest, (size_t)(at - rest));
        directive directive = {0};
        rest = read_directive(at + 1, &directive, &arguments);
        put_directive(buffer, put, &directive, &arguments);
    }
    ik_put_text(buffer, rest);
    va_end(arguments.list);
}

void ik_write_arguments(ik_buffer *buffer, const char *format, va_list arguments)
{
    write_with(buffer, put_plain, format, arguments);
}

void ik_write(ik_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_with(buffer, put_plain, format, arguments);
    va_end(arguments);
}

void ik_write_html(ik_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_with(buffer, put_html, format, arguments);
    va_end(arguments);
}

void ik_write_json(ik_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_with(buffer, put_json, format, arguments);
    va_end(arguments);
}

char *ik_format(const char *format, ...)
{
    ik_buffer text = {0};
    va_list arguments;
    va_start(arguments, format);
    write_with(&text, put_plain, format, arguments);
    va_end(arguments);
    ik_put(&text, "", 0);
    return text.data;
}
