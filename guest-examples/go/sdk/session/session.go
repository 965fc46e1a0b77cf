// Package session keeps what belongs to one visitor: values by key, messages for the next page,
// who is signed in, and proof that a form is the app's own.
//
// A visitor without a session costs nothing until the first write here, which begins one. Writes
// are kept with the request, or not at all. Parallel requests that change different keys lose
// nothing. Texts are UTF-8: what is none becomes U+FFFD.
package session

import (
	"time"

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/internal/host"
	wit "innkeeper-sdk/internal/wit/imports/innkeeper_storage_session"
	witTypes "innkeeper-sdk/internal/wit/types"
)

type result[T any] = witTypes.Result[T, wit.SessionError]

var codes = [...]innkeeper.Code{
	wit.SessionErrorCode_Unavailable:  innkeeper.Unavailable,
	wit.SessionErrorCode_Busy:         innkeeper.Busy,
	wit.SessionErrorCode_Timeout:      innkeeper.Timeout,
	wit.SessionErrorCode_BadParameter: innkeeper.BadParameter,
	wit.SessionErrorCode_TooLarge:     innkeeper.TooLarge,
	wit.SessionErrorCode_ReadOnly:     innkeeper.ReadOnly,
	wit.SessionErrorCode_Closed:       innkeeper.Closed,
	wit.SessionErrorCode_Other:        innkeeper.Other,
}

// call runs a function of the host and makes an error of what it refuses.
func call[T any](function func() result[T]) (value T, err error) {
	answer := host.Call(function)
	if answer.IsErr() {
		problem := answer.Err()
		return value, &innkeeper.Error{
			Interface: "session",
			Code:      codes[problem.Code],
			Message:   problem.Message,
			Retryable: problem.Retryable,
		}
	}
	return answer.Ok(), nil
}

func do(function func() result[witTypes.Unit]) error {
	_, err := call(function)
	return err
}

// Functions are for html/template, as template.New(name).Funcs(session.Functions): `{{user}}` is
// User, `{{range flash}}` goes through TakeFlash, `{{csrf "form"}}` is CSRFToken. Where one fails,
// so does the template.
var Functions = map[string]any{"user": User, "flash": TakeFlash, "csrf": CSRFToken}

// Get returns the value under key; the empty string where there is none.
func Get(key string) (string, error) {
	value, _, err := Lookup(key)
	return value, err
}

// Lookup returns the value under key, and whether there is one.
func Lookup(key string) (value string, found bool, err error) {
	option, err := call(func() result[witTypes.Option[string]] { return wit.Get(host.Text(key)) })
	if err != nil {
		return "", false, err
	}
	value, found = host.Unwrap(option)
	return value, found, nil
}

// Set puts a value under key, over an older one.
func Set(key, value string) error {
	return do(func() result[witTypes.Unit] { return wit.Set(host.Text(key), host.Text(value)) })
}

// Remove takes key away, if it is there.
func Remove(key string) error {
	return do(func() result[witTypes.Unit] { return wit.Remove(host.Text(key)) })
}

// Keys returns all keys, sorted.
func Keys() ([]string, error) {
	return call(wit.GetKeys)
}

// Increment adds by to the number under key, where none counts as 0, and returns the sum. None of
// two parallel requests is lost.
func Increment(key string, by int64) (int64, error) {
	return call(func() result[int64] { return wit.Increment(host.Text(key), by) })
}

// CompareAndSet puts value under key only if the value there is *expected; nil: only if there is
// none. It returns whether it did.
func CompareAndSet(key string, expected *string, value string) (bool, error) {
	return call(func() result[bool] {
		return wit.CompareAndSet(host.Text(key), host.Optional(expected), host.Text(value))
	})
}

// Flash leaves a message for the visitor, to be shown once, on this page or on the next.
func Flash(message string) error {
	return do(func() result[witTypes.Unit] { return wit.Flash(host.Text(message)) })
}

// TakeFlash takes the messages left for the visitor, oldest first.
func TakeFlash() ([]string, error) {
	return call(wit.TakeFlash)
}

// User returns who is signed in; the empty string where nobody is.
func User() (string, error) {
	option, err := call(wit.GetUser)
	if err != nil {
		return "", err
	}
	return option.SomeOr(""), nil
}

// SignIn gives the session a new id and notes who is signed in: the user's name or id.
func SignIn(user string) error {
	return do(func() result[witTypes.Unit] { return wit.Renew(witTypes.Some(host.Text(user))) })
}

// SignOut gives the session a new id and notes that nobody is signed in. Values and messages stay;
// Destroy ends them too.
func SignOut() error {
	return do(func() result[witTypes.Unit] { return wit.Renew(witTypes.None[string]()) })
}

// SetExpiry changes how long the session lives: idle after its last use, absolute from now. Zero:
// unchanged.
func SetExpiry(idle, absolute time.Duration) error {
	return do(func() result[witTypes.Unit] {
		return wit.SetExpiry(host.NonZero(host.Seconds(idle)), host.NonZero(host.Seconds(absolute)))
	})
}

// Destroy ends the session and everything in it. A write after it begins a new one.
func Destroy() error {
	return do(wit.Destroy)
}

// DestroyAll ends every session in which user is signed in, and returns how many.
func DestroyAll(user string) (int, error) {
	count, err := call(func() result[uint32] { return wit.DestroyAll(host.Text(user)) })
	return int(count), err
}

// CSRFToken returns a token for the hidden field `csrf` of a form. The name of the form is of your
// choice. It begins a session where the visitor has none. Package form checks the token.
func CSRFToken(form string) (string, error) {
	return call(func() result[string] { return wit.CsrfToken(host.Text(form)) })
}

// CSRFCheck reports whether token is the one that CSRFToken gives this visitor for the form.
func CSRFCheck(form, token string) (bool, error) {
	return call(func() result[bool] { return wit.CsrfCheck(host.Text(form), host.Text(token)) })
}
