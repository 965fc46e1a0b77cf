// Innkeeper SDK for C++23: HTTP, rows, files and sessions for a web app that Innkeeper runs.
//
// An app defines `innkeeper::handle`. What can fail returns a `Result`: a value, or an `Error` that
// says why. `IK_TRY` passes an error on, and the visitor gets the error's status. There are no
// exceptions in an app, and destructors do what is left to do: a transaction that is not committed
// is rolled back.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "c/innkeeper.h"
#include "text.hpp"
#include "value.hpp"

namespace innkeeper {

/// Why a call failed.
struct Error {
    /// "db", "blob-upload", "session" or "http".
    std::string interface;
    /// The code of the interface, for example "unique-violation"; "csrf" for a refused form.
    std::string code;
    /// For the log. It may quote a statement or a value: do not show it to visitors, but for
    /// "http".
    std::string message;
    /// The constraint or column that was violated; empty where it is not known.
    std::string constraint;
    /// The form field to blame; empty where there is none.
    std::string field;
    /// Five characters, or empty.
    std::string sqlstate;
    /// Whether the same request may well succeed if it is made again.
    bool retryable = false;
    /// The status that fits: 503 where it is worth a retry, 404, 413 and so on, else 500.
    int status = 500;

    /// Writes the error to stderr, which is the app's log, if its status is 500.
    void log() const;
};

/// A value, or why there is none.
template <class T = void>
using Result = std::expected<T, Error>;

/// Fails with a status and a message that visitors see: `return fail(404, "No such book.");`
std::unexpected<Error> fail(int status, std::string message);

/// The value of a result; an error is returned from the function at once.
#define IK_TRY(expression)                                                           \
    ({                                                                                      \
        auto innkeeper_result = (expression);                                               \
        if (!innkeeper_result) return std::unexpected(std::move(innkeeper_result).error()); \
        *std::move(innkeeper_result);                                                       \
    })

// ---- HTTP ----

/// What is asked for.
class Request {
public:
    explicit Request(ik_request* request) : request_(request) {}

    /// In capitals.
    std::string method() const { return request_->method; }
    /// Without the query, as it was sent.
    std::string path() const { return request_->path; }
    /// The host and port that the visitor has asked for.
    std::string authority() const { return request_->authority; }
    /// Whether only the head of the response is wanted. The body is left out by itself.
    bool is_head() const { return request_->is_head; }
    /// A parameter of the route, decoded; the request ends where the route has none of this name.
    std::string param(const char* name) const { return ik_param(request_, name); }
    /// The first query parameter of this name, decoded.
    std::optional<std::string> query(const char* name) const;
    /// A header.
    std::optional<std::string> header(const char* name) const;
    /// Receives the body as bytes; fails with 413 above `max_size`. Once for a request.
    Result<std::string> body(std::size_t max_size) const;

private:
    friend struct Dispatcher;
    ik_request* request_;
};

/// Takes the pieces of a long body.
class Stream {
public:
    explicit Stream(ik_response* response) : response_(response) {}
    /// Sends a piece. Fails once the visitor has gone away.
    Result<> write(std::string_view data);

private:
    ik_response* response_;
};

/// What is answered.
struct Response {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    /// Writes the body piece by piece, after the request was committed and the head was sent.
    std::function<Result<>(Stream&)> stream;
    /// Whether the host answers, as `blobs::send` makes it.
    bool by_host = false;

    static Response of(int status, std::string_view content_type, std::string body);
    static Response html(const Html& page, int status = 200);
    static Response json(const Json& document, int status = 200);
    static Response text(std::string text, int status = 200);
    /// Sends the visitor to another page with GET (303).
    static Response redirect(std::string_view location);
    static Response streamed(std::string_view content_type, std::function<Result<>(Stream&)> stream);

