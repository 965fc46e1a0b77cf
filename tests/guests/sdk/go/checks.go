package main

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/db"
)

var checks = map[string]check{
	"values-are-kept":                      valuesAreKept,
	"null-is-kept":                         nullIsKept,
	"defaults-are-filled-in":               defaultsAreFilledIn,
	"rows-are-read":                        rowsAreRead,
	"a-cursor-reads-piece-by-piece":        cursorReads,
	"errors-have-codes":                    errorsHaveCodes,
	"a-transaction-is-kept-or-undone":      transactions,
	"a-transaction-has-options":            transactionOptions,
	"a-batch-is-kept-or-undone":            batches,
	"migrations-run-once":                  migrations,
	"the-session-keeps-values":             sessionValues,
	"the-session-knows-the-user":           sessionUser,
	"the-session-shows-messages-once":      sessionMessages,
	"blobs-are-written-and-read":           blobsWrittenAndRead,
	"blobs-have-signed-paths":              blobsSigned,
	"database-sql-works":                   databaseSQL,
	"settings-that-are-not-there-are-none": settings,
	"memory-of-blobs-is-given-back":        memory,
	"memory-of-go-is-given-back":           ownMemory,
	"memory-of-rows-is-given-back":         queryMemory,
	"a-goroutine-may-call-the-host":        goroutines,
}

func defineTables() error {
	_, keptErr := db.DefineTable(db.Table{Name: "kept", Columns: []db.Column{
		{Name: "id", Type: db.TypeInteger, Identity: true},
		{Name: "text", Type: db.TypeText, MaxLength: 10},
	}, Indexes: []db.Index{{Columns: []string{"text"}}}, Checks: []db.Check{{Name: "not_x", Condition: "text <> 'x'"}}})
	_, allErr := db.DefineTable(db.Table{Name: "everything", Columns: []db.Column{
		{Name: "id", Type: db.TypeUUID, Default: db.RandomUUID},
		{Name: "yes", Type: db.TypeBoolean, Nullable: true},
		{Name: "number", Type: db.TypeInteger, Default: 42},
		{Name: "real", Type: db.TypeFloat, Nullable: true},
		{Name: "price", Type: db.TypeDecimal, Nullable: true},
		{Name: "name", Type: db.TypeText, Default: "no name"},
		{Name: "raw", Type: db.TypeBytes, Nullable: true},
		{Name: "day", Type: db.TypeDate, Nullable: true},
		{Name: "clock", Type: db.TypeTime, Nullable: true},
		{Name: "wall", Type: db.TypeDateTime, Nullable: true},
		{Name: "at", Type: db.TypeInstant, Default: db.Now},
		{Name: "data", Type: db.TypeJSON, Nullable: true},
	}, PrimaryKey: []string{"id"}})
	_, childErr := db.DefineTable(db.Table{Name: "child", Columns: []db.Column{
		{Name: "id", Type: db.TypeInteger, Identity: true},
		{Name: "parent", Type: db.TypeUUID, References: &db.Reference{Table: "everything", Column: "id", OnDelete: db.Cascade}},
		{Name: "name", Type: db.TypeText},
	}, Indexes: []db.Index{{Columns: []string{"name"}, Unique: true}}})
	return errors.Join(keptErr, allErr, childErr)
}

type everything struct {
	ID     db.UUID
	Yes    *bool
	Number int64
	Real   *float64
	Price  *db.Decimal
	Name   string
	Raw    []byte
	Day    *db.Date
	Clock  *db.TimeOfDay
	Wall   *db.DateTime
	At     time.Time
	Data   map[string]any
}

func pointer[T any](value T) *T { return &value }

