// An app that tests the SDK against a real host. Each address is a test; `check` requests them all.
#include <cstring>
#include <limits>

#include "sdk/innkeeper.hpp"

using namespace innkeeper;
using std::chrono::microseconds;

namespace {

constexpr auto smallest = std::numeric_limits<std::int64_t>::min();

Result<> expect(bool condition, int line) {
    if (condition) return {};
    return fail(418, "line " + std::to_string(line) + ": not so (last error: " + ik_last_error()->message + ")");
}
#define EXPECT(...) IK_TRY(expect((__VA_ARGS__), __LINE__))

Response good() { return Response::text("good"); }

Result<> define_tables() {
    return db::define_table({
        .name = "every_type",
        .columns = {{.name = "id", .type = IK_INTEGER, .identity = true},
                    {.name = "a", .type = IK_BOOLEAN, .nullable = true},
                    {.name = "b", .type = IK_INTEGER, .nullable = true},
                    {.name = "c", .type = IK_FLOAT, .nullable = true},
                    {.name = "d", .type = IK_DECIMAL, .nullable = true},
                    {.name = "e", .type = IK_TEXT, .nullable = true, .max_length = 5},
                    {.name = "f", .type = IK_BYTES, .nullable = true},
                    {.name = "g", .type = IK_UUID, .nullable = true},
                    {.name = "h", .type = IK_DATE, .nullable = true},
                    {.name = "i", .type = IK_TIME, .nullable = true},
                    {.name = "j", .type = IK_DATETIME, .nullable = true},
                    {.name = "k", .type = IK_INSTANT, .nullable = true},
                    {.name = "l", .type = IK_JSON, .nullable = true},
                    {.name = "made", .type = IK_INSTANT, .initial = db::Default::now()},
                    {.name = "key", .type = IK_UUID, .initial = db::Default::random_uuid()},
                    {.name = "kind", .type = IK_TEXT, .initial = db::Default::value("new")},
                    {.name = "parent",
                     .type = IK_INTEGER,
                     .nullable = true,
                     .references = {"every_type", "id", IK_CASCADE}}},
        .primary_key = "id",
        .indexes = {{.columns = "b, e", .unique = true}, {.columns = "h"}},
        .checks = {{"b_is_not_seven", "b <> 7"}},
    });
}

Result<Response> values(const Request&) {
    Bytes bytes{std::byte{0}, std::byte{255}};
    Date day(std::chrono::year(2024), std::chrono::February, std::chrono::day(29));
    microseconds since_midnight(((23 * 60 + 59) * 60 + 58) * INT64_C(1000000) + 123456);
    TimeOfDay clock(since_midnight);
    DateTime calendar = std::chrono::local_days(day) + since_midnight;
    Instant instant{microseconds(1791036306000123)};
    auto affected = IK_TRY(db::execute("insert into every_type (a, b, c, d, e, f, g, h, i, j, k, l)"
                                       " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                                       true, smallest, 0.1, Decimal{"12345678901234567890.10"}, "é🌍", bytes,
                                       Uuid{"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}, day, clock, calendar, instant,
                                       JsonText{"{\"a\": [1, null]}"}));
    EXPECT(affected == 1);
    Row row = *IK_TRY(db::query_one("select * from every_type where b = $1", smallest));
    EXPECT(row["a"].boolean() && row["b"].integer() == smallest && row["c"].real() == 0.1);
    EXPECT(row["d"].decimal() == Decimal{"12345678901234567890.10"} && row["e"].text() == "é🌍");
    EXPECT(row["f"].bytes() == bytes && row["g"].uuid() == Uuid{"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"});
    EXPECT(row["h"].date() == day && row["i"].time().to_duration() == since_midnight);
    EXPECT(row["j"].datetime() == calendar && row["k"].instant() == instant);
    EXPECT(row["l"].json() == JsonText{"{\"a\": [1, null]}"} && row["key"].uuid().text.size() == 36);
    EXPECT(std::chrono::abs(row["made"].instant() - now()) < std::chrono::minutes(1));
    EXPECT(row["kind"].text() == "new" && !row["parent"].as<std::optional<std::int64_t>>());
    return good();
}

Result<Response> nulls(const Request&) {
    IK_TRY(db::execute("insert into every_type (b, d, e, f) values ($1, $2, $3, $4)", nullptr, std::optional<Decimal>(),
                       std::optional<std::string>(), std::nullopt));
    Row row = *IK_TRY(db::query_one("select b, d, e, f from every_type where b is null"));
    EXPECT(row["b"].is_null() && !row["d"].as<std::optional<Decimal>>() && !row["e"].as<std::optional<std::string>>());
    EXPECT(!row["f"].as<std::optional<Bytes>>() && !IK_TRY(db::query_one("select b from every_type where b = 99")));
    IK_TRY(db::execute("insert into every_type (e, f) values ($1, $2)", std::string_view(), Bytes()));
    Rows rows = IK_TRY(db::query("select e, f from every_type where e = $1", ""));
    EXPECT(rows.size() == 1 && rows[0]["e"].text().empty() && rows[0]["f"].bytes().empty());
    EXPECT(rows.columns() == std::vector<std::string>{"e", "f"});
    return good();
}

template <class T>
bool fails(const Result<T>& result, std::string_view code) {
    return !result && result.error().code == code;
}

Result<Response> errors(const Request&) {
    IK_TRY(db::execute("insert into every_type (b, e) values (1, 'x')"));
    auto twice = db::execute("insert into every_type (b, e) values (1, 'x')");
    EXPECT(fails(twice, "unique-violation") && !twice.error().retryable && twice.error().status == 500);
    auto seven = db::execute("insert into every_type (b) values (7)");
    EXPECT(fails(seven, "check-violation") && seven.error().constraint == "b_is_not_seven");
    EXPECT(seven.error().interface == "db");
    EXPECT(fails(db::execute("insert into every_type (parent) values (99999)"), "foreign-key-violation"));
    EXPECT(fails(db::execute("select from from"), "syntax"));
    auto kept = blobs::keep("00000000000000000000000000000000");
    EXPECT(fails(kept, "not-found") && kept.error().status == 404);
    EXPECT(fails(session::set("", "x"), "bad-parameter"));
    return good();
}

Result<std::int64_t> count() {
    return db::query_one("select count(*) as n from every_type").transform([](const std::optional<Row>& row) {
        return (*row)["n"].integer();
    });
}

Result<> undone() {
    auto transaction = IK_TRY(db::begin());
    IK_TRY(db::execute("insert into every_type (b) values (50)"));
    return {};
}

Result<Response> transactions(const Request&) {
    auto first = IK_TRY(db::begin({.isolation = IK_SERIALIZABLE, .timeout_ms = 4000}));
    IK_TRY(db::execute("insert into every_type (b) values (49)"));
    IK_TRY(first.rollback());
    IK_TRY(db::rollback());
    auto before = IK_TRY(count());
    IK_TRY(undone());
    EXPECT(IK_TRY(count()) == before);

    auto outer = IK_TRY(db::begin());
    IK_TRY(outer.execute("insert into every_type (b) values ($1)", 51));
    auto inner = IK_TRY(db::begin());
    IK_TRY(db::execute("insert into every_type (b) values (52)"));
    IK_TRY(inner.rollback());
    IK_TRY(outer.commit());
    EXPECT(IK_TRY(count()) == before + 1);

    auto reader = IK_TRY(db::begin({.read_only = true}));
    EXPECT(IK_TRY(reader.query("select b from every_type where b = $1", 51)).size() == 1);
    EXPECT(fails(reader.execute("delete from every_type"), "read-only"));
    IK_TRY(reader.rollback());
    IK_TRY(db::commit());
    EXPECT(IK_TRY(db::execute("delete from every_type")) > 0);
    IK_TRY(db::rollback());
    EXPECT(IK_TRY(count()) == before + 1);
    return good();
}

Result<Response> cursors(const Request&) {
    std::vector<db::Statement> statements;
    for (int i = 0; i < 500; i++) {
        statements.push_back({"insert into every_type (b) values ($1) returning b", {1000 + i}});
    }
    auto outcomes = IK_TRY(db::batch(statements));
    EXPECT(outcomes[499].affected == 1 && outcomes[499].rows[0]["b"].integer() == 1499);
    auto cursor = IK_TRY(db::open_cursor("select b from every_type where b >= $1 order by b", 1000));
    std::int64_t next = 1000;
    while (true) {
        Rows rows = IK_TRY(cursor.next(70));
        if (rows.empty()) break;
        for (Row row : rows) EXPECT(row["b"].integer() == next++);
    }
    EXPECT(next == 1500);
    return good();
}

Result<std::size_t> size_by_reading(const std::string& id, std::span<std::byte> room) {
    auto reader = IK_TRY(blobs::open(id));
    std::size_t total = 0;
    while (auto size = IK_TRY(reader.read(room))) total += size;
    return total;
}

Result<Response> blobs_test(const Request&) {
    std::vector<std::byte> piece(1024 * 1024);
    auto writer = IK_TRY(blobs::create("letters.bin", "application/x-letters"));
    for (int i = 0; i < 4; i++) {
        std::memset(piece.data(), 'a' + i, piece.size());
        IK_TRY(writer.write(piece));
    }
    Blob blob = IK_TRY(writer.finish());
    EXPECT(blob.size == 4 * piece.size() && !blob.kept && blob.sha256.size() == 64);
    EXPECT(blob.name == "letters.bin" && blob.content_type == "application/x-letters");
    // Together more than the memory that an instance may have: pieces that are read are given back.
    for (int i = 0; i < 20; i++) EXPECT(IK_TRY(size_by_reading(blob.id, piece)) == blob.size);
    auto part = IK_TRY(blobs::open(blob.id, 1048575, 1048576));
    EXPECT(part.blob().id == blob.id);
    EXPECT(IK_TRY(part.read(std::span(piece).first(1))) == 1 && piece[0] == std::byte{'a'});
    EXPECT(IK_TRY(part.read(piece)) == 1 && piece[0] == std::byte{'b'});
    IK_TRY(blobs::keep(blob.id));
    Blob found = IK_TRY(blobs::stat(blob.id));
    EXPECT(found.kept && found.sha256 == blob.sha256);
    auto list = IK_TRY(blobs::list({}, 1000));
    EXPECT(list.size() == 1 && list[0].id == blob.id);
    EXPECT(IK_TRY(blobs::sign_download(blob.id, std::chrono::minutes(1), {.download = true})).starts_with('/'));
    auto ticket = IK_TRY(blobs::sign_upload(std::chrono::minutes(1), {.max_file = 1000, .accept = "image/png, image/gif"}));
    EXPECT(ticket.id.size() == 32 && ticket.path.starts_with('/'));
    IK_TRY(blobs::remove(blob.id));
    return good();
}

Result<Response> sessions(const Request&) {
    EXPECT(!IK_TRY(session::get("a")));
    IK_TRY(session::set("a", ""));
    EXPECT(IK_TRY(session::get("a")) == "");
    EXPECT(IK_TRY(session::increment("n", 5)) == 5 && IK_TRY(session::increment("n", -7)) == -2);
    EXPECT(IK_TRY(session::compare_and_set("b", {}, "1")) && !IK_TRY(session::compare_and_set("b", "0", "2")));
    EXPECT(IK_TRY(session::keys()) == std::vector<std::string>{"a", "b", "n"});
    IK_TRY(session::remove("a"));
    EXPECT(!IK_TRY(session::get("a")));
    IK_TRY(session::flash("one"));
    IK_TRY(session::flash("two"));
    EXPECT(IK_TRY(session::take_flash()) == std::vector<std::string>{"one", "two"});
    EXPECT(IK_TRY(session::take_flash()).empty() && !IK_TRY(session::user()));
    IK_TRY(session::renew("ada"));
    EXPECT(IK_TRY(session::user()) == "ada");
    auto token = IK_TRY(session::csrf_token("f"));
    EXPECT(IK_TRY(session::csrf_check("f", token)) && !IK_TRY(session::csrf_check("g", token)));
    IK_TRY(session::set_expiry(std::chrono::minutes(1), {}));
    IK_TRY(session::destroy_all("ada"));
    IK_TRY(session::destroy());
    return good();
}

Result<Response> migrations(const Request&) {
    std::vector<db::Migration> steps = {
        {.name = "0001", .statements = {"create table old (n bigint)", "insert into old values (1)"}},
        {.name = "0002", .statements = {"drop table old"}, .destroys = {"old"}},
    };
    IK_TRY(db::migrate(steps));
    IK_TRY(db::migrate(steps));
    EXPECT(fails(db::execute("delete from old"), "syntax"));
    return good();
}

/// Answers with the body, the query and a header, changed, so that nothing of it can be by chance.
Result<Response> echo(const Request& request) {
    std::string body = IK_TRY(request.body(100000));
    std::string text = request.method() + " " + request.query("a").value_or("no a") + " " +
                       request.query("b").value_or("no b") + " " + request.header("x-echo").value_or("no header") + " " +
                       std::to_string(body.size()) + " " + body;
    return Response::text(text, 201).with("x-one", "1").with("X-One", "2");
}

Result<Response> stream(const Request&) {
    return Response::streamed("text/plain", [](Stream& body) -> Result<> {
        std::string piece(1'000'000, 'x');
        for (int i = 0; i < 100; i++) IK_TRY(body.write(piece));
        return {};
    });
}

Result<Response> cut_stream(const Request&) {
    return Response::streamed("text/plain", [](Stream& body) -> Result<> {
        IK_TRY(body.write("part"));
        return fail(500, "the rest is missing");
    });
}

Result<Response> mistake(const Request&) {
    IK_TRY(db::execute("insert into every_type (b) values (4242)"));
    return Response::text(IK_TRY(db::query("select 1 as n"))[0]["m"].text());
}

Result<Response> overflow(const Request& request) {
    volatile char room[4096];
    room[0] = request.method()[0];
    if (request.is_head()) return good();
    auto answer = overflow(request);
    room[1] = room[0];
    return answer;
}

Result<Response> kept(const Request&) {
    auto row = IK_TRY(db::query_one("select count(*) as n from every_type where b = $1", 4242));
    EXPECT((*row)["n"].integer() == 0);
    return good();
}

constexpr Route routes[] = {
    {"GET", "/values", values},
    {"GET", "/nulls", nulls},
    {"GET", "/errors", errors},
    {"GET", "/transactions", transactions},
    {"GET", "/cursors", cursors},
    {"GET", "/blobs", blobs_test},
    {"GET", "/sessions", sessions},
    {"GET", "/migrations", migrations},
    {"POST", "/echo", echo},
    {"GET", "/stream", stream},
    {"GET", "/cut-stream", cut_stream},
    {"GET", "/panic", mistake},
    {"GET", "/overflow", overflow},
    {"GET", "/kept", kept},
};

}  // namespace

Result<Response> innkeeper::handle(const Request& request) {
    return define_tables().and_then([&] { return dispatch(routes, request); });
}
