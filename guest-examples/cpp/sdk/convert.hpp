// Between the strings of the bindings and those of C++. For the SDK alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "c/foreign.h"
#include "innkeeper.hpp"

namespace innkeeper {

/// The functions of the bindings take pointers to what they only read.
inline web_app_string_t host_string(std::string_view text) {
    return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())), text.size()};
}

/// A string that may be absent, in the form in which the bindings take it: as a pointer.
class HostOption {
public:
    explicit HostOption(std::optional<std::string_view> text)
        : is_some_(text), string_(host_string(text.value_or(std::string_view()))) {}
    web_app_string_t* get() { return is_some_ ? &string_ : nullptr; }

private:
    bool is_some_;
    web_app_string_t string_;
};

inline std::string text_of_host(web_app_string_t string) {
    return string.len ? std::string(reinterpret_cast<const char*>(string.ptr), string.len) : std::string();
}

inline std::optional<std::string> text_of_host(web_app_option_string_t option) {
    return option.is_some ? std::optional(text_of_host(option.val)) : std::nullopt;
}

inline std::vector<std::string> texts_of_host(web_app_list_string_t list) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < list.len; i++) texts.push_back(text_of_host(list.ptr[i]));
    return texts;
}

/// The last error of the C SDK.
std::unexpected<Error> last_error();

/// What a call of the C SDK has succeeded in.
inline Result<> done_or_error(bool done) {
    if (!done) return last_error();
    return {};
}

}  // namespace innkeeper
