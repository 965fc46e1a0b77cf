/* What the files of the SDK share. Apps do not include it. */
#ifndef INNKEEPER_INTERNAL_H
#define INNKEEPER_INTERNAL_H

#include <stdarg.h>

#include "foreign.h"
#include "innkeeper.h"

/* Functions of the bindings take pointers to what they only read. */
#define IK_UNCONST(type, pointer) ((type *)(uintptr_t)(pointer))

/*
 * The text of a string that the host has given. `cabi_realloc` puts NUL behind every string, but
 * the host allocates nothing for an empty one.
 */
static inline const char *ik_text_of_host(web_app_string_t string)
{
    return string.len ? (const char *)string.ptr : "";
}

static inline const char *ik_text_of_option(web_app_option_string_t option)
{
    return option.is_some ? ik_text_of_host(option.val) : NULL;
}

static inline web_app_option_string_t ik_option_of(const char *text)
{
    return (web_app_option_string_t){text != NULL, ik_string_of(text)};
}

static inline web_app_option_u32_t ik_option_of_number(uint32_t number)
{
    return (web_app_option_u32_t){number != 0, number};
}

/* Like `ik_write`, with the arguments as a list. */
void ik_write_arguments(ik_buffer *buffer, const char *format, va_list arguments);
/* The names in a text with commas between them. */
web_app_list_string_t ik_split_names(const char *names);

#endif
