package db

import (
	"database/sql"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	innkeeper "innkeeper-sdk"
)

type base struct {
	ID int64
}

type note struct {
	base
	*Dates
	Title     string
	Status    status
	Owner     *string
	Photo     sql.NullString
	Tags      []string
	Place     place `db:"where"`
	IsHidden  bool
	Score     float64
	unrelated int
	Skipped   int `db:"-"`
}

// Dates is embedded by a pointer.
type Dates struct {
	CreatedAt time.Time
}

type place struct{ X, Y int }

func read[T any](t *testing.T, columns []string, values ...any) (T, error) {
	t.Helper()
	plan, err := planFor[T](columns)
	if err != nil {
		var none T
		return none, err
	}
	return plan.read(Row{columns, values})
}

func TestAStructTakesTheColumnsOfItsFields(t *testing.T) {
	at := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	columns := []string{"id", "created_at", "title", "status", "owner", "photo", "tags", "where", "is_hidden", "score"}
	got, err := read[note](t, columns, int64(7), at, "a title", "new", nil, "p", json.RawMessage(`["a","b"]`),
		json.RawMessage(`{"X":1,"Y":2}`), int64(1), int64(3))
	if err != nil {
		t.Fatal(err)
	}
	want := note{base{7}, &Dates{at}, "a title", "new", nil, sql.NullString{String: "p", Valid: true},
		[]string{"a", "b"}, place{1, 2}, true, 3, 0, 0}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestAColumnFitsItsFieldOrIsRefused(t *testing.T) {
	refused := func(err error, text string) {
		t.Helper()
		if !errors.Is(err, innkeeper.BadParameter) || !strings.Contains(err.Error(), text) {
			t.Errorf("%v", err)
		}
	}
	_, err := read[note](t, []string{"id", "unknown"}, int64(1), nil)
	refused(err, `no field for the column "unknown"`)
	_, err = read[note](t, []string{"unrelated"}, int64(1))
	refused(err, "no field")
	_, err = read[note](t, []string{"skipped"}, int64(1))
	refused(err, "no field")
	_, err = read[note](t, []string{"title"}, nil)
	refused(err, "NULL")
	_, err = read[note](t, []string{"title"}, int64(1))
	refused(err, "int64")
	_, err = read[int8](t, []string{"n"}, int64(128))
	refused(err, "int8")
	_, err = read[uint](t, []string{"n"}, int64(-1))
	refused(err, "uint")
	_, err = read[float64](t, []string{"n"}, int64(1)<<53+1)
	refused(err, "float64")
	_, err = read[bool](t, []string{"n"}, int64(2))
	refused(err, "bool")
	_, err = read[Decimal](t, []string{"n"}, "1.5")
	refused(err, "Decimal")
	_, err = read[int64](t, []string{"a", "b"}, int64(1), int64(2))
	refused(err, "takes one")
	_, err = read[place](t, []string{"x"}, json.RawMessage("{}"))
	refused(err, "does not fit int")
}

func TestATypeMayTakeTheOnlyColumn(t *testing.T) {
	if n, err := read[int64](t, []string{"n"}, int64(5)); n != 5 || err != nil {
		t.Error(n, err)
	}
	if text, err := read[*string](t, []string{"n"}, "x"); err != nil || *text != "x" {
		t.Error(text, err)
	}
	if text, err := read[*string](t, []string{"n"}, nil); err != nil || text != nil {
		t.Error(text, err)
	}
	if day, err := read[Date](t, []string{"n"}, Date{2026, 1, 2}); err != nil || day.Day != 2 {
		t.Error(day, err)
	}
	if value, err := read[any](t, []string{"n"}, Decimal("1.50")); err != nil || value != Decimal("1.50") {
		t.Error(value, err)
	}
	if tags, err := read[map[string]int](t, []string{"n"}, json.RawMessage(`{"a":1}`)); err != nil || tags["a"] != 1 {
		t.Error(tags, err)
	}
}

func TestARowIsReadByNameAndByPlace(t *testing.T) {
	row, err := read[Row](t, []string{"a", "b"}, int64(1), "x")
	if err != nil || row.Get("b") != "x" || len(row.Columns()) != 2 || len(row.Values()) != 2 {
		t.Fatal(row, err)
	}
	var number int
	var text string
	if err := row.Scan(&number, &text); err != nil || number != 1 || text != "x" {
		t.Error(number, text, err)
	}
	if err := row.Scan(&number); err == nil {
		t.Error("one destination for two columns")
	}
	if err := row.Scan(number, &text); err == nil {
		t.Error("a destination that is no pointer")
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown column is found")
		}
	}()
	row.Get("c")
}
