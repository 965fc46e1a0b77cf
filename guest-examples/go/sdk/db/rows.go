package db

import (
	"fmt"
	"slices"

	wit "innkeeper-sdk/internal/wit/imports/innkeeper_storage_db"
)

// Rows is what a query answers with.
type Rows struct {
	// Columns are the names of the columns, also where there is no row.
	Columns []string
	// List has the rows.
	List []Row
}

// Row is one row of a query.
type Row struct {
	columns []string
	values  []any
}

func newRows(rows wit.Rows) *Rows {
	list := make([]Row, len(rows.Rows))
	for i, values := range rows.Rows {
		list[i] = newRow(rows.Columns, values)
	}
	return &Rows{rows.Columns, list}
}

func newRow(columns []string, values []wit.Value) Row {
	row := Row{columns, make([]any, len(values))}
	for i, value := range values {
		row.values[i] = fromValue(value)
	}
	return row
}

// Columns returns the names of the columns from left to right.
func (r Row) Columns() []string { return r.columns }

// Values returns the values from left to right.
func (r Row) Values() []any { return r.values }

// Get returns the value of a column. It panics where the query has no such column.
func (r Row) Get(column string) any {
	at := slices.Index(r.columns, column)
	if at < 0 {
		panic(fmt.Sprintf("the query has no column %q, only %q", column, r.columns))
	}
	return r.values[at]
}

// Scan puts the values, from left to right, into what the pointers point to.
func (r Row) Scan(destinations ...any) error {
	if len(destinations) != len(r.values) {
		return badParameter("the row has %d columns, not %d", len(r.values), len(destinations))
	}
	for i, destination := range destinations {
		if err := scanInto(destination, r.columns[i], r.values[i]); err != nil {
			return err
		}
	}
	return nil
}
