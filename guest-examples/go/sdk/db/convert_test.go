package db

import (
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	innkeeper "innkeeper-sdk"
)

type status string

// round sends a value to the host and back.
func round(t *testing.T, value any) any {
	t.Helper()
	sent, err := toValue(value)
	if err != nil {
		t.Fatalf("%#v: %v", value, err)
	}
	return fromValue(sent)
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	id, err := ParseUUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{
		nil, true, false, int64(math.MaxInt64), int64(math.MinInt64), -0.5, math.Inf(1), "", "Grüße 🦀\x00",
		[]byte{}, []byte{0, 255}, Decimal("12345678901234567890.50"), id,
		Date{-4712, time.November, 24}, Date{5874897, 12, 31},
		TimeOfDay{24, 0, 0, 0}, TimeOfDay{23, 59, 59, 999_999},
		DateTime{Date{2026, 11, 29}, TimeOfDay{3, 4, 5, 6}},
		time.Date(2026, 11, 29, 3, 4, 5, 6_000, time.UTC), time.Date(-4712, 1, 1, 0, 0, 0, 1_000, time.UTC),
		json.RawMessage(`{"a": [1.50]}`), Other{"inet", "127.0.0.1"},
	} {
		if back := round(t, value); !reflect.DeepEqual(back, value) {
			t.Errorf("%#v came back as %#v", value, back)
		}
	}
}

func TestOtherTypesAreConverted(t *testing.T) {
	text, empty := "text", (*string)(nil)
	berlin := time.FixedZone("Berlin", 3600)
	for _, pair := range [][2]any{
		{int8(-1), int64(-1)}, {uint64(math.MaxInt64), int64(math.MaxInt64)}, {float32(0.5), 0.5},
		{status("new"), "new"}, {&text, "text"}, {empty, nil}, {[]byte(nil), nil}, {json.RawMessage(nil), nil},
		{time.Date(2026, 1, 1, 1, 0, 0, 1_999, berlin), time.Date(2026, 1, 1, 0, 0, 0, 1_000, time.UTC)},
		{JSON(map[string]int{"a": 1}), json.RawMessage(`{"a":1}`)}, {JSON(nil), json.RawMessage("null")},
		{sql.NullString{}, nil}, {sql.Null[int64]{V: 3, Valid: true}, int64(3)},
		{&Date{2026, 1, 2}, Date{2026, 1, 2}},
	} {
		if back := round(t, pair[0]); !reflect.DeepEqual(back, pair[1]) {
			t.Errorf("%#v came back as %#v, not %#v", pair[0], back, pair[1])
		}
	}
}

func TestWhatCannotBeKeptIsRefused(t *testing.T) {
	for _, value := range []any{
		uint64(math.MaxUint64), struct{}{}, []string{"a"}, make(chan int), JSON(math.NaN()),
		"\xff", status("a\xff"), Decimal("\xff"), json.RawMessage("\"\xff\""), Other{"inet", "\xff"},
		time.Date(300_000, 1, 1, 0, 0, 0, 0, time.UTC), Date{Year: 1, Month: 300, Day: 1}, TimeOfDay{Hour: -1},
	} {
		_, err := toValues([]any{1, value})
		if !errors.Is(err, innkeeper.BadParameter) {
			t.Errorf("%#v: %v", value, err)
			continue
		}
		if text := err.Error(); text[:len("db: bad-parameter: the parameter $2: ")] != "db: bad-parameter: the parameter $2: " {
			t.Error(text)
		}
	}
}
