// The entries of the book: all SQL of this app.
#pragma once

#include "sdk/innkeeper.hpp"

namespace entries {

/// One entry, as it stands in the book.
struct Entry {
    /// Grows with every entry, so that a larger id means a newer entry.
    std::int64_t id;
    std::string author;
    std::string message;
    /// The id of the photo's blob.
    std::optional<std::string> photo;
    /// Who was signed in while writing: the one who may delete the entry.
    std::optional<std::string> owner;
    innkeeper::Instant created;
};

/// Some entries, newest first.
struct Listing {
    std::vector<Entry> entries;
    /// Where the next listing begins; none at the end of the book.
    std::optional<std::int64_t> next;
};

/// Makes the table where it is missing; costs nothing once that has been done.
innkeeper::Result<> define();
/// At most `limit` entries that are older than the entry `before`, or the newest.
innkeeper::Result<Listing> list(std::optional<std::int64_t> before, std::size_t limit);
/// Writes an entry, dated now.
innkeeper::Result<> insert(std::string_view author, std::string_view message, const std::optional<std::string>& photo,
                           const std::optional<std::string>& owner);
/// Whether an entry shows this photo.
innkeeper::Result<bool> have_photo(std::string_view photo);
/// Deletes the entry if it belongs to `owner`, and returns its photo. Fails with 403 or 404.
innkeeper::Result<std::optional<std::string>> remove(std::int64_t id, const std::optional<std::string>& owner);

}  // namespace entries
