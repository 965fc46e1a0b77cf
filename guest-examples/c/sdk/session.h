/* The session of the visitor. */
#ifndef INNKEEPER_SESSION_H
#define INNKEEPER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads the value under a key; NULL where there is none. */
bool ik_session_get(const char *key, const char **value);
/* Puts a value under a key, over an older one. */
bool ik_session_set(const char *key, const char *value);
/* Takes a key away, if it is there. */
bool ik_session_remove(const char *key);
/* All keys, sorted. */
bool ik_session_keys(const char ***keys, size_t *count);
/* Adds to the number under `key`; `sum` may be NULL. */
bool ik_session_increment(const char *key, int64_t by, int64_t *sum);
/* Puts `value` only if the value there is `expected` (NULL: only if there is none). */
bool ik_session_compare_and_set(const char *key, const char *expected, const char *value, bool *done);
/* Leaves a message for the visitor, to be shown once. */
bool ik_session_flash(const char *message);
/* Takes the messages left for the visitor, oldest first. */
bool ik_session_take_flash(const char ***messages, size_t *count);
/* Who is signed in; NULL for nobody. */
bool ik_session_user(const char **user);
/* Gives the session a new id and notes who is signed in; NULL for nobody. */
bool ik_session_renew(const char *user);
/* How long the session lives after its last use, and from now; UINT32_MAX: unchanged. */
bool ik_session_set_expiry(uint32_t idle_seconds, uint32_t absolute_seconds);
/* Ends the session and everything in it. */
bool ik_session_destroy(void);
/* Ends every session of a user; `count` may be NULL. */
bool ik_session_destroy_all(const char *user, uint32_t *count);
/* A token for a hidden field of the form of this name. Begins a session. */
bool ik_session_csrf_token(const char *form, const char **token);
/* Whether a token is the one of this visitor for the form of this name. */
bool ik_session_csrf_check(const char *form, const char *token, bool *good);
/* Appends the hidden field `csrf` for the form of this name. Begins a session. */
bool ik_session_write_csrf_field(ik_buffer *page, const char *form);

#ifdef __cplusplus
}
#endif
#endif
