package db

import (
	"math"
	"time"

	"innkeeper-sdk/internal/host"
	wit "innkeeper-sdk/internal/wit/imports/innkeeper_storage_db"
	witTypes "innkeeper-sdk/internal/wit/types"
)

// Tx is a transaction inside the request's unit of work.
type Tx struct {
	handle *wit.Transaction
	ended  bool
}

// Isolation says how far a transaction is kept apart from those of other requests.
type Isolation uint8

// How far a transaction is kept apart. SQLite runs every one as Serializable.
const (
	DefaultIsolation Isolation = iota
	ReadCommitted
	RepeatableRead
	Serializable
)

// TxOptions says how to begin a transaction. The zero value is the default.
type TxOptions struct {
	// Isolation takes effect only where the request has not written anything yet.
	Isolation Isolation
	// ReadOnly refuses writes. A follower of the database may answer, a few seconds behind.
	ReadOnly bool
	// Timeout rolls the transaction back when it is open for longer. Zero: no limit.
	Timeout time.Duration
}

// Transaction runs work and keeps what it has done, or undoes it where it returns an error or
// panics. It covers rows, blobs and session. Transactions nest. What is kept becomes part of the
// request's unit of work.
func Transaction(work func(tx *Tx) error) error {
	return TransactionWith(TxOptions{}, work)
}

// TransactionWith is Transaction with options.
func TransactionWith(options TxOptions, work func(tx *Tx) error) error {
	tx, err := Begin(options)
	if err != nil {
		return err
	}
	// Dropping an open transaction rolls it back.
	defer tx.handle.Drop()
	if err := work(tx); err != nil || tx.ended {
		return err
	}
	return tx.Commit()
}

// Begin begins a transaction that Commit or Rollback has to end. Transaction is safer.
func Begin(options TxOptions) (*Tx, error) {
	chosen := wit.TransactionOptions{
		Isolation: witTypes.None[wit.Isolation](),
		ReadOnly:  options.ReadOnly,
		TimeoutMs: witTypes.None[uint32](),
	}
	if options.Isolation != DefaultIsolation {
		chosen.Isolation = witTypes.Some(uint8(options.Isolation) - 1)
	}
	if options.Timeout > 0 {
		milliseconds := (options.Timeout + time.Millisecond - 1).Milliseconds()
		chosen.TimeoutMs = witTypes.Some(uint32(min(milliseconds, math.MaxUint32)))
	}
	result := host.Call(func() beginResult { return wit.Begin(witTypes.Some(chosen)) })
	if result.IsErr() {
		return nil, failure(result.Err())
	}
	return &Tx{handle: result.Ok()}, nil
}

// Commit makes what the transaction has done part of the request's unit of work, and ends it.
// Transaction does it by itself.
func (tx *Tx) Commit() error {
	tx.ended = true
	return check(host.Call(tx.handle.Commit))
}

// Rollback undoes what the transaction has done, and ends it.
func (tx *Tx) Rollback() error {
	tx.ended = true
	return check(host.Call(tx.handle.Rollback))
}

// Query is Query of the package, inside the transaction.
func (tx *Tx) Query(sql string, args ...any) (*Rows, error) {
	return query(tx.handle, sql, args)
}

// QueryOne is QueryOne of the package, inside the transaction.
func (tx *Tx) QueryOne(sql string, args ...any) (*Row, error) {
	return queryOne(tx.handle, sql, args)
}

// All is All of the package, inside the transaction.
func (tx *Tx) All[T any](sql string, args ...any) ([]T, error) {
	return all[T](tx.handle, sql, args)
}

// One is One of the package, inside the transaction.
func (tx *Tx) One[T any](sql string, args ...any) (T, error) {
	return one[T](tx.handle, sql, args)
}

// Execute is Execute of the package, inside the transaction.
func (tx *Tx) Execute(sql string, args ...any) (int64, error) {
	return execute(tx.handle, sql, args)
}
