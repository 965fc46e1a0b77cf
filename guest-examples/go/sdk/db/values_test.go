package db

import (
	"encoding/json"
	"math/big"
	"testing"
	"time"
)

func TestTextsAreParsedAsTheyAreWritten(t *testing.T) {
	var all struct {
		ID   UUID
		Date Date
		Time TimeOfDay
		Both DateTime
	}
	const text = `{"ID":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","Date":"2026-02-03","Time":"04:05:06.00007",` +
		`"Both":"2026-02-03T04:05:06"}`
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	if back, err := json.Marshal(all); err != nil || string(back) != text {
		t.Error(string(back), err)
	}
	if clock, err := ParseTimeOfDay("24:00:00"); err != nil || clock.Hour != 24 {
		t.Error(clock, err)
	}
	if id, err := ParseUUID("F81D4FAE7DEC11D0A76500A0C91E6BF6"); err != nil || id != all.ID {
		t.Error(id, err)
	}
}

func TestWhatIsNoTextOfTheTypeIsRefused(t *testing.T) {
	for _, text := range []string{"", "f81d4fae-7dec-11d0-a765", "g81d4fae-7dec-11d0-a765-00a0c91e6bf6"} {
		if _, err := ParseUUID(text); err == nil {
			t.Error(text)
		}
	}
	for _, text := range []string{"", "2026-13-01", "2026-02-30", "26-1-1"} {
		if _, err := ParseDate(text); err == nil {
			t.Error(text)
		}
	}
	for _, text := range []string{"", "25:00", "24:00:01", "04:05:06.0000001"} {
		if _, err := ParseTimeOfDay(text); err == nil {
			t.Error(text)
		}
	}
	for _, text := range []string{"", "2026-02-03", "2026-02-03T"} {
		if _, err := ParseDateTime(text); err == nil {
			t.Error(text)
		}
	}
}

func TestDecimalsCalculate(t *testing.T) {
	price, ok := Decimal("19.99").Rat()
	if !ok {
		t.Fatal("no number")
	}
	if total := DecimalOf(price.Mul(price, big.NewRat(3, 1)), 2); total != "59.97" {
		t.Error(total)
	}
	if _, ok := Decimal("NaN").Rat(); ok {
		t.Error("NaN is a number")
	}
}

func TestDatesAreTimesInALocation(t *testing.T) {
	berlin := time.FixedZone("Berlin", 3600)
	at := time.Date(2026, 11, 29, 0, 30, 0, 7_000, berlin)
	both := DateTimeOf(at)
	if both.String() != "2026-11-29T00:30:00.000007" || !both.In(berlin).Equal(at) {
		t.Error(both)
	}
	if !DateOf(at).In(berlin).Equal(time.Date(2026, 11, 29, 0, 0, 0, 0, berlin)) {
		t.Error(DateOf(at))
	}
}