    /// The same response with a header more.
    Response with(std::string_view name, std::string_view value) &&;
};

/// Defined by the app: answers a request. The visitor gets a plain page for an error.
Result<Response> handle(const Request& request);

/// An address. GET takes HEAD too. A part of the path that begins with `:` is a parameter.
struct Route {
    const char* method;
    const char* path;
    Result<Response> (*handler)(const Request&);
};

/// Calls the handler of the first route that fits; else fails with 404, or 405 and `allow`.
Result<Response> dispatch(std::span<const Route> routes, const Request& request);

/// The value of a key of the app's configuration.
std::optional<std::string> config(const char* key);
/// This moment.
Instant now();
/// As RFC 3339 writes it, to the microsecond: 2026-10-03T14:05:06.000123Z.
std::string rfc3339(Instant instant);
/// Fills memory with random bytes that nobody can guess.
void random_bytes(std::span<std::byte> bytes);

// ---- Rows ----

namespace db {

/// What `execute` and `query` do, inside a part of the request's work that can be undone by itself.
/// Every call while it is open belongs to it. Without `commit`, the destructor rolls it back.
class Transaction {
public:
    Transaction(Transaction&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction() { ik_transaction_end(&handle_); }

    /// Like `db::query`; fails with "closed" once the transaction has ended.
    template <class... Values>
    Result<Rows> query(std::string_view sql, const Values&... values);
    /// Like `db::execute`; fails with "closed" once the transaction has ended.
    template <class... Values>
    Result<std::uint32_t> execute(std::string_view sql, const Values&... values);
    /// Makes the changes part of the request's work.
    Result<> commit();
    /// Undoes everything since it began.
    Result<> rollback();

private:
    friend Result<Transaction> begin(const ik_transaction_options& options);
    Transaction() = default;
    Result<Rows> query_values(std::string_view sql, std::span<const Param> values);
    Result<std::uint32_t> execute_values(std::string_view sql, std::span<const Param> values);
    ik_transaction handle_{};
};

/// Rows of a query, piece by piece, in bounded memory.
class Cursor {
public:
    Cursor(Cursor&& other) noexcept : cursor_(std::exchange(other.cursor_, {})) {}
    Cursor& operator=(Cursor&&) = delete;
    ~Cursor() { ik_cursor_close(&cursor_); }

    /// At most `max_rows` further rows; none at the end. They are valid until the next call.
    Result<Rows> next(std::uint32_t max_rows);

private:
    friend Result<Cursor> open_cursor_values(std::string_view sql, std::span<const Param> values);
    Cursor() = default;
    ik_cursor cursor_{};
};

/// A statement with its values, for `batch`.
struct Statement {
    std::string_view sql;
    std::vector<Param> values;
};

/// What a statement of a batch did.
struct Outcome {
    std::uint32_t affected;
    Rows rows;
};

/// What the templates below call.
Result<Rows> query_values(std::string_view sql, std::span<const Param> values);
Result<std::uint32_t> execute_values(std::string_view sql, std::span<const Param> values);
Result<Cursor> open_cursor_values(std::string_view sql, std::span<const Param> values);

/// Runs a statement, with a value for each of its parameters `$1` to `$n`, and returns all its
/// rows.
template <class... Values>
Result<Rows> query(std::string_view sql, const Values&... values) {
    return query_values(sql, std::vector<Param>{Param(values)...});
}

/// The first row of a query, if there is one.
template <class... Values>
Result<std::optional<Row>> query_one(std::string_view sql, const Values&... values) {
    return query(sql, values...).transform([](const Rows& rows) { return rows.first(); });
}

/// Runs a statement and returns the number of rows that it inserted, updated or deleted.
template <class... Values>
Result<std::uint32_t> execute(std::string_view sql, const Values&... values) {
    return execute_values(sql, std::vector<Param>{Param(values)...});
}

/// Runs a query whose rows are read piece by piece.
template <class... Values>
Result<Cursor> open_cursor(std::string_view sql, const Values&... values) {
    return open_cursor_values(sql, std::vector<Param>{Param(values)...});
}

template <class... Values>
Result<Rows> Transaction::query(std::string_view sql, const Values&... values) {
    return query_values(sql, std::vector<Param>{Param(values)...});
}

template <class... Values>
Result<std::uint32_t> Transaction::execute(std::string_view sql, const Values&... values) {
    return execute_values(sql, std::vector<Param>{Param(values)...});
}

/// Begins a transaction, for example `begin({.read_only = true})`.
Result<Transaction> begin(const ik_transaction_options& options = {});
/// Runs up to 1,000 statements, all or none.
Result<std::vector<Outcome>> batch(std::span<const Statement> statements);
/// Keeps everything that this request has written so far.
Result<> commit();
/// Undoes everything that this request has written since it began, or since `commit`.
Result<> rollback();

/// A row of another table, to which a column refers.
struct Reference {
    const char* table = nullptr;
    const char* column = nullptr;
    ik_on_delete on_delete = IK_RESTRICT;
};

/// What a new row gets in a column that the statement does not name.
struct Default {
    ik_default kind = IK_NO_DEFAULT;
    Param constant = nullptr;

