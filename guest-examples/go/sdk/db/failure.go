package db

import (
	"fmt"

	innkeeper "innkeeper-sdk"
	wit "innkeeper-sdk/internal/wit/imports/innkeeper_storage_db"
	witTypes "innkeeper-sdk/internal/wit/types"
)

type (
	rowsResult   = witTypes.Result[wit.Rows, wit.DbError]
	countResult  = witTypes.Result[uint32, wit.DbError]
	emptyResult  = witTypes.Result[witTypes.Unit, wit.DbError]
	cursorResult = witTypes.Result[*wit.Cursor, wit.DbError]
	nextResult   = witTypes.Result[[][]wit.Value, wit.DbError]
	batchResult  = witTypes.Result[[]wit.Outcome, wit.DbError]
	beginResult  = witTypes.Result[*wit.Transaction, wit.DbError]
	namesResult  = witTypes.Result[[]string, wit.DbError]
	boolResult   = witTypes.Result[bool, wit.DbError]
)

var codes = [...]innkeeper.Code{
	wit.DbErrorCode_Unavailable:         innkeeper.Unavailable,
	wit.DbErrorCode_Busy:                innkeeper.Busy,
	wit.DbErrorCode_Timeout:             innkeeper.Timeout,
	wit.DbErrorCode_Syntax:              innkeeper.Syntax,
	wit.DbErrorCode_UniqueViolation:     innkeeper.UniqueViolation,
	wit.DbErrorCode_ForeignKeyViolation: innkeeper.ForeignKeyViolation,
	wit.DbErrorCode_NotNullViolation:    innkeeper.NotNullViolation,
	wit.DbErrorCode_CheckViolation:      innkeeper.CheckViolation,
	wit.DbErrorCode_Serialization:       innkeeper.Serialization,
	wit.DbErrorCode_ReadOnly:            innkeeper.ReadOnly,
	wit.DbErrorCode_Denied:              innkeeper.Denied,
	wit.DbErrorCode_BadParameter:        innkeeper.BadParameter,
	wit.DbErrorCode_NotFound:            innkeeper.NotFound,
	wit.DbErrorCode_TooLarge:            innkeeper.TooLarge,
	wit.DbErrorCode_Conflict:            innkeeper.Conflict,
	wit.DbErrorCode_Closed:              innkeeper.Closed,
	wit.DbErrorCode_CommitUnknown:       innkeeper.CommitUnknown,
	wit.DbErrorCode_Other:               innkeeper.Other,
}

func failure(problem wit.DbError) error {
	return &innkeeper.Error{
		Interface:  "db",
		Code:       codes[problem.Code],
		Message:    problem.Message,
		Retryable:  problem.Retryable,
		Constraint: problem.Constraint.SomeOr(""),
		SQLState:   problem.Sqlstate,
	}
}

func check(result emptyResult) error {
	if result.IsErr() {
		return failure(result.Err())
	}
	return nil
}

// badParameter is an error that is found before the host is asked.
func badParameter(format string, args ...any) error {
	return &innkeeper.Error{Interface: "db", Code: innkeeper.BadParameter, Message: fmt.Sprintf(format, args...)}
}

// message is the text of an error without what comes before it in the log.
func message(err error) string {
	if failure, ok := err.(*innkeeper.Error); ok {
		return failure.Message
	}
	return err.Error()
}
