package db

import (
	"innkeeper-sdk/internal/host"
	wit "innkeeper-sdk/internal/wit/imports/innkeeper_storage_db"
	witTypes "innkeeper-sdk/internal/wit/types"
)

// Type is the type of a column. It means the same on both databases.
type Type uint8

// The types of columns.
const (
	TypeBoolean Type = iota
	// TypeInteger has 64 bits.
	TypeInteger
	// TypeFloat has 64 bits.
	TypeFloat
	// TypeDecimal keeps every digit.
	TypeDecimal
	TypeText
	TypeBytes
	TypeUUID
	TypeDate
	// TypeTime is a time of day, to the microsecond.
	TypeTime
	// TypeDateTime is a date and a time of day without a zone.
	TypeDateTime
	// TypeInstant is a point in time, to the microsecond: a time.Time.
	TypeInstant
	TypeJSON
)

// OnDelete says what becomes of a row when the row that it refers to is deleted.
type OnDelete uint8

// What becomes of a row when the row that it refers to is deleted.
const (
	// Restrict: the other row cannot be deleted.
	Restrict OnDelete = iota
	// Cascade: the row is deleted too.
	Cascade
	// SetNull: the column becomes NULL.
	SetNull
)

type special uint8

// What a new row may get in a column, besides a constant.
const (
	// Now is the time at which the transaction began.
	Now special = iota
	// RandomUUID is a random UUID.
	RandomUUID
)

// Table describes a table. The zero values are the usual choice.
type Table struct {
	Name    string
	Columns []Column
	// PrimaryKey names columns. Where it is empty, it is the column with Identity.
	PrimaryKey []string
	Indexes    []Index
	Checks     []Check
}

// Column describes a column.
type Column struct {
	Name     string
	Type     Type
	Nullable bool
	// Identity gives each new row the next number. Only for TypeInteger as the whole primary key.
	Identity bool
	// MaxLength is in characters. Zero: none.
	MaxLength uint32
	// Default is a constant, Now or RandomUUID. Nil: none.
	Default    any
	References *Reference
}

// Reference is a column of another table, or of the same one, that has the value.
type Reference struct {
	Table    string
	Column   string
	OnDelete OnDelete
}

// Index describes an index.
type Index struct {
	Columns []string
	Unique  bool
}

// Check is a condition that every row must meet.
type Check struct {
	Name      string
	Condition string
}

// DefineTable creates a table as described, or adds what it lacks of columns, indexes and checks.
// It never removes or rewrites anything: a difference that cannot be added is refused with
// innkeeper.Conflict. Call it before the request writes; a table that is as described costs
// nothing. It returns whether anything was changed.
func DefineTable(table Table) (changed bool, err error) {
	described := wit.Table{Name: table.Name, PrimaryKey: table.PrimaryKey}
	for _, column := range table.Columns {
		one, err := describe(column)
		if err != nil {
			return false, err
		}
		described.Columns = append(described.Columns, one)
		if len(table.PrimaryKey) == 0 && column.Identity {
			described.PrimaryKey = []string{column.Name}
		}
	}
	for _, index := range table.Indexes {
		described.Indexes = append(described.Indexes, wit.Index(index))
	}
	for _, check := range table.Checks {
		described.Checks = append(described.Checks, wit.Check(check))
	}
	result := host.Call(func() boolResult { return wit.DefineTable(described) })
	if result.IsErr() {
		return false, failure(result.Err())
	}
	return result.Ok(), nil
}

func describe(column Column) (wit.Column, error) {
	described := wit.Column{
		Name:       column.Name,
		ColumnType: wit.ColumnType(column.Type),
		Nullable:   column.Nullable,
		Identity:   column.Identity,
		MaxLength:  host.NonZero(column.MaxLength),
		Initial:    witTypes.None[wit.ColumnDefault](),
		References: witTypes.None[wit.Reference](),
	}
	if reference := column.References; reference != nil {
		described.References = witTypes.Some(wit.Reference{
			Table:    reference.Table,
			Column:   reference.Column,
			OnDelete: wit.OnDelete(reference.OnDelete),
		})
	}
	switch initial := column.Default.(type) {
	case nil:
	case special:
		made := wit.MakeColumnDefaultNow()
		if initial == RandomUUID {
			made = wit.MakeColumnDefaultRandomUuid()
		}
		described.Initial = witTypes.Some(made)
	default:
		value, err := toValue(initial)
		if err != nil {
			return described, badParameter("the default of the column %s: %v", column.Name, message(err))
		}
		described.Initial = witTypes.Some(wit.MakeColumnDefaultConstant(value))
	}
	return described, nil
}

// Migration is a step in the history of the app's tables.
type Migration struct {
	// Name is unique in the app, for example `0001-entries`.
	Name string
	// Statements are run one after the other.
	Statements []string
	// SQLiteStatements are run instead where the database is SQLite. Nil: the same ones.
	SQLiteStatements []string
	// Destroys names what the statements may destroy: `entries` for a table, `entries.note` for a
	// column.
	Destroys []string
}

// Migrate runs those of the migrations that the app has not run yet, all or none, and returns
// their names. Call it at the start of every request: once a list has been applied, the database
// is not asked.
func Migrate(migrations ...Migration) (names []string, err error) {
	steps := make([]wit.Migration, len(migrations))
	for i, migration := range migrations {
		steps[i] = wit.Migration{
			Name:             migration.Name,
			Statements:       migration.Statements,
			SqliteStatements: witTypes.None[[]string](),
			Destroys:         migration.Destroys,
		}
		if migration.SQLiteStatements != nil {
			steps[i].SqliteStatements = witTypes.Some(migration.SQLiteStatements)
		}
	}
	result := host.Call(func() namesResult { return wit.Migrate(steps) })
	if result.IsErr() {
		return nil, failure(result.Err())
	}
	return result.Ok(), nil
}