    static Default now() { return {IK_NOW}; }
    static Default random_uuid() { return {IK_RANDOM_UUID}; }
    static Default value(Param constant) { return {IK_CONSTANT, constant}; }
};

/// A column. It takes no NULL unless it is nullable.
struct Column {
    const char* name;
    ik_column_type type;
    bool nullable = false;
    /// The database gives each new row the next number. Only for the primary key.
    bool identity = false;
    /// Characters of a text; 0: no limit.
    std::uint32_t max_length = 0;
    Default initial = {};
    Reference references = {};
};

/// A table. Where several columns are named, commas stand between them.
struct Table {
    const char* name;
    std::vector<Column> columns;
    const char* primary_key;
    std::vector<ik_index> indexes = {};
    std::vector<ik_check> checks = {};
};

/// Creates a table, or adds what it lacks. Costs nothing once that has been done: call it at the
/// start of each request, before anything is written.
Result<> define_table(const Table& table);

/// A step in the history of the app's tables.
struct Migration {
    const char* name;
    std::vector<const char*> statements;
    /// Statements to run instead where the database is SQLite.
    std::optional<std::vector<const char*>> sqlite_statements = {};
    /// What the statements may destroy, for example "entries" or "entries.note".
    std::vector<const char*> destroys = {};
};

/// Runs the migrations that this app has not run yet. Costs nothing once that has been done.
Result<> migrate(std::span<const Migration> migrations);

}  // namespace db

// ---- Files ----

/// What is known about a blob.
struct Blob {
    std::string id;
    std::uint64_t size;
    std::string sha256;
    std::string content_type;
    /// The sender's file name.
    std::optional<std::string> name;
    Instant created;
    bool kept;
};

/// A received form, in the order of the request.
struct Form {
    struct Field {
        std::string name;
        std::string value;
    };
    struct File {
        std::string field;
        Blob blob;
    };
    std::vector<Field> fields;
    std::vector<File> files;
    /// Whether the hidden field `csrf` was not the one of this form.
    bool is_foreign = false;

    /// The value of the first field of this name; empty where there is none.
    std::string_view operator[](std::string_view name) const;
    /// The first file of this field; null where there is none.
    const File* file(std::string_view field) const;

