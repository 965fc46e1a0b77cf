// Package sqldriver makes the app's rows a database of database/sql, for libraries that want one:
//
//	import _ "innkeeper-sdk/sqldriver"
//	database, err := sql.Open("innkeeper", "")
//
// Parameters are written $1 to $n. What package db takes as arguments is taken here too, and comes
// back as package db returns it. All connections are the one unit of work of the request, so a
// transaction of database/sql can be undone by itself but is kept with the request.
package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	"innkeeper-sdk/db"
)

func init() { sql.Register("innkeeper", connector{}) }

// connector is the driver; there is nothing to connect to.
type connector struct{}

// Open returns a connection. The name of the database counts for nothing.
func (connector) Open(string) (driver.Conn, error) { return &connection{}, nil }

type connection struct{ tx *transaction }

func (c *connection) Prepare(query string) (driver.Stmt, error) { return &statement{c, query}, nil }
func (c *connection) Close() error                              { return nil }
func (c *connection) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// CheckNamedValue lets every value through to package db, which converts or refuses it.
func (c *connection) CheckNamedValue(value *driver.NamedValue) error {
	if value.Name != "" {
		return errors.New("parameters have no names: write $1 to $n")
	}
	return nil
}

var levels = map[sql.IsolationLevel]db.Isolation{
	sql.LevelDefault:        db.DefaultIsolation,
	sql.LevelReadCommitted:  db.ReadCommitted,
	sql.LevelRepeatableRead: db.RepeatableRead,
	sql.LevelSerializable:   db.Serializable,
}

// BeginTx begins a transaction inside the unit of work.
func (c *connection) BeginTx(_ context.Context, options driver.TxOptions) (driver.Tx, error) {
	level, known := levels[sql.IsolationLevel(options.Isolation)]
	if !known {
		return nil, errors.New("the isolation is none of read committed, repeatable read and serializable")
	}
	tx, err := db.Begin(db.TxOptions{Isolation: level, ReadOnly: options.ReadOnly})
	if err != nil {
		return nil, err
	}
	c.tx = &transaction{c, tx}
	return c.tx, nil
}

// QueryContext runs a query.
func (c *connection) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	run := db.Query
	if c.tx != nil {
		run = c.tx.handle.Query
	}
	found, err := run(query, plain(args)...)
	if err != nil {
		return nil, err
	}
	return &rows{found, 0}, nil
}

// ExecContext runs a statement.
func (c *connection) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	run := db.Execute
	if c.tx != nil {
		run = c.tx.handle.Execute
	}
	count, err := run(query, plain(args)...)
	return driver.RowsAffected(count), err
}

func plain(named []driver.NamedValue) []any {
	args := make([]any, len(named))
	for i, value := range named {
		args[i] = value.Value
	}
	return args
}

type transaction struct {
	connection *connection
	handle     *db.Tx
}

func (t *transaction) Commit() error {
	t.connection.tx = nil
	return t.handle.Commit()
}

func (t *transaction) Rollback() error {
	t.connection.tx = nil
	return t.handle.Rollback()
}

type statement struct {
	connection *connection
	query      string
}

func (s *statement) Close() error  { return nil }
func (s *statement) NumInput() int { return -1 }

func (s *statement) Exec(args []driver.Value) (driver.Result, error) {
	return s.connection.ExecContext(context.Background(), s.query, named(args))
}

func (s *statement) Query(args []driver.Value) (driver.Rows, error) {
	return s.connection.QueryContext(context.Background(), s.query, named(args))
}

func named(args []driver.Value) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	return values
}

type rows struct {
	found *db.Rows
	next  int
}

func (r *rows) Columns() []string { return r.found.Columns }
func (r *rows) Close() error      { return nil }

func (r *rows) Next(destination []driver.Value) error {
	if r.next == len(r.found.List) {
		return io.EOF
	}
	for i, value := range r.found.List[r.next].Values() {
		destination[i] = value
	}
	r.next++
	return nil
}
