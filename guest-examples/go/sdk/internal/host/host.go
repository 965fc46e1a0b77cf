// Package host calls the functions that the host offers, and keeps what is known of the request.
package host

import (
	"math"
	"strings"
	"sync"
	"time"

	"innkeeper-sdk/internal/memory"
	witTypes "innkeeper-sdk/internal/wit/types"
)

var calling sync.Mutex

// Call runs one function of the host. Calls come one after the other, since the host puts what it
// returns into memory that is set aside for one call.
func Call[T any](function func() T) T {
	return CallFor(0, function)
}

// CallFor is Call for a result of about so many bytes.
func CallFor[T any](size int, function func() T) T {
	calling.Lock()
	defer calling.Unlock()
	memory.Reserve(size)
	return function()
}

// Text is a text as the host takes it: bytes that are no UTF-8 become U+FFFD. The host would end
// the request.
func Text(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// Optional makes an option of a pointer: none of nil.
func Optional[T any](value *T) witTypes.Option[T] {
	if value == nil {
		return witTypes.None[T]()
	}
	return witTypes.Some(*value)
}

// NonZero makes an option of a value: none of the zero value.
func NonZero[T comparable](value T) witTypes.Option[T] {
	var zero T
	if value == zero {
		return witTypes.None[T]()
	}
	return witTypes.Some(value)
}

// Unwrap returns the value of an option, and whether there is one.
func Unwrap[T any](option witTypes.Option[T]) (value T, found bool) {
	if option.IsNone() {
		return value, false
	}
	return option.Some(), true
}

// Seconds is a duration as the host counts it. What it cannot say becomes the nearest that it can:
// the host refuses what is too long.
func Seconds(duration time.Duration) uint32 {
	return uint32(min(max(duration/time.Second, 0), math.MaxUint32))
}

// Answered is true once the host answers the request with a blob. An instance serves one request.
var Answered bool
