// Package form receives forms: the host reads them, and their csrf token is checked, in one call.
package form

import (
	"errors"
	"html"
	"net/http"

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/blobs"
	"innkeeper-sdk/session"
	"innkeeper-sdk/web"
)

// TokenField is the name of the hidden field with the csrf token.
const TokenField = "csrf"

// Form is a form that has been received. Its files are staged.
type Form struct{ blobs.Form }

// Receive receives a form that takes no files, and checks its csrf token, which
// session.CSRFToken(name) has given. Where it fails, the error is a *web.Error with the right
// status: 400, 403, 413, 415 or 507; or it is what the host reports. With 403 the form is returned
// too, so that nobody has to write it again.
func Receive(name string) (*Form, error) {
	return ReceiveFiles(name, blobs.Limits{MaxFiles: blobs.NoFiles})
}

// ReceiveFiles is Receive for a form that takes files.
func ReceiveFiles(name string, limits blobs.Limits) (*Form, error) {
	received, err := blobs.ReceiveForm(limits)
	if err != nil {
		return nil, refusal(err)
	}
	form := &Form{received}
	genuine, err := session.CSRFCheck(name, form.Value(TokenField))
	if err != nil {
		return nil, err
	}
	if !genuine {
		return form, web.Fail(http.StatusForbidden, "This page was out of date. Please send the form again.")
	}
	return form, nil
}

// refusal gives what the visitor can mend a status and a text.
func refusal(err error) error {
	var failure *innkeeper.Error
	if !errors.As(err, &failure) {
		return err
	}
	status, text := 0, ""
	switch failure.Code {
	case innkeeper.TooLarge:
		status, text = http.StatusRequestEntityTooLarge, "That is too large."
	case innkeeper.UnsupportedType:
		status, text = http.StatusUnsupportedMediaType, "A file of this type is not accepted."
	case innkeeper.BadForm, innkeeper.Interrupted:
		status, text = http.StatusBadRequest, "The form could not be read."
	case innkeeper.QuotaExceeded:
		status, text = http.StatusInsufficientStorage, "There is no room for more files."
	default:
		return err
	}
	return &web.Error{Status: status, Text: text, Cause: err}
}

// Value returns the value of the first field of the name; empty where there is none.
func (f *Form) Value(name string) string {
	for _, field := range f.Fields {
		if field.Name == name {
			return field.Value
		}
	}
	return ""
}

// Values returns the values of all fields of the name.
func (f *Form) Values(name string) []string {
	var values []string
	for _, field := range f.Fields {
		if field.Name == name {
			values = append(values, field.Value)
		}
	}
	return values
}

// File returns the first file of the field; nil where the visitor chose none.
func (f *Form) File(field string) *blobs.Blob {
	for i := range f.Files {
		if f.Files[i].Field == field {
			return &f.Files[i].Blob
		}
	}
	return nil
}

// HiddenField returns the hidden input with the csrf token of a form, as HTML. A template of
// html/template has the function csrf of session.Functions instead.
func HiddenField(name string) (string, error) {
	token, err := session.CSRFToken(name)
	if err != nil {
		return "", err
	}
	return `<input type="hidden" name="` + TokenField + `" value="` + html.EscapeString(token) + `">`, nil
}
