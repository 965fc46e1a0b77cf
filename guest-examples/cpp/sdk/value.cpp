#include "value.hpp"

#include "convert.hpp"

#define TAG(name) INNKEEPER_STORAGE_DB_VALUE_##name

namespace innkeeper {

namespace {

using std::chrono::microseconds;

ik_day day_of(Date date) {
    return {.year = int(date.year()),
            .month = static_cast<std::uint8_t>(unsigned(date.month())),
            .day = static_cast<std::uint8_t>(unsigned(date.day()))};
}

ik_clock clock_of(const TimeOfDay& time) {
    return {.hour = static_cast<std::uint8_t>(time.hours().count()),
            .minute = static_cast<std::uint8_t>(time.minutes().count()),
            .second = static_cast<std::uint8_t>(time.seconds().count()),
            .microsecond = static_cast<std::uint32_t>(time.subseconds().count())};
}

Date date_of(ik_day day) {
    return {std::chrono::year(day.year), std::chrono::month(day.month), std::chrono::day(day.day)};
}

microseconds since_midnight(ik_clock clock) {
    return std::chrono::hours(clock.hour) + std::chrono::minutes(clock.minute) + std::chrono::seconds(clock.second) +
           microseconds(clock.microsecond);
}

/// In the order of the variant in the WIT file.
constexpr const char* tag_names[] = {
    "NULL",   "a boolean", "an integer", "a float",    "a decimal",  "a text", "bytes",
    "a UUID", "a date",    "a time",     "a datetime", "an instant", "JSON",   "of another type",
};

}  // namespace

Param::Param(Date date) : value_(ik_date(day_of(date))) {}

Param::Param(const TimeOfDay& time) : value_(ik_time(clock_of(time))) {}

Param::Param(DateTime time) {
    auto day = std::chrono::floor<std::chrono::days>(time);
    value_ = ik_datetime({day_of(Date(day)), clock_of(TimeOfDay(time - day))});
}

const ik_value& Value::of(std::uint8_t tag) const {
    if (value_->tag != tag) {
        ik_panic("the column %.*s is %s, not %s", int(column_.size()), column_.data(), tag_names[value_->tag],
                 tag_names[tag]);
    }
    return *value_;
}

bool Value::boolean() const {
    // SQLite computes integers where Postgres computes booleans.
    return value_->tag == TAG(INTEGER) ? value_->val.integer != 0 : of(TAG(BOOLEAN)).val.boolean;
}

std::int64_t Value::integer() const { return of(TAG(INTEGER)).val.integer; }
double Value::real() const { return of(TAG(FLOAT)).val.float_; }
std::string Value::text() const { return text_of_host(of(TAG(TEXT)).val.text); }
Decimal Value::decimal() const { return {text_of_host(of(TAG(DECIMAL)).val.decimal)}; }
Uuid Value::uuid() const { return {text_of_host(of(TAG(UUID)).val.uuid)}; }
JsonText Value::json() const { return {text_of_host(of(TAG(JSON)).val.json)}; }

OtherValue Value::other() const {
    const auto& other = of(TAG(OTHER)).val.other;
    return {text_of_host(other.type_name), text_of_host(other.text)};
}

Bytes Value::bytes() const {
    const auto& bytes = of(TAG(BYTES)).val.bytes;
    auto data = reinterpret_cast<const std::byte*>(bytes.ptr);
    return bytes.len ? Bytes(data, data + bytes.len) : Bytes();
}

Date Value::date() const { return date_of(of(TAG(DATE)).val.date); }
TimeOfDay Value::time() const { return TimeOfDay(since_midnight(of(TAG(TIME)).val.time)); }

DateTime Value::datetime() const {
    const auto& datetime = of(TAG(DATETIME)).val.datetime;
    return std::chrono::local_days(date_of(datetime.date)) + since_midnight(datetime.time);
}

Instant Value::instant() const { return Instant(microseconds(of(TAG(INSTANT)).val.instant)); }

std::vector<std::string> Rows::columns() const { return texts_of_host(rows_.columns); }

}  // namespace innkeeper
