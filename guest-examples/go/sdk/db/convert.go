package db

import (
	"database/sql/driver"
	"encoding/json"
	"math"
	"reflect"
	"time"

	"innkeeper-sdk/internal/host"
	wit "innkeeper-sdk/internal/wit/imports/innkeeper_storage_db"
)

// The years of an instant.
const (
	minYear = -4713
	maxYear = 294276
)

func toValues(args []any) ([]wit.Value, error) {
	values := make([]wit.Value, len(args))
	for i, arg := range args {
		value, err := toValue(arg)
		if err != nil {
			return nil, badParameter("the parameter $%d: %v", i+1, message(err))
		}
		values[i] = value
	}
	return values, nil
}

// toValue converts what a caller gives.
func toValue(arg any) (wit.Value, error) {
	switch arg := arg.(type) {
	case nil:
		return wit.MakeValueNull(), nil
	case bool:
		return wit.MakeValueBoolean(arg), nil
	case int:
		return wit.MakeValueInteger(int64(arg)), nil
	case int64:
		return wit.MakeValueInteger(arg), nil
	case float64:
		return wit.MakeValueFloat(arg), nil
	case string:
		return wit.MakeValueText(host.Text(arg)), nil
	case []byte:
		if arg == nil {
			return wit.MakeValueNull(), nil
		}
		return wit.MakeValueBytes(arg), nil
	case Decimal:
		return wit.MakeValueDecimal(string(arg)), nil
	case UUID:
		return wit.MakeValueUuid(arg.String()), nil
	case time.Time:
		if arg.Year() < minYear || arg.Year() > maxYear {
			return wit.Value{}, badParameter("the year %d is out of range", arg.Year())
		}
		return wit.MakeValueInstant(arg.UnixMicro()), nil
	case Date:
		return dateValue(arg)
	case TimeOfDay:
		return timeValue(arg)
	case DateTime:
		return dateTimeValue(arg)
	case json.RawMessage:
		if arg == nil {
			return wit.MakeValueNull(), nil
		}
		return wit.MakeValueJson(string(arg)), nil
	case Document:
		text, err := json.Marshal(arg.value)
		if err != nil {
			return wit.Value{}, badParameter("%v", err)
		}
		return wit.MakeValueJson(string(text)), nil
	case Other:
		return wit.MakeValueOther(wit.OtherValue(arg)), nil
	}
	return toValueByKind(arg)
}

// toValueByKind converts pointers, types that are made of others, and those of database/sql.
func toValueByKind(arg any) (wit.Value, error) {
	value := reflect.ValueOf(arg)
	if value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return wit.MakeValueNull(), nil
		}
	}
	if valuer, ok := arg.(driver.Valuer); ok {
		inner, err := valuer.Value()
		if err != nil {
			return wit.Value{}, badParameter("%v", err)
		}
		return toValue(inner)
	}
	switch value.Kind() {
	case reflect.Pointer:
		return toValue(value.Elem().Interface())
	case reflect.Bool:
		return wit.MakeValueBoolean(value.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return wit.MakeValueInteger(value.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if value.Uint() > math.MaxInt64 {
			return wit.Value{}, badParameter("%d has more than 63 bits", value.Uint())
		}
		return wit.MakeValueInteger(int64(value.Uint())), nil
	case reflect.Float32, reflect.Float64:
		return wit.MakeValueFloat(value.Float()), nil
	case reflect.String:
		return wit.MakeValueText(host.Text(value.String())), nil
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			return toValue(value.Bytes())
		}
	}
	return wit.Value{}, badParameter("a value of type %T cannot be kept; for a JSON column give db.JSON(value)", arg)
}

func dateValue(date Date) (wit.Value, error) {
	converted, err := toDate(date)
	return wit.MakeValueDate(converted), err
}

func timeValue(clock TimeOfDay) (wit.Value, error) {
	converted, err := toTime(clock)
	return wit.MakeValueTime(converted), err
}

func dateTimeValue(both DateTime) (wit.Value, error) {
	date, err := toDate(both.Date)
	if err != nil {
		return wit.Value{}, err
	}
	clock, err := toTime(both.Time)
	return wit.MakeValueDatetime(wit.Datetime{Date: date, Time: clock}), err
}

// toDate refuses what the smaller numbers of the interface would turn into another date. Whether
// the day exists is for the host to say.
func toDate(date Date) (wit.Date, error) {
	if date.Year < math.MinInt32 || date.Year > math.MaxInt32 || !isByte(int(date.Month)) || !isByte(date.Day) {
		return wit.Date{}, badParameter("%v is no date", date)
	}
	return wit.Date{Year: int32(date.Year), Month: uint8(date.Month), Day: uint8(date.Day)}, nil
}

func toTime(clock TimeOfDay) (wit.Time, error) {
	fits := isByte(clock.Hour) && isByte(clock.Minute) && isByte(clock.Second)
	if !fits || clock.Microsecond < 0 || clock.Microsecond > 999_999 {
		return wit.Time{}, badParameter("%v is no time of day", clock)
	}
	return wit.Time{
		Hour:        uint8(clock.Hour),
		Minute:      uint8(clock.Minute),
		Second:      uint8(clock.Second),
		Microsecond: uint32(clock.Microsecond),
	}, nil
}

func isByte(number int) bool { return number >= 0 && number <= math.MaxUint8 }

// fromValue converts what the host gives.
func fromValue(value wit.Value) any {
	switch value.Tag() {
	case wit.Value_Boolean:
		return value.Boolean()
	case wit.Value_Integer:
		return value.Integer()
	case wit.Value_Float:
		return value.Float()
	case wit.Value_Decimal:
		return Decimal(value.Decimal())
	case wit.Value_Text:
		return value.Text()
	case wit.Value_Bytes:
		// An empty value is not NULL.
		return append([]byte{}, value.Bytes()...)
	case wit.Value_Uuid:
		id, err := ParseUUID(value.Uuid())
		if err != nil {
			return Other{TypeName: "uuid", Text: value.Uuid()}
		}
		return id
	case wit.Value_Date:
		return fromDate(value.Date())
	case wit.Value_Time:
		return fromTime(value.Time())
	case wit.Value_Datetime:
		return DateTime{fromDate(value.Datetime().Date), fromTime(value.Datetime().Time)}
	case wit.Value_Instant:
		return time.UnixMicro(value.Instant()).UTC()
	case wit.Value_Json:
		return json.RawMessage(value.Json())
	case wit.Value_Other:
		return Other(value.Other())
	}
	return nil
}

func fromDate(date wit.Date) Date {
	return Date{int(date.Year), time.Month(date.Month), int(date.Day)}
}

func fromTime(clock wit.Time) TimeOfDay {
	return TimeOfDay{int(clock.Hour), int(clock.Minute), int(clock.Second), int(clock.Microsecond)}
}
