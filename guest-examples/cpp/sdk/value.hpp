// Values both ways: parameters of statements, and what rows hold.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "c/innkeeper.h"

namespace innkeeper {

/// A point in time, to the microsecond.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;
/// A day and a time of day without a zone.
using DateTime = std::chrono::local_time<std::chrono::microseconds>;
/// A day.
using Date = std::chrono::year_month_day;
/// A time of day: 00:00:00 to 24:00:00.
using TimeOfDay = std::chrono::hh_mm_ss<std::chrono::microseconds>;
using Bytes = std::vector<std::byte>;

/// An exact decimal number as text, for example "-12.50".
struct Decimal {
    std::string text;
    bool operator==(const Decimal&) const = default;
};

/// A UUID as text, in lower case with hyphens.
struct Uuid {
    std::string text;
    bool operator==(const Uuid&) const = default;
};

/// A JSON document as text.
struct JsonText {
    std::string text;
    bool operator==(const JsonText&) const = default;
};

/// A value of a type that has no case of its own, for example {"inet", "10.0.0.1"}.
struct OtherValue {
    std::string type_name;
    std::string text;
    bool operator==(const OtherValue&) const = default;
};

/// A parameter of a statement. It shares the memory of the text or bytes that it is made of.
class Param {
public:
    Param(std::nullptr_t) : value_(ik_null()) {}
    Param(std::nullopt_t) : value_(ik_null()) {}
    Param(bool value) : value_(ik_bool(value)) {}
    template <std::integral T>
        requires(!std::same_as<T, bool> && (sizeof(T) < 8 || std::signed_integral<T>))
    Param(T number) : value_(ik_int(number)) {}
    Param(std::floating_point auto number) : value_(ik_float(number)) {}
    Param(std::string_view text) : value_(ik_text_of_size(text.data(), text.size())) {}
    Param(const std::string& text) : Param(std::string_view(text)) {}
    Param(const char* text) : value_(ik_text(text)) {}
    Param(std::span<const std::byte> bytes) : value_(ik_bytes(bytes.data(), bytes.size())) {}
    Param(const Bytes& bytes) : Param(std::span<const std::byte>(bytes)) {}
    Param(const Decimal& decimal) : value_(ik_decimal(decimal.text.c_str())) {}
    Param(const Uuid& uuid) : value_(ik_uuid(uuid.text.c_str())) {}
    Param(const JsonText& json) : value_(ik_json(json.text.c_str())) {}
    Param(const OtherValue& other) : value_(ik_other(other.type_name.c_str(), other.text.c_str())) {}
    Param(Date date);
    Param(const TimeOfDay& time);
    Param(DateTime time);
    Param(Instant instant) : value_(ik_instant(instant.time_since_epoch().count())) {}
    template <class T>
    Param(const std::optional<T>& value) : Param(value ? Param(*value) : Param(nullptr)) {}

    const ik_value& value() const { return value_; }

private:
    ik_value value_;
};

/// A value of a row. Asked for another type than it has, it ends the request with 500 and a
/// message.
class Value {
public:
    Value(const ik_value* value, std::string_view column) : value_(value), column_(column) {}

    bool is_null() const { return value_->tag == INNKEEPER_STORAGE_DB_VALUE_NULL; }
    bool boolean() const;
    std::int64_t integer() const;
    double real() const;
    std::string text() const;
    Bytes bytes() const;
    Decimal decimal() const;
    Uuid uuid() const;
    JsonText json() const;
    OtherValue other() const;
    Date date() const;
    TimeOfDay time() const;
    DateTime datetime() const;
    Instant instant() const;

    /// The value as a type of C++, for example `as<std::optional<std::string>>()`.
    template <class T>
    T as() const;

private:
    const ik_value& of(std::uint8_t tag) const;
    const ik_value* value_;
    std::string_view column_;
};

/// A row.
class Row {
public:
    explicit Row(ik_row row) : row_(row) {}
    /// The value of a column; the request ends where there is no such column.
    Value operator[](const char* column) const { return Value(ik_row_value(row_, column), column); }

private:
    ik_row row_;
};

/// What a query answers with.
class Rows {
public:
    explicit Rows(ik_rows rows) : rows_(rows) {}

    std::size_t size() const { return rows_.count; }
    bool empty() const { return rows_.count == 0; }
    Row operator[](std::size_t number) const { return Row(ik_row_at(&rows_, number)); }
    std::optional<Row> first() const { return empty() ? std::nullopt : std::optional((*this)[0]); }
    std::vector<std::string> columns() const;

    class Iterator {
    public:
        using value_type = Row;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        Iterator(const Rows* rows, std::size_t number) : rows_(rows), number_(number) {}
        Row operator*() const { return (*rows_)[number_]; }
        Iterator& operator++() {
            ++number_;
            return *this;
        }
        Iterator operator++(int) { return {rows_, number_++}; }
        bool operator==(const Iterator&) const = default;

    private:
        const Rows* rows_ = nullptr;
        std::size_t number_ = 0;
    };
    Iterator begin() const { return {this, 0}; }
    Iterator end() const { return {this, size()}; }

private:
    ik_rows rows_;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
T Value::as() const {
    if constexpr (is_optional<T>) {
        return is_null() ? T() : T(as<typename T::value_type>());
    } else if constexpr (std::same_as<T, bool>) {
        return boolean();
    } else if constexpr (std::same_as<T, std::int64_t>) {
        return integer();
    } else if constexpr (std::same_as<T, double>) {
        return real();
    } else if constexpr (std::same_as<T, std::string>) {
        return text();
    } else if constexpr (std::same_as<T, Bytes>) {
        return bytes();
    } else if constexpr (std::same_as<T, Decimal>) {
        return decimal();
    } else if constexpr (std::same_as<T, Uuid>) {
        return uuid();
    } else if constexpr (std::same_as<T, JsonText>) {
        return json();
    } else if constexpr (std::same_as<T, Date>) {
        return date();
    } else if constexpr (std::same_as<T, TimeOfDay>) {
        return time();
    } else if constexpr (std::same_as<T, DateTime>) {
        return datetime();
    } else if constexpr (std::same_as<T, Instant>) {
        return instant();
    } else {
        static_assert(std::same_as<T, OtherValue>, "rows hold no values of this type");
        return other();
    }
}

}  // namespace innkeeper
