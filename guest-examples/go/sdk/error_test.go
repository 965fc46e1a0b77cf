package innkeeper

import (
	"errors"
	"fmt"
	"testing"
)

func TestAnErrorIsFoundByItsCode(t *testing.T) {
	err := fmt.Errorf("add the user: %w", &Error{Interface: "db", Code: UniqueViolation, Message: "taken", SQLState: "23505"})
	if !errors.Is(err, UniqueViolation) || errors.Is(err, NotFound) || Retryable(err) {
		t.Error(err)
	}
	var failure *Error
	if !errors.As(err, &failure) || failure.Error() != "db: unique-violation: taken (SQLSTATE 23505)" {
		t.Error(failure)
	}
	if !Retryable(fmt.Errorf("busy: %w", &Error{Code: Busy, Retryable: true})) {
		t.Error("not retryable")
	}
}
