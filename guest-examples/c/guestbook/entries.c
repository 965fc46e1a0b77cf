#include "entries.h"

#include "sdk/innkeeper.h"

/* The guestbooks in all languages describe the same table: each finds the entries of the others. */
static const ik_table table = {
    .name = "entries",
    .columns = (const ik_column[]){
        {"id", IK_INTEGER, .identity = true},
        {"author", IK_TEXT},
        {"message", IK_TEXT},
        {"photo", IK_TEXT, .nullable = true},
        {"owner", IK_TEXT, .nullable = true},
        {"created", IK_INSTANT},
        {0},
    },
    .primary_key = "id",
    .indexes = (const ik_index[]){{"photo"}, {0}},
};

bool entries_define(void)
{
    return ik_define_table(&table);
}

static entry entry_of(ik_row row)
{
    return (entry){
        .id = ik_row_int(row, "id"),
        .author = ik_row_text(row, "author"),
        .message = ik_row_text(row, "message"),
        .photo = ik_row_text(row, "photo"),
        .owner = ik_row_text(row, "owner"),
        .created = ik_row_instant(row, "created"),
    };
}

bool entries_list(listing *listing, int64_t before, size_t limit)
{
    ik_rows rows;
    // One more than asked for shows whether there are older ones.
    if (!ik_query(&rows,
                  "select id, author, message, photo, owner, created from entries"
                  " where id < $1 order by id desc limit $2",
                  ik_int(before), ik_int((int64_t)limit + 1))) {
        return false;
    }
    listing->has_more = rows.count > limit;
    listing->count = listing->has_more ? limit : rows.count;
    listing->entries = ik_alloc(listing->count * sizeof(entry));
    for (size_t i = 0; i < listing->count; i++) listing->entries[i] = entry_of(ik_row_at(&rows, i));
    return true;
}

bool entries_insert(const char *author, const char *message, const char *photo, const char *owner)
{
    return ik_execute("insert into entries (author, message, photo, owner, created) values ($1, $2, $3, $4, $5)",
                      ik_text(author), ik_text(message), ik_text(photo), ik_text(owner), ik_instant(ik_now()));
}

bool entries_have_photo(const char *photo, bool *found)
{
    ik_rows rows;
    if (!ik_query(&rows, "select id from entries where photo = $1", ik_text(photo))) return false;
    *found = rows.count > 0;
    return true;
}

bool entries_delete(int64_t id, const char *owner, const char **photo)
{
    ik_row deleted, found;
    // One statement decides and deletes, so that of two parallel requests only one gets the photo.
    if (!ik_query_one(&deleted, "delete from entries where id = $1 and owner = $2 returning photo", ik_int(id),
                      ik_text(owner))) {
        return false;
    }
    if (deleted.values) {
        *photo = ik_row_text(deleted, "photo");
        return true;
    }
    if (!ik_query_one(&found, "select id from entries where id = $1", ik_int(id))) return false;
    return found.values ? ik_fail(403, "This entry is somebody else's.") : ik_fail(404, "There is nothing here.");
}
