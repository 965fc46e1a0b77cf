/* The session of the visitor. */
#include "internal.h"

typedef innkeeper_storage_session_session_error_t session_error;

static const char **texts_of_host(web_app_list_string_t list)
{
    const char **texts = ik_alloc(list.len * sizeof *texts);
    for (size_t i = 0; i < list.len; i++) texts[i] = ik_text_of_host(list.ptr[i]);
    return texts;
}

bool ik_session_get(const char *key, const char **value)
{
    web_app_string_t name = ik_string_of(key);
    web_app_option_string_t found;
    session_error error;
    if (!innkeeper_storage_session_get(&name, &found, &error)) return ik_fail_session(&error);
    *value = ik_text_of_option(found);
    return true;
}

bool ik_session_set(const char *key, const char *value)
{
    web_app_string_t name = ik_string_of(key), text = ik_string_of(value);
    session_error error;
    return innkeeper_storage_session_set(&name, &text, &error) || ik_fail_session(&error);
}

bool ik_session_remove(const char *key)
{
    web_app_string_t name = ik_string_of(key);
    session_error error;
    return innkeeper_storage_session_remove(&name, &error) || ik_fail_session(&error);
}

bool ik_session_keys(const char ***keys, size_t *count)
{
    web_app_list_string_t list;
    session_error error;
    if (!innkeeper_storage_session_get_keys(&list, &error)) return ik_fail_session(&error);
    *keys = texts_of_host(list);
    *count = list.len;
    return true;
}

bool ik_session_increment(const char *key, int64_t by, int64_t *sum)
{
    web_app_string_t name = ik_string_of(key);
    int64_t ignored;
    session_error error;
    return innkeeper_storage_session_increment(&name, by, sum ? sum : &ignored, &error) || ik_fail_session(&error);
}

bool ik_session_compare_and_set(const char *key, const char *expected, const char *value, bool *done)
{
    web_app_string_t name = ik_string_of(key), before = ik_string_of(expected), text = ik_string_of(value);
    session_error error;
    return innkeeper_storage_session_compare_and_set(&name, expected ? &before : NULL, &text, done, &error) ||
           ik_fail_session(&error);
}

bool ik_session_flash(const char *message)
{
    web_app_string_t text = ik_string_of(message);
    session_error error;
    return innkeeper_storage_session_flash(&text, &error) || ik_fail_session(&error);
}

bool ik_session_take_flash(const char ***messages, size_t *count)
{
    web_app_list_string_t list;
    session_error error;
    if (!innkeeper_storage_session_take_flash(&list, &error)) return ik_fail_session(&error);
    *messages = texts_of_host(list);
    *count = list.len;
    return true;
}

bool ik_session_user(const char **user)
{
    web_app_option_string_t found;
    session_error error;
    if (!innkeeper_storage_session_get_user(&found, &error)) return ik_fail_session(&error);
    *user = ik_text_of_option(found);
    return true;
}

bool ik_session_renew(const char *user)
{
    web_app_string_t name = ik_string_of(user);
    session_error error;
    return innkeeper_storage_session_renew(user ? &name : NULL, &error) || ik_fail_session(&error);
}

bool ik_session_set_expiry(uint32_t idle_seconds, uint32_t absolute_seconds)
{
    session_error error;
    return innkeeper_storage_session_set_expiry(idle_seconds == UINT32_MAX ? NULL : &idle_seconds,
                                                absolute_seconds == UINT32_MAX ? NULL : &absolute_seconds, &error) ||
           ik_fail_session(&error);
}

bool ik_session_destroy(void)
{
    session_error error;
    return innkeeper_storage_session_destroy(&error) || ik_fail_session(&error);
}

bool ik_session_destroy_all(const char *user, uint32_t *count)
{
    web_app_string_t name = ik_string_of(user);
    uint32_t ignored;
    session_error error;
    return innkeeper_storage_session_destroy_all(&name, count ? count : &ignored, &error) || ik_fail_session(&error);
}

bool ik_session_csrf_token(const char *form, const char **token)
{
    web_app_string_t name = ik_string_of(form), text;
    session_error error;
    if (!innkeeper_storage_session_csrf_token(&name, &text, &error)) return ik_fail_session(&error);
    *token = ik_text_of_host(text);
    return true;
}

bool ik_session_csrf_check(const char *form, const char *token, bool *good)
{
    web_app_string_t name = ik_string_of(form), text = ik_string_of(token);
    session_error error;
    return innkeeper_storage_session_csrf_check(&name, &text, good, &error) || ik_fail_session(&error);
}

bool ik_session_write_csrf_field(ik_buffer *page, const char *form)
{
    const char *token;
    if (!ik_session_csrf_token(form, &token)) return false;
    ik_write_html(page, "<input type=\"hidden\" name=\"csrf\" value=\"%s\">", token);
    return true;
}
