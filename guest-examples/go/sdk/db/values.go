package db

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"

	"innkeeper-sdk/internal/host"
	"innkeeper-sdk/internal/wit/imports/wasi_random_random"
)

// Decimal is an exact decimal number in plain digits, for example "-12.50".
type Decimal string

// DecimalOf writes a number with the given digits behind the point, rounded half away from zero.
func DecimalOf(number *big.Rat, digits int) Decimal {
	return Decimal(number.FloatString(digits))
}

// Rat returns the number to calculate with. It is false for NaN and infinities.
func (d Decimal) Rat() (number *big.Rat, ok bool) {
	return new(big.Rat).SetString(string(d))
}

// UUID is a universally unique identifier.
type UUID [16]byte

// NewUUID makes a random (version 4) UUID.
func NewUUID() UUID {
	var id UUID
	copy(id[:], host.Call(func() []byte { return wasi_random_random.GetRandomBytes(16) }))
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ParseUUID reads a UUID with or without hyphens, in any case.
func ParseUUID(text string) (UUID, error) {
	var id UUID
	digits := text
	if len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-' {
		digits = strings.ReplaceAll(text, "-", "")
	}
	if len(digits) != 32 {
		return id, fmt.Errorf("%q is no UUID", text)
	}
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return UUID{}, fmt.Errorf("%q is no UUID", text)
	}
	return id, nil
}

// String writes the UUID in lower case with hyphens.
func (id UUID) String() string {
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// MarshalText writes the UUID as String does.
func (id UUID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what ParseUUID reads.
func (id *UUID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseUUID(string(text))
	return err
}

// Date is a day of the Gregorian calendar. Year 0 is 1 BC.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day that t shows in its location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// ParseDate reads a date like 2026-11-29.
func ParseDate(text string) (Date, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, fmt.Errorf("%q is no date", text)
	}
	return DateOf(day), nil
}

// In is midnight of the day in a location.
func (d Date) In(location *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, location)
}

// String writes the date like 2026-11-29.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// MarshalText writes the date as String does.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDate reads.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}

// TimeOfDay is a time of day without a zone. Hour is 24 only in 24:00:00, the end of the day.
type TimeOfDay struct {
	Hour, Minute, Second, Microsecond int
}

// TimeOfDayOf is the time of day that t shows in its location. Nanoseconds are cut off.
func TimeOfDayOf(t time.Time) TimeOfDay {
	hour, minute, second := t.Clock()
	return TimeOfDay{hour, minute, second, t.Nanosecond() / 1000}
}

// ParseTimeOfDay reads a time like 15:04, 15:04:05 or 15:04:05.000006.
func ParseTimeOfDay(text string) (TimeOfDay, error) {
	if text == "24:00:00" || text == "24:00" {
		return TimeOfDay{Hour: 24}, nil
	}
	for _, layout := range []string{time.TimeOnly, "15:04"} {
		if t, err := time.Parse(layout, text); err == nil && t.Nanosecond()%1000 == 0 {
			return TimeOfDayOf(t), nil
		}
	}
	return TimeOfDay{}, fmt.Errorf("%q is no time of day", text)
}

// String writes the time like 15:04:05, with a fraction where there is one.
func (t TimeOfDay) String() string {
	text := fmt.Sprintf("%02d:%02d:%02d", t.Hour, t.Minute, t.Second)
	if t.Microsecond != 0 {
		text += strings.TrimRight(fmt.Sprintf(".%06d", t.Microsecond), "0")
	}
	return text
}

// MarshalText writes the time as String does.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what ParseTimeOfDay reads.
func (t *TimeOfDay) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTimeOfDay(string(text))
	return err
}

// DateTime is a date and a time of day without a zone.
type DateTime struct {
	Date Date
	Time TimeOfDay
}

// DateTimeOf is what t shows in its location. Nanoseconds are cut off.
func DateTimeOf(t time.Time) DateTime { return DateTime{DateOf(t), TimeOfDayOf(t)} }

// In is the point in time at which clocks of a location show this.
func (d DateTime) In(location *time.Location) time.Time {
	t := d.Time
	return time.Date(d.Date.Year, d.Date.Month, d.Date.Day, t.Hour, t.Minute, t.Second, t.Microsecond*1000, location)
}

// ParseDateTime reads a date and a time with a T or a blank between them.
func ParseDateTime(text string) (DateTime, error) {
	if at := strings.IndexAny(text, "T "); at >= 0 {
		date, dateErr := ParseDate(text[:at])
		clock, clockErr := ParseTimeOfDay(text[at+1:])
		if dateErr == nil && clockErr == nil {
			return DateTime{date, clock}, nil
		}
	}
	return DateTime{}, fmt.Errorf("%q is no date with a time", text)
}

// String writes both like 2026-11-29T15:04:05.
func (d DateTime) String() string { return d.Date.String() + "T" + d.Time.String() }

// MarshalText writes both as String does.
func (d DateTime) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDateTime reads.
func (d *DateTime) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDateTime(string(text))
	return err
}

// Other is a value of a type that has no Go type here, for example `inet`.
type Other struct {
	// TypeName is the database's name of the type.
	TypeName string
	// Text is the value as the database writes it.
	Text string
}

// JSON makes an argument for a column of JSON documents of any value that encoding/json takes.
func JSON(value any) Document { return Document{value} }

// Document is what JSON returns.
type Document struct{ value any }

// MarshalJSON encodes the value.
func (d Document) MarshalJSON() ([]byte, error) { return json.Marshal(d.value) }
