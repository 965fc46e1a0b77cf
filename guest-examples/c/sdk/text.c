/* Memory and text: buffers, escaping, decoding. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/*
 * The host asks for memory here, for what it returns. The definition replaces the one of the bindings:
 * a byte more, so that strings end with NUL.
 */
#ifdef __wasm__
__attribute__((export_name("cabi_realloc")))
#endif
void *cabi_realloc(void *old, size_t old_size, size_t alignment, size_t size)
{
    (void)old_size;
    if (!size) return (void *)alignment;
    char *memory = realloc(old, size + 1);
    if (!memory) ik_panic("out of memory: %zu bytes", size);
    memory[size] = 0;
    return memory;
}

void *ik_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory) ik_panic("out of memory: %zu bytes", size);
    return memory;
}

char *ik_copy(const void *data, size_t size)
{
    char *copy = ik_alloc(size + 1);
    if (size) memcpy(copy, data, size);
    return copy;
}

/* Makes room for `size` bytes and NUL. */
static void reserve(ik_buffer *buffer, size_t size)
{
    size_t wanted = buffer->size + size + 1;
    if (wanted <= buffer->capacity) return;
    size_t capacity = buffer->capacity ? buffer->capacity : 64;
    while (capacity < wanted) capacity *= 2;
    char *data = realloc(buffer->data, capacity);
    if (!data) ik_panic("out of memory: %zu bytes", capacity);
    buffer->data = data;
    buffer->capacity = capacity;
}

void ik_put(ik_buffer *buffer, const void *data, size_t size)
{
    reserve(buffer, size);
    if (size) memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = 0;
}

void ik_put_text(ik_buffer *buffer, const char *text)
{
    ik_put(buffer, text, strlen(text));
}

static const char *html_escape(char letter)
{
    switch (letter) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void ik_put_html(ik_buffer *buffer, const char *text, size_t size)
{
    size_t from = 0;
    for (size_t at = 0; at < size; at++) {
        const char *escape = html_escape(text[at]);
        if (!escape) continue;
        ik_put(buffer, text + from, at - from);
        ik_put_text(buffer, escape);
        from = at + 1;
    }
    ik_put(buffer, text + from, size - from);
}

void ik_put_json(ik_buffer *buffer, const char *text, size_t size)
{
    ik_put_text(buffer, "\"");
    size_t from = 0;
    for (size_t at = 0; at < size; at++) {
        unsigned char letter = (unsigned char)text[at];
        if (letter >= 0x20 && letter != '"' && letter != '\\') continue;
        ik_put(buffer, text + from, at - from);
        char escape[8];
        snprintf(escape, sizeof escape, letter < 0x20 ? "\\u%04x" : "\\%c", letter);
        ik_put_text(buffer, escape);
        from = at + 1;
    }
    ik_put(buffer, text + from, size - from);
    ik_put_text(buffer, "\"");
}

size_t ik_utf8_length(const char *text)
{
    size_t length = 0;
    for (; *text; text++) length += ((unsigned char)*text & 0xc0) != 0x80;
    return length;
}

bool ik_is_blank(const char *text)
{
    static const char *const wide[] = {
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9",
        "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
    };
    while (*(text += strspn(text, " \t\r\n\v\f"))) {
        size_t size = 0;
        // From U+2000 to U+200A.
        if (strncmp(text, "\xe2\x80", 2) == 0) {
            unsigned char last = (unsigned char)text[2];
            if (last >= 0x80 && last <= 0x8a) size = 3;
        }
        for (size_t i = 0; !size && i < sizeof wide / sizeof *wide; i++) {
            if (strncmp(text, wide[i], strlen(wide[i])) == 0) size = strlen(wide[i]);
        }
        if (!size) return false;
        text += size;
    }
    return true;
}

bool ik_parse_int(const char *text, int64_t *number)
{
    // strtoll would take blanks before the number.
    bool has_sign = *text == '-' || *text == '+';
    if (text[has_sign] < '0' || text[has_sign] > '9') return false;
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (*end || errno == ERANGE) return false;
    *number = parsed;
    return true;
}

/* The number of bytes of the character in UTF-8 that begins here; 0 where none does. */
static size_t utf8_size(const unsigned char *at, size_t rest)
{
    static const struct {
        unsigned char first, last, second_from, second_to;
        size_t size;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        if (*at < forms[form].first || *at > forms[form].last) continue;
        size_t size = forms[form].size;
        if (size > rest) return 0;
        if (size > 1 && (at[1] < forms[form].second_from || at[1] > forms[form].second_to)) return 0;
        for (size_t next = 2; next < size; next++) {
            if ((at[next] & 0xc0) != 0x80) return 0;
        }
        return size;
    }
    return 0;
}

/* The host takes only UTF-8, and no text in C holds NUL: what does not fit becomes U+FFFD. */
static char *to_utf8(const ik_buffer *bytes)
{
    ik_buffer text = {0};
    for (size_t at = 0; at < bytes->size;) {
        size_t size = utf8_size((const unsigned char *)bytes->data + at, bytes->size - at);
        if (size && bytes->data[at]) ik_put(&text, bytes->data + at, size);
        else ik_put_text(&text, "\xef\xbf\xbd");
        at += size ? size : 1;
    }
    ik_put(&text, "", 0);
    return text.data;
}

static int hex_digit(char letter)
{
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
    return -1;
}

char *ik_percent_decode(const char *text, size_t size, bool plus_is_blank)
{
    ik_buffer decoded = {0};
    for (size_t at = 0; at < size; at++) {
        char letter = text[at];
        if (letter == '%' && at + 2 < size && hex_digit(text[at + 1]) >= 0 && hex_digit(text[at + 2]) >= 0) {
            letter = (char)(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
            at += 2;
        } else if (letter == '+' && plus_is_blank) {
            letter = ' ';
        }
        ik_put(&decoded, &letter, 1);
    }
    return to_utf8(&decoded);
}

web_app_list_string_t ik_split_names(const char *names)
{
    web_app_list_string_t list = {0};
    if (!names) return list;
    size_t count = 1;
    for (const char *at = names; *at; at++) count += *at == ',';
    list.ptr = ik_alloc(count * sizeof *list.ptr);
    while (*(names += strspn(names, " ,"))) {
        size_t size = strcspn(names, " ,");
        list.ptr[list.len++] = (web_app_string_t){(uint8_t *)names, size};
        names += size;
    }
    return list;
}
