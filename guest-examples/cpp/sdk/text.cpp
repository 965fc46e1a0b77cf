#include "text.hpp"

#include <cstdlib>

#include "c/innkeeper.h"

namespace innkeeper {

namespace {

/// The text of a buffer of the C SDK, whose memory is freed: a page may have many.
std::string taken(const ik_buffer& buffer) {
    std::string text = buffer.data ? std::string(buffer.data, buffer.size) : std::string();
    std::free(buffer.data);
    return text;
}

}  // namespace

HtmlArgument::HtmlArgument(std::string_view text) {
    ik_buffer escaped{};
    ik_put_html(&escaped, text.data(), text.size());
    text_ = taken(escaped);
}

Html html_of(std::string_view format, std::initializer_list<HtmlArgument> arguments) {
    std::string markup;
    std::size_t from = 0;
    for (const HtmlArgument& argument : arguments) {
        std::size_t hole = format.find("{}", from);
        markup += format.substr(from, hole - from);
        markup += argument.markup();
        from = hole + 2;
    }
    markup += format.substr(from);
    return Html::raw(std::move(markup));
}

Json::Json(std::string_view text) {
    ik_buffer quoted{};
    ik_put_json(&quoted, text.data(), text.size());
    text_ = taken(quoted);
}

std::string Json::number_text(double number) {
    // 17 digits keep every bit. JSON has neither infinity nor NaN.
    bool is_finite = number - number == 0;
    return is_finite ? std::string(ik_format("%.17g", number)) : "null";
}

Json Json::raw(std::string text) {
    Json json(nullptr);
    json.text_ = std::move(text);
    return json;
}

Json Json::object(std::initializer_list<std::pair<std::string_view, Json>> members) {
    std::string text = "{";
    for (const auto& [name, value] : members) {
        if (text.size() > 1) text += ',';
        text += Json(name).text() + ':' + value.text();
    }
    return raw(text + '}');
}

Json Json::array(const std::vector<Json>& elements) {
    std::string text = "[";
    for (const Json& element : elements) {
        if (text.size() > 1) text += ',';
        text += element.text();
    }
    return raw(text + ']');
}

}  // namespace innkeeper
