#include "entries.hpp"

#include <limits>

using namespace innkeeper;

namespace entries {

Result<> define() {
    // The guestbooks in all languages describe the same table: each finds the entries of the
    // others.
    return db::define_table({
        .name = "entries",
        .columns = {{.name = "id", .type = IK_INTEGER, .identity = true},
                    {.name = "author", .type = IK_TEXT},
                    {.name = "message", .type = IK_TEXT},
                    {.name = "photo", .type = IK_TEXT, .nullable = true},
                    {.name = "owner", .type = IK_TEXT, .nullable = true},
                    {.name = "created", .type = IK_INSTANT}},
        .primary_key = "id",
        .indexes = {{.columns = "photo"}},
    });
}

Result<Listing> list(std::optional<std::int64_t> before, std::size_t limit) {
    // One more than asked for shows whether there are older ones.
    Rows rows = IK_TRY(db::query("select id, author, message, photo, owner, created from entries"
                                 " where id < $1 order by id desc limit $2",
                                 before.value_or(std::numeric_limits<std::int64_t>::max()),
                                 static_cast<std::int64_t>(limit) + 1));
    Listing listing;
    for (Row row : rows) {
        if (listing.entries.size() == limit) {
            listing.next = listing.entries.back().id;
            break;
        }
        listing.entries.push_back({
            .id = row["id"].integer(),
            .author = row["author"].text(),
            .message = row["message"].text(),
            .photo = row["photo"].as<std::optional<std::string>>(),
            .owner = row["owner"].as<std::optional<std::string>>(),
            .created = row["created"].instant(),
        });
    }
    return listing;
}

Result<> insert(std::string_view author, std::string_view message, const std::optional<std::string>& photo,
                const std::optional<std::string>& owner) {
    IK_TRY(db::execute("insert into entries (author, message, photo, owner, created) values ($1, $2, $3, $4, $5)",
                       author, message, photo, owner, now()));
    return {};
}

Result<bool> have_photo(std::string_view photo) {
    return db::query("select id from entries where photo = $1", photo).transform([](const Rows& rows) {
        return !rows.empty();
    });
}

Result<std::optional<std::string>> remove(std::int64_t id, const std::optional<std::string>& owner) {
    // One statement decides and deletes, so that of two parallel requests only one gets the photo.
    auto deleted = IK_TRY(
        db::query_one("delete from entries where id = $1 and owner = $2 returning photo", id, owner));
    if (deleted) return (*deleted)["photo"].as<std::optional<std::string>>();
    auto found = IK_TRY(db::query_one("select id from entries where id = $1", id));
    if (found) return fail(403, "This entry is somebody else's.");
    return fail(404, "There is nothing here.");
}

}  // namespace entries
