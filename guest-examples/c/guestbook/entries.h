/* The entries of the book: all SQL of this app. */
#ifndef ENTRIES_H
#define ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One entry, as it stands in the book. */
typedef struct entry {
    /* Grows with every entry, so that a larger id means a newer entry. */
    int64_t id;
    const char *author;
    const char *message;
    /* The id of the photo's blob, or NULL. */
    const char *photo;
    /* Who was signed in while writing, or NULL: the one who may delete the entry. */
    const char *owner;
    int64_t created;
} entry;

/* Some entries, newest first. */
typedef struct listing {
    entry *entries;
    size_t count;
    /* Whether there are older ones. */
    bool has_more;
} listing;

/* Makes the table where it is missing; costs nothing once that has been done. */
bool entries_define(void);
/* At most `limit` entries that are older than the entry `before`. */
bool entries_list(listing *listing, int64_t before, size_t limit);
/* Writes an entry, dated now. */
bool entries_insert(const char *author, const char *message, const char *photo, const char *owner);
/* Whether an entry shows this photo. */
bool entries_have_photo(const char *photo, bool *found);
/* Deletes the entry if it belongs to `owner`, and gives its photo. Fails with 403 or 404. */
bool entries_delete(int64_t id, const char *owner, const char **photo);

#endif
