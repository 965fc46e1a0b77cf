#include "convert.hpp"

namespace innkeeper {

std::unexpected<Error> last_error() {
    const ik_error& error = *ik_last_error();
    auto text = [](const char* text) { return std::string(text ? text : ""); };
    return std::unexpected(Error{
        .interface = error.interface,
        .code = error.code,
        .message = error.message,
        .constraint = text(error.constraint),
        .field = text(error.field),
        .sqlstate = error.sqlstate,
        .retryable = error.retryable,
        .status = error.status,
    });
}

namespace {

/// Makes an error the last one of the C SDK, for which it lives long enough.
void note(const Error& error) {
    static Error noted;
    noted = error;
    ik_error last{
        .interface = noted.interface.c_str(),
        .code = noted.code.c_str(),
        .message = noted.message.c_str(),
        .constraint = noted.constraint.empty() ? nullptr : noted.constraint.c_str(),
        .field = noted.field.empty() ? nullptr : noted.field.c_str(),
        .sqlstate = noted.sqlstate.c_str(),
        .retryable = noted.retryable,
        .status = noted.status,
    };
    ik_note_error(&last);
}

std::optional<std::string> text_of(const char* text) {
    return text ? std::optional<std::string>(text) : std::nullopt;
}

/// The C SDK sends headers after the response of C++ is gone.
const char* kept(const std::string& text) { return ik_copy(text.data(), text.size()); }

bool send(const Response& answer, ik_response* response) {
    for (const auto& [name, value] : answer.headers) ik_set_header(response, kept(name), kept(value));
    response->status = answer.status;
    if (!answer.stream) {
        ik_put(&response->body, answer.body.data(), answer.body.size());
        return true;
    }
    if (!ik_stream_begin(response)) return false;
    Stream stream(response);
    Result<> written = answer.stream(stream);
    if (!written) note(written.error());
    return written.has_value();
}

}  // namespace

void Error::log() const {
    note(*this);
    ik_log_error();
}

std::unexpected<Error> fail(int status, std::string message) {
    return std::unexpected(Error{.interface = "http",
                                 .code = "other",
                                 .message = std::move(message),
                                 .retryable = status == 503,
                                 .status = status});
}

std::optional<std::string> Request::query(const char* name) const { return text_of(ik_query_param(request_, name)); }

std::optional<std::string> Request::header(const char* name) const {
    return text_of(ik_request_header(request_, name));
}

Result<std::string> Request::body(std::size_t max_size) const {
    ik_buffer body;
    if (!ik_request_body(request_, max_size, &body)) return last_error();
    return std::string(body.data, body.size);
}

Result<> Stream::write(std::string_view data) {
    return done_or_error(ik_stream_write(response_, data.data(), data.size()));
}

Response Response::of(int status, std::string_view content_type, std::string body) {
    Response response{.status = status, .body = std::move(body)};
    response.headers.emplace_back("content-type", content_type);
    return response;
}

Response Response::html(const Html& page, int status) {
    return of(status, "text/html; charset=utf-8", page.markup());
}

Response Response::json(const Json& document, int status) { return of(status, "application/json", document.text()); }

Response Response::text(std::string text, int status) {
    return of(status, "text/plain; charset=utf-8", std::move(text));
}

Response Response::redirect(std::string_view location) {
    return Response{.status = 303}.with("location", location).with("cache-control", "no-store");
}

Response Response::streamed(std::string_view content_type, std::function<Result<>(Stream&)> stream) {
    Response response = of(200, content_type, "");
    response.stream = std::move(stream);
    return response;
}

Response Response::with(std::string_view name, std::string_view value) && {
    headers.emplace_back(name, value);
    return std::move(*this);
}

/// Lets the C SDK find the route, and comes back for the handler.
struct Dispatcher {
    std::span<const Route> routes;
    std::vector<ik_route> c_routes;
    std::optional<Result<Response>> answer;

    static inline Dispatcher* current = nullptr;

    static bool call(ik_request* request, ik_response*) {
        auto number = static_cast<std::size_t>(request->route - current->c_routes.data());
        current->answer = current->routes[number].handler(Request(request));
        return true;
    }

    Result<Response> run(const Request& request, ik_response* response) {
        for (const Route& route : routes) c_routes.push_back({route.method, route.path, call});
        current = this;
        if (!ik_dispatch_routes(c_routes.data(), c_routes.size(), request.request_, response)) return last_error();
        return std::move(*answer);
    }
};

namespace {

ik_response* current_response = nullptr;

}  // namespace

Result<Response> dispatch(std::span<const Route> routes, const Request& request) {
    Dispatcher dispatcher{.routes = routes};
    return dispatcher.run(request, current_response);
}

std::optional<std::string> config(const char* key) { return text_of(ik_config(key)); }

Instant now() { return Instant(std::chrono::microseconds(ik_now())); }

std::string rfc3339(Instant instant) { return ik_rfc3339(instant.time_since_epoch().count()); }

void random_bytes(std::span<std::byte> bytes) { ik_random(bytes.data(), bytes.size()); }

}  // namespace innkeeper

/// What the C SDK calls for each request.
bool ik_handle(ik_request* request, ik_response* response) {
    innkeeper::current_response = response;
    auto answer = innkeeper::handle(innkeeper::Request(request));
    if (!answer) {
        innkeeper::note(answer.error());
        return false;
    }
    response->is_sent = answer->by_host;
    return answer->by_host || innkeeper::send(*answer, response);
}