const insertAll = `insert into everything (id, yes, number, real, price, name, raw, day, clock, wall, at, data)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

func valuesAreKept() error {
	at := time.Date(2026, 11, 29, 3, 4, 5, 6_000, time.UTC)
	in := everything{db.NewUUID(), pointer(true), math.MinInt64, pointer(0.1), pointer(db.Decimal("12345678901234567890.50")),
		"Grüße 🦀", []byte{0, 255}, pointer(db.DateOf(at)), pointer(db.TimeOfDayOf(at)), pointer(db.DateTimeOf(at)), at,
		map[string]any{"a": []any{1.5, nil}}}
	if _, err := db.Execute(insertAll, in.ID, in.Yes, in.Number, in.Real, in.Price, in.Name, in.Raw, in.Day, in.Clock,
		in.Wall, in.At, db.JSON(in.Data)); err != nil {
		return err
	}
	out, err := db.One[everything]("select * from everything where id = $1", in.ID)
	if err != nil {
		return err
	}
	price, _ := out.Price.Rat()
	want, _ := new(big.Rat).SetString("12345678901234567890.50")
	out.Price, in.Price = nil, nil
	return errors.Join(
		require(reflect.DeepEqual(in, out), "%+v is not %+v", out, in),
		require(price.Cmp(want) == 0, "the price is %v", price),
	)
}

func nullIsKept() error {
	id := db.NewUUID()
	if _, err := db.Execute(insertAll, id, nil, 1, nil, nil, "", nil, nil, nil, nil, time.Now(), nil); err != nil {
		return err
	}
	row, err := db.QueryOne("select * from everything where id = $1", id)
	if err != nil {
		return err
	}
	for _, column := range []string{"yes", "real", "price", "raw", "day", "clock", "wall", "data"} {
		if row.Get(column) != nil {
			return fmt.Errorf("%s is %v", column, row.Get(column))
		}
	}
	return require(row.Get("name") == "" && row.Get("id") == id, "%v", row.Values())
}

func defaultsAreFilledIn() error {
	row, err := db.One[everything]("insert into everything (yes) values ($1) returning *", false)
	if err != nil {
		return err
	}
	age := time.Since(row.At).Abs()
	return require(row.ID != db.UUID{} && row.Number == 42 && row.Name == "no name" && age < time.Hour, "%+v", row)
}

func rowsAreRead() error {
	for _, text := range []string{"b", "a", "c"} {
		if _, err := db.Execute("insert into kept (text) values ($1)", text); err != nil {
			return err
		}
	}
	texts, err := db.All[string]("select text from kept order by text")
	if err != nil {
		return err
	}
	rows, err := db.Query("select id, text from kept where text = $1", "none")
	if err != nil {
		return err
	}
	none, noneErr := db.QueryOne("select id from kept where text = $1", "none")
	_, missing := db.One[int]("select id from kept where text = $1", "none")
	updated, updateErr := db.Execute("update kept set text = 'd' where text <> $1", "a")
	return errors.Join(noneErr, updateErr, fails(missing, innkeeper.NotFound),
		require(slices.Equal(texts, []string{"a", "b", "c"}), "%v", texts),
		require(len(rows.List) == 0 && slices.Equal(rows.Columns, []string{"id", "text"}), "%v", rows),
		require(none == nil, "%v", none), require(updated == 2, "%d were updated", updated))
}

func cursorReads() error {
	for i := range 5 {
		statements := make([]db.Statement, 200)
		for j := range statements {
			statements[j] = db.Statement{SQL: "insert into kept (text) values ($1)", Args: []any{fmt.Sprint(i*200 + j)}}
		}
		if _, err := db.Batch(statements...); err != nil {
			return err
		}
	}
	// Nine at once would be refused: each loop closes its cursor.
	for range 9 {
		for _, err := range db.Each[db.Row]("select text from kept") {
			if err != nil {
				return err
			}
			break
		}
	}
	sum := 0
	for text, err := range db.Each[string]("select text from kept order by id") {
		if err != nil {
			return err
		}
		number := 0
		fmt.Sscan(text, &number)
		sum += number
	}
	var last error
	for _, err := range db.Each[string]("select nothing from nowhere") {
		last = err
	}
	return errors.Join(require(sum == 499_500, "the sum is %d", sum), fails(last, innkeeper.Syntax))
}

func errorsHaveCodes() error {
	id := db.NewUUID()
	_, syntax := db.Query("select nothing from nowhere")
	_, denied := db.Execute("begin")
	_, check := db.Execute("insert into kept (text) values ($1)", "x")
	_, long := db.Execute("insert into kept (text) values ($1)", "12345678901")
	_, null := db.Execute("insert into kept (text) values ($1)", nil)
	_, foreign := db.Execute("insert into child (parent, name) values ($1, $2)", id, "a")
	_, parameter := db.Query("select id from kept where id = $1", struct{}{})
	_, parent := db.Execute(insertAll, id, nil, 1, nil, nil, "", nil, nil, nil, nil, time.Now(), nil)
	_, first := db.Execute("insert into child (parent, name) values ($1, $2)", id, "a")
	_, twice := db.Execute("insert into child (parent, name) values ($1, $2)", id, "a")
	var failure *innkeeper.Error
	errors.As(check, &failure)
	return errors.Join(parent, first, fails(syntax, innkeeper.Syntax), fails(denied, innkeeper.Denied),
		fails(check, innkeeper.CheckViolation), fails(long, innkeeper.CheckViolation),
		fails(null, innkeeper.NotNullViolation),
		fails(foreign, innkeeper.ForeignKeyViolation), fails(parameter, innkeeper.BadParameter),
		fails(twice, innkeeper.UniqueViolation),
		require(strings.Contains(failure.Constraint, "not_x"), "the constraint is %q", failure.Constraint))
}

func countKept() (int, error) { return db.One[int]("select count(*) from kept") }

func transactions() error {
	odd := errors.New("odd")
	add := func(tx *db.Tx) error {
		_, err := tx.Execute("insert into kept (text) values ($1)", "a row")
		return err
	}
	before, err := countKept()
	if err != nil {
		return err
	}
	kept := db.Transaction(func(tx *db.Tx) error {
		inner := db.Transaction(func(inner *db.Tx) error { return errors.Join(add(inner), odd) })
		one, err := tx.One[int]("select count(*) from kept")
		all, allErr := tx.All[int]("select count(*) from kept")
		return errors.Join(err, allErr,
			require(errors.Is(inner, odd) && one == before && all[0] == before, "%v %d %v", inner, one, all), add(tx))
	})
	var closed *db.Tx
	early := db.Transaction(func(tx *db.Tx) error { closed = tx; return errors.Join(add(tx), tx.Rollback()) })
	_, ended := closedQuery(closed)
	func() {
		defer func() { recover() }()
		db.Transaction(func(tx *db.Tx) error { add(tx); panic("odd") })
	}()
	after, err := countKept()
	return errors.Join(kept, early, err, ended, require(after == before+1, "%d rows, not %d", after, before+1))
}

// closedQuery shows that a transaction that was ended by hand says so.
func closedQuery(tx *db.Tx) (rows *db.Rows, err error) {
	again, err := db.Begin(db.TxOptions{})
	if err != nil {
		return nil, err
	}
	if err := again.Commit(); err != nil {
		return nil, err
	}
	rows, err = again.Query("select 1")
	return rows, fails(err, innkeeper.Closed)
}

func transactionOptions() error {
	options := db.TxOptions{Isolation: db.Serializable, ReadOnly: true, Timeout: time.Second}
	err := db.TransactionWith(options, func(tx *db.Tx) error {
		_, err := tx.Execute("insert into kept (text) values ($1)", "a row")
		return err
	})
	return fails(err, innkeeper.ReadOnly)
}

func batches() error {
	outcomes, err := db.Batch(
		db.Statement{SQL: "insert into kept (text) values ($1), ($2)", Args: []any{"a", "b"}},
		db.Statement{SQL: "select text from kept order by text"},
	)
	if err != nil {
		return err
	}
	_, failed := db.Batch(db.Statement{SQL: "delete from kept"}, db.Statement{SQL: "select nothing from nowhere"})
	count, err := countKept()
	return errors.Join(err, fails(failed, innkeeper.Syntax), require(count == 2, "%d rows", count),
		require(outcomes[0].Affected == 2 && outcomes[1].Rows.List[1].Get("text") == "b", "%v", outcomes))
}

func migrations() error {
	steps := []db.Migration{
		{Name: "1-moved", Statements: []string{"create table moved (n bigint)"}},
		{
			Name:             "2-index",
			Statements:       []string{"create index on moved (n)"},
			SQLiteStatements: []string{"create index moved_n on moved (n)"},
		},
	}
	if _, err := db.Migrate(steps...); err != nil {
		return err
	}
	again, err := db.Migrate(steps...)
	steps[0].Statements = []string{"create table moved (n text)"}
	_, changed := db.Migrate(steps...)
	return errors.Join(err, require(len(again) == 0, "%v ran again", again), fails(changed, innkeeper.Conflict))
}
