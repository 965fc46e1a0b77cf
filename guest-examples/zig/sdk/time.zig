//! Instants, days and times of day.

const std = @import("std");
const c = @import("c.zig");

/// A point in time.
pub const Instant = struct {
    /// Microseconds since 1970-01-01T00:00:00Z.
    microseconds: i64,

    /// This moment.
    pub fn now() Instant {
        return .{ .microseconds = c.ik_now() };
    }

    /// As RFC 3339 writes it, to the microsecond: 2026-10-03T14:05:06.000123Z.
    pub fn rfc3339(instant: Instant) []const u8 {
        return std.mem.span(c.ik_rfc3339(instant.microseconds));
    }

    /// Day and time of day in UTC.
    pub fn calendar(instant: Instant) DateTime {
        return .fromHost(c.ik_calendar_of(instant.microseconds));
    }

    /// As `std.json` writes it.
    pub fn jsonStringify(instant: Instant, json: anytype) !void {
        try json.write(instant.rfc3339());
    }
};

/// A day.
pub const Date = struct {
    year: i32,
    month: u8,
    day: u8,

    pub fn toHost(date: Date) c.ik_day {
        return .{ .year = date.year, .month = date.month, .day = date.day };
    }

    pub fn fromHost(day: c.ik_day) Date {
        return .{ .year = day.year, .month = day.month, .day = day.day };
    }
};

/// A time of day: 00:00:00 to 24:00:00.
pub const Time = struct {
    hour: u8,
    minute: u8 = 0,
    second: u8 = 0,
    microsecond: u32 = 0,

    pub fn toHost(time: Time) c.ik_clock {
        return .{ .hour = time.hour, .minute = time.minute, .second = time.second, .microsecond = time.microsecond };
    }

    pub fn fromHost(clock: c.ik_clock) Time {
        return .{ .hour = clock.hour, .minute = clock.minute, .second = clock.second, .microsecond = clock.microsecond };
    }
};

/// A day and a time of day without a zone.
pub const DateTime = struct {
    date: Date,
    time: Time,

    /// The instant at which a clock in UTC shows this.
    pub fn instant(datetime: DateTime) Instant {
        return .{ .microseconds = c.ik_instant_of(datetime.toHost()) };
    }

    pub fn toHost(datetime: DateTime) c.ik_calendar {
        return .{ .date = datetime.date.toHost(), .time = datetime.time.toHost() };
    }

    pub fn fromHost(calendar: c.ik_calendar) DateTime {
        return .{ .date = .fromHost(calendar.date), .time = .fromHost(calendar.time) };
    }
};
