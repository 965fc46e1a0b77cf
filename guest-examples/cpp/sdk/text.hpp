// Pages and JSON documents, written so that nothing that a visitor wrote becomes markup.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace innkeeper {

/// Markup. Texts become markup only through `html`, which escapes them, or `Html::raw`.
class Html {
public:
    Html() = default;
    /// A text that is markup already.
    static Html raw(std::string markup) { return Html(std::move(markup)); }
    const std::string& markup() const { return markup_; }
    Html& operator+=(const Html& other) {
        markup_ += other.markup_;
        return *this;
    }

private:
    explicit Html(std::string markup) : markup_(std::move(markup)) {}
    std::string markup_;
};

/// A piece of a page: a number, a text that is to be escaped, or markup.
class HtmlArgument {
public:
    HtmlArgument(const Html& html) : text_(html.markup()) {}
    HtmlArgument(std::string_view text);
    HtmlArgument(const std::string& text) : HtmlArgument(std::string_view(text)) {}
    HtmlArgument(const char* text) : HtmlArgument(std::string_view(text)) {}
    HtmlArgument(std::integral auto number) : text_(std::to_string(number)) {}
    const std::string& markup() const { return text_; }

private:
    std::string text_;
};

/// A format with a `{}` for each of `count` arguments; another number of them does not compile.
template <std::size_t count>
struct HtmlFormat {
    std::string_view text;

    template <std::size_t size>
    consteval HtmlFormat(const char (&literal)[size]) : text(literal, size - 1) {
        std::size_t holes = 0;
        for (std::size_t at = 0; at + 1 < text.size(); at++) holes += text[at] == '{' && text[at + 1] == '}';
        if (holes != count) wrong_number_of_arguments();
    }

private:
    /// Not constant: a call in a constant is an error of the compiler, which names it.
    static void wrong_number_of_arguments() {}
};

/// What `html` calls.
Html html_of(std::string_view format, std::initializer_list<HtmlArgument> arguments);

/// Markup by a format in which `{}` stands for the next argument, escaped unless it is `Html`:
/// `html("<p>{}</p>", text)`.
template <class... Arguments>
Html html(HtmlFormat<sizeof...(Arguments)> format, const Arguments&... arguments) {
    return html_of(format.text, {HtmlArgument(arguments)...});
}

/// A JSON document or a part of one, as text.
class Json {
public:
    Json(std::nullptr_t) : text_("null") {}
    Json(std::nullopt_t) : text_("null") {}
    Json(bool value) : text_(value ? "true" : "false") {}
    Json(std::integral auto number) : text_(std::to_string(number)) {}
    Json(std::floating_point auto number) : text_(number_text(static_cast<double>(number))) {}
    Json(std::string_view text);
    Json(const std::string& text) : Json(std::string_view(text)) {}
    Json(const char* text) : Json(std::string_view(text)) {}
    template <class T>
    Json(const std::optional<T>& value) : Json(value ? Json(*value) : Json(nullptr)) {}

    /// `Json::object({{"id", 1}, {"name", nullptr}})`
    static Json object(std::initializer_list<std::pair<std::string_view, Json>> members);
    /// A list.
    static Json array(const std::vector<Json>& elements);
    /// A text that is a document already.
    static Json raw(std::string text);

    const std::string& text() const { return text_; }

private:
    static std::string number_text(double number);
    std::string text_;
};

}  // namespace innkeeper
