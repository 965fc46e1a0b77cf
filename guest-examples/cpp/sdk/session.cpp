#include "convert.hpp"

namespace innkeeper::session {

namespace {

using HostError = innkeeper_storage_session_session_error_t;

std::unexpected<Error> failed(const HostError& error) {
    ik_fail_session(&error);
    return last_error();
}

Result<> done_or(bool done, const HostError& error) {
    if (!done) return failed(error);
    return {};
}

}  // namespace

Result<std::optional<std::string>> get(std::string_view key) {
    web_app_string_t name = host_string(key);
    web_app_option_string_t value;
    HostError error;
    if (!innkeeper_storage_session_get(&name, &value, &error)) return failed(error);
    return text_of_host(value);
}

Result<> set(std::string_view key, std::string_view value) {
    web_app_string_t name = host_string(key), text = host_string(value);
    HostError error;
    return done_or(innkeeper_storage_session_set(&name, &text, &error), error);
}

Result<> remove(std::string_view key) {
    web_app_string_t name = host_string(key);
    HostError error;
    return done_or(innkeeper_storage_session_remove(&name, &error), error);
}

Result<std::vector<std::string>> keys() {
    web_app_list_string_t list;
    HostError error;
    if (!innkeeper_storage_session_get_keys(&list, &error)) return failed(error);
    return texts_of_host(list);
}

Result<std::int64_t> increment(std::string_view key, std::int64_t by) {
    web_app_string_t name = host_string(key);
    std::int64_t sum;
    HostError error;
    if (!innkeeper_storage_session_increment(&name, by, &sum, &error)) return failed(error);
    return sum;
}

Result<bool> compare_and_set(std::string_view key, std::optional<std::string_view> expected, std::string_view value) {
    web_app_string_t name = host_string(key), text = host_string(value);
    HostOption before(expected);
    bool done;
    HostError error;
    if (!innkeeper_storage_session_compare_and_set(&name, before.get(), &text, &done, &error)) return failed(error);
    return done;
}

Result<> flash(std::string_view message) {
    web_app_string_t text = host_string(message);
    HostError error;
    return done_or(innkeeper_storage_session_flash(&text, &error), error);
}

Result<std::vector<std::string>> take_flash() {
    web_app_list_string_t list;
    HostError error;
    if (!innkeeper_storage_session_take_flash(&list, &error)) return failed(error);
    return texts_of_host(list);
}

Result<std::optional<std::string>> user() {
    web_app_option_string_t name;
    HostError error;
    if (!innkeeper_storage_session_get_user(&name, &error)) return failed(error);
    return text_of_host(name);
}

Result<> renew(std::optional<std::string_view> user) {
    HostOption name(user);
    HostError error;
    return done_or(innkeeper_storage_session_renew(name.get(), &error), error);
}

Result<> set_expiry(std::optional<std::chrono::seconds> idle, std::optional<std::chrono::seconds> absolute) {
    auto idle_seconds = static_cast<std::uint32_t>(idle.value_or(std::chrono::seconds(0)).count());
    auto absolute_seconds = static_cast<std::uint32_t>(absolute.value_or(std::chrono::seconds(0)).count());
    HostError error;
    return done_or(innkeeper_storage_session_set_expiry(idle ? &idle_seconds : nullptr,
                                                        absolute ? &absolute_seconds : nullptr, &error),
                   error);
}

Result<> destroy() {
    HostError error;
    return done_or(innkeeper_storage_session_destroy(&error), error);
}

Result<std::uint32_t> destroy_all(std::string_view user) {
    web_app_string_t name = host_string(user);
    std::uint32_t count;
    HostError error;
    if (!innkeeper_storage_session_destroy_all(&name, &count, &error)) return failed(error);
    return count;
}

Result<std::string> csrf_token(std::string_view form) {
    web_app_string_t name = host_string(form), token;
    HostError error;
    if (!innkeeper_storage_session_csrf_token(&name, &token, &error)) return failed(error);
    return text_of_host(token);
}

Result<bool> csrf_check(std::string_view form, std::string_view token) {
    web_app_string_t name = host_string(form), text = host_string(token);
    bool good;
    HostError error;
    if (!innkeeper_storage_session_csrf_check(&name, &text, &good, &error)) return failed(error);
    return good;
}

Result<Html> csrf_field(std::string_view form) {
    return csrf_token(form).transform(
        [](const std::string& token) { return html(R"(<input type="hidden" name="csrf" value="{}">)", token); });
}

}  // namespace innkeeper::session
