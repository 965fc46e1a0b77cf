// Package db keeps the rows of the app: SQL over its own tables, in Postgres or in SQLite.
//
// Parameters are written $1 to $n, and each argument is the value of one. These Go types go in and
// come out:
//
//	SQL        as an argument              as a value of a Row
//	NULL       nil, a nil pointer          nil
//	boolean    bool                        bool
//	integer    any integer type            int64
//	float      float64, float32            float64
//	decimal    Decimal                     Decimal
//	text       string                      string
//	bytes      []byte                      []byte
//	uuid       UUID                        UUID
//	date       Date                        Date
//	time       TimeOfDay                   TimeOfDay
//	datetime   DateTime                    DateTime
//	instant    time.Time (to the µs)       time.Time, in UTC
//	json       JSON(v), json.RawMessage    json.RawMessage
//	other      Other                       Other
//
// All, One and Each put rows into structs: a column belongs to the field with the tag `db:"name"`,
// else to the field of the same name, where case and underscores do not count. A column that may
// be NULL needs a pointer, a sql.Null[T] or the like. A field of any other struct, map or slice
// type is filled from JSON.
package db

import (
	"iter"

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/internal/host"
	wit "innkeeper-sdk/internal/wit/imports/innkeeper_storage_db"
)

// cursorRows is how many rows Each fetches at a time.
const cursorRows = 200

// Query runs a statement and returns its rows: SELECT, or INSERT, UPDATE and DELETE with RETURNING.
func Query(sql string, args ...any) (*Rows, error) {
	return query(unit{}, sql, args)
}

// QueryOne is Query for the first row. It returns nil where there is none.
func QueryOne(sql string, args ...any) (*Row, error) {
	return queryOne(unit{}, sql, args)
}

// All runs a query and returns its rows as values of T: a struct, or the type of the only column.
func All[T any](sql string, args ...any) ([]T, error) {
	return all[T](unit{}, sql, args)
}

// One is All for the first row. Where there is none, the error is innkeeper.NotFound.
func One[T any](sql string, args ...any) (T, error) {
	return one[T](unit{}, sql, args)
}

// Execute runs a statement and returns how many rows it inserted, updated or deleted.
func Execute(sql string, args ...any) (int64, error) {
	return execute(unit{}, sql, args)
}

// Each runs a query and fetches its rows piece by piece, in bounded memory:
//
//	for entry, err := range db.Each[Entry]("select * from entries") { ... }
//
// An error comes last, with the zero value of T. T is as in All, or Row.
func Each[T any](sql string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := each(sql, args, yield); err != nil {
			var none T
			yield(none, err)
		}
	}
}

func each[T any](sql string, args []any, yield func(T, error) bool) error {
	params, err := toValues(args)
	if err != nil {
		return err
	}
	opened := host.Call(func() cursorResult { return wit.OpenCursor(sql, params) })
	if opened.IsErr() {
		return failure(opened.Err())
	}
	cursor := opened.Ok()
	defer cursor.Drop()
	columns := host.Call(cursor.Columns)
	plan, err := planFor[T](columns)
	if err != nil {
		return err
	}
	for {
		next := host.Call(func() nextResult { return cursor.Next(cursorRows) })
		if next.IsErr() {
			return failure(next.Err())
		}
		if len(next.Ok()) == 0 {
			return nil
		}
		for _, values := range next.Ok() {
			item, err := plan.read(newRow(columns, values))
			if err != nil {
				return err
			}
			if !yield(item, nil) {
				return nil
			}
		}
	}
}

// Statement is an SQL statement with its arguments, for Batch.
type Statement struct {
	SQL  string
	Args []any
}

// Outcome is what one statement of a batch did.
type Outcome struct {
	// Affected is the number of rows that were inserted, updated or deleted.
	Affected int64
	// Rows are those of a query or of a RETURNING clause.
	Rows Rows
}

// Batch runs up to 1,000 statements one after the other, all or none.
func Batch(statements ...Statement) ([]Outcome, error) {
	prepared := make([]wit.Statement, len(statements))
	for i, statement := range statements {
		params, err := toValues(statement.Args)
		if err != nil {
			return nil, err
		}
		prepared[i] = wit.Statement{Sql: statement.SQL, Params: params}
	}
	result := host.Call(func() batchResult { return wit.Batch(prepared) })
	if result.IsErr() {
		return nil, failure(result.Err())
	}
	outcomes := make([]Outcome, len(result.Ok()))
	for i, outcome := range result.Ok() {
		outcomes[i] = Outcome{Affected: int64(outcome.Affected), Rows: *newRows(outcome.Rows)}
	}
	return outcomes, nil
}

// Commit keeps everything that this request has written so far, whatever happens later.
func Commit() error {
	return check(host.Call(wit.Commit))
}

// Rollback undoes everything that this request has written since it began or since the last
// Commit: rows, blobs and session. The request goes on.
func Rollback() error {
	return check(host.Call(wit.Rollback))
}

// runner is the unit of work itself, or a transaction in it.
type runner interface {
	Query(sql string, params []wit.Value) rowsResult
	Execute(sql string, params []wit.Value) countResult
}

// unit runs statements in the request's unit of work.
type unit struct{}

func (unit) Query(sql string, params []wit.Value) rowsResult    { return wit.Query(sql, params) }
func (unit) Execute(sql string, params []wit.Value) countResult { return wit.Execute(sql, params) }

func query(runner runner, sql string, args []any) (*Rows, error) {
	params, err := toValues(args)
	if err != nil {
		return nil, err
	}
	result := host.Call(func() rowsResult { return runner.Query(sql, params) })
	if result.IsErr() {
		return nil, failure(result.Err())
	}
	return newRows(result.Ok()), nil
}

func queryOne(runner runner, sql string, args []any) (*Row, error) {
	rows, err := query(runner, sql, args)
	if err != nil || len(rows.List) == 0 {
		return nil, err
	}
	return &rows.List[0], nil
}

func all[T any](runner runner, sql string, args []any) ([]T, error) {
	rows, err := query(runner, sql, args)
	if err != nil {
		return nil, err
	}
	plan, err := planFor[T](rows.Columns)
	if err != nil {
		return nil, err
	}
	items := make([]T, len(rows.List))
	for i, row := range rows.List {
		if items[i], err = plan.read(row); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func one[T any](runner runner, sql string, args []any) (item T, err error) {
	row, err := queryOne(runner, sql, args)
	if err != nil {
		return item, err
	}
	if row == nil {
		return item, &innkeeper.Error{Interface: "db", Code: innkeeper.NotFound, Message: "the query has no row"}
	}
	plan, err := planFor[T](row.columns)
	if err != nil {
		return item, err
	}
	return plan.read(*row)
}

func execute(runner runner, sql string, args []any) (int64, error) {
	params, err := toValues(args)
	if err != nil {
		return 0, err
	}
	result := host.Call(func() countResult { return runner.Execute(sql, params) })
	if result.IsErr() {
		return 0, failure(result.Err())
	}
	return int64(result.Ok()), nil
}
