// The pages, as HTML that needs no script, and the JSON documents.
#pragma once

#include "entries.hpp"
#include "sdk/innkeeper.hpp"

/// What the session says about the visitor.
struct Visitor {
    /// Who is signed in.
    std::optional<std::string> name;
    std::int64_t visits;
    /// The proof, for all forms, that they are this app's own.
    std::string csrf;
};

/// A form that was not accepted.
struct Refusal {
    int status;
    std::string reason;
    /// What was written, to be corrected.
    std::string author;
    std::string message;
};

/// What the book shows.
struct Book {
    entries::Listing listing;
    Visitor visitor;
    /// What the visitor is to be told.
    std::vector<std::string> messages;
    /// Whether the newest entries are among those shown.
    bool is_newest = true;
    std::optional<Refusal> refusal = {};
};

namespace page {

/// The book, with the status of the refused form where there is one.
innkeeper::Response book(const Book& book);
/// A page that says one thing.
innkeeper::Response brief(int status, std::string_view text);
/// A page of entries for programs.
innkeeper::Response listing_json(const entries::Listing& listing);
/// What the app knows about the visitor.
innkeeper::Response visitor_json(const Visitor& visitor);
/// What is wrong with a request.
innkeeper::Response error_json(int status, std::string_view message);

}  // namespace page