    /// Receives the form in the body of the request, and checks its hidden field `csrf` against the
    /// name of the form. Fails with 403 (code "csrf"), 413, 415, 400 or 507.
    static Result<Form> receive(const char* csrf_form, const ik_form_limits& limits = {});
    /// The same, but a form without its token is returned too, with `is_foreign`.
    static Result<Form> receive_any(const char* csrf_form, const ik_form_limits& limits = {});
};

namespace blobs {

/// Takes the bytes of a blob that the app makes. Destroyed before `finish`, nothing is left.
class Writer {
public:
    Writer(Writer&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Writer& operator=(Writer&&) = delete;
    ~Writer();
    /// Appends bytes.
    Result<> write(std::span<const std::byte> data);
    Result<> write(std::string_view data) { return write(std::as_bytes(std::span(data))); }
    /// Stages the blob.
    Result<Blob> finish();

private:
    friend Result<Writer> create(std::optional<std::string> name, std::string content_type);
    Writer() = default;
    ik_blob_writer handle_{};
};

/// Reads a blob.
class Reader {
public:
    Reader(Reader&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Reader& operator=(Reader&&) = delete;
    ~Reader() { ik_blob_close(&handle_); }
    /// What is being read.
    Blob blob() const;
    /// Reads at most as much as there is room, and returns how much; 0 at the end.
    Result<std::size_t> read(std::span<std::byte> room);

private:
    friend Result<Reader> open(std::string id, std::uint64_t first, std::uint64_t last);
    Reader() = default;
    ik_blob_reader handle_{};
};

/// Begins a blob of bytes that the app makes.
Result<Writer> create(std::optional<std::string> name, std::string content_type);
/// Opens a blob from the byte `first` to the byte `last`.
Result<Reader> open(std::string id, std::uint64_t first = 0, std::uint64_t last = UINT64_MAX);
/// Receives the whole body of the request as one staged blob.
Result<Blob> receive_body(std::optional<std::string> name = {}, const ik_form_limits& limits = {});
/// Makes a staged blob stay.
Result<> keep(const std::string& id);
/// Deletes a blob.
Result<> remove(const std::string& id);
/// What is known about a blob. Fails with 404 where there is none.
Result<Blob> stat(const std::string& id);
/// Kept blobs behind the id `after`, at most `limit`.
Result<std::vector<Blob>> list(std::optional<std::string> after, std::uint32_t limit);
/// The response with which the host sends a blob.
Result<Response> send(const std::string& id, const ik_send_options& options = {});
/// A path from which whoever holds it can fetch a blob for a while.
Result<std::string> sign_download(const std::string& id, std::chrono::seconds time, const ik_send_options& options = {});

/// A path to which one blob can be uploaded without the app, and the id that the blob will have.
struct Ticket {
    std::string id;
    std::string path;
};
/// A ticket for one blob, good for a while.
Result<Ticket> sign_upload(std::chrono::seconds time, const ik_form_limits& limits = {});

}  // namespace blobs

// ---- Session ----

namespace session {

/// The value under a key, if there is one.
Result<std::optional<std::string>> get(std::string_view key);
/// Puts a value under a key, over an older one.
Result<> set(std::string_view key, std::string_view value);
/// Takes a key away, if it is there.
Result<> remove(std::string_view key);
/// All keys, sorted.
Result<std::vector<std::string>> keys();
/// Adds to the number under `key`, and returns the sum.
Result<std::int64_t> increment(std::string_view key, std::int64_t by = 1);
/// Puts `value` only if the value there is `expected` (none: only if there is none).
Result<bool> compare_and_set(std::string_view key, std::optional<std::string_view> expected, std::string_view value);
/// Leaves a message for the visitor, to be shown once.
Result<> flash(std::string_view message);
/// Takes the messages left for the visitor, oldest first.
Result<std::vector<std::string>> take_flash();
/// Who is signed in.
Result<std::optional<std::string>> user();
/// Gives the session a new id and notes who is signed in.
Result<> renew(std::optional<std::string_view> user);
/// How long the session lives after its last use, and from now.
Result<> set_expiry(std::optional<std::chrono::seconds> idle, std::optional<std::chrono::seconds> absolute);
/// Ends the session and everything in it.
Result<> destroy();
/// Ends every session of a user, and returns how many.
Result<std::uint32_t> destroy_all(std::string_view user);
/// A token for a hidden field of the form of this name. Begins a session.
Result<std::string> csrf_token(std::string_view form);
/// Whether a token is the one of this visitor for the form of this name.
Result<bool> csrf_check(std::string_view form, std::string_view token);
/// The hidden field `csrf` for the form of this name. Begins a session.
Result<Html> csrf_field(std::string_view form);

}  // namespace session
}  // namespace innkeeper
