package innkeeper

import "errors"

// Error is a failure that the host reports. Get it with errors.As, or compare its code with
// errors.Is(err, innkeeper.UniqueViolation).
type Error struct {
	// Code says what kind of failure it is.
	Code Code
	// Message is for the app's author. It may quote a statement or a value: do not show it to
	// visitors.
	Message string
	// Retryable says whether the same request may well succeed if it is made again.
	Retryable bool
	// Constraint is the constraint or column that was violated, where it is known.
	Constraint string
	// SQLState has the five characters of SQLSTATE where the database gave one.
	SQLState string
	// Field is the form field to blame, where there is one.
	Field string
	// Interface is `db`, `blob-upload` or `session`.
	Interface string
}

// Error tells the interface, the code and the message.
func (e *Error) Error() string {
	text := e.Interface + ": " + string(e.Code) + ": " + e.Message
	if e.SQLState != "" {
		text += " (SQLSTATE " + e.SQLState + ")"
	}
	return text
}

// Is makes errors.Is(err, code) true for the code of the error.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Retryable reports whether err is a failure after which the same request may well succeed.
func Retryable(err error) bool {
	var failure *Error
	return errors.As(err, &failure) && failure.Retryable
}

// Code is the kind of a failure, spelled as in the WIT files. It is an error itself, as the target
// of errors.Is.
type Code string

// Error returns the code.
func (c Code) Error() string { return string(c) }

// Codes of the interface db. Some of them occur in the other interfaces too.
const (
	// Unavailable: the database cannot be reached.
	Unavailable Code = "unavailable"
	// Busy: every connection or the write lock stayed taken for too long.
	Busy Code = "busy"
	// Timeout: the statement ran out of time.
	Timeout Code = "timeout"
	// Syntax: the text is no SQL, or names something that does not exist.
	Syntax Code = "syntax"
	// UniqueViolation: a row with these values is there already.
	UniqueViolation Code = "unique-violation"
	// ForeignKeyViolation: a row that is referred to does not exist, or is still referred to.
	ForeignKeyViolation Code = "foreign-key-violation"
	// NotNullViolation: a column that must have a value would have none.
	NotNullViolation Code = "not-null-violation"
	// CheckViolation: a value does not meet a condition of the table.
	CheckViolation Code = "check-violation"
	// Serialization: another request got in between.
	Serialization Code = "serialization"
	// ReadOnly: the database takes no writes at the moment, or the transaction is read-only.
	ReadOnly Code = "read-only"
	// Denied: an app may not run this statement.
	Denied Code = "denied"
	// BadParameter: a parameter does not fit, or a value cannot be converted.
	BadParameter Code = "bad-parameter"
	// NotFound: there is no such thing.
	NotFound Code = "not-found"
	// TooLarge: something exceeds a limit.
	TooLarge Code = "too-large"
	// Conflict: the call contradicts what was done before.
	Conflict Code = "conflict"
	// Closed: the transaction, the cursor or the request's unit of work has ended.
	Closed Code = "closed"
	// CommitUnknown: the connection was lost during a commit, which may have been kept or not.
	CommitUnknown Code = "commit-unknown"
	// Other: everything else.
	Other Code = "other"
)

// Codes of the interface blob-upload alone.
const (
	// UnsupportedType: a file is not of an accepted type.
	UnsupportedType Code = "unsupported-type"
	// BadForm: the body of the request is no well-formed form.
	BadForm Code = "bad-form"
	// Interrupted: the visitor went away before everything had arrived.
	Interrupted Code = "interrupted"
	// QuotaExceeded: the app's blobs are as large as they may become, or the disk is full.
	QuotaExceeded Code = "quota-exceeded"
)
