// Package blobs keeps files. The host receives them straight from the visitor and sends them
// straight to the visitor; their bytes pass through the app only where it asks for them.
//
// A blob that has been received is staged, and swept an hour later. Keep makes it stay, together
// with what else the request writes: so receive, keep, and insert the row that names it.
package blobs

import (
	"time"

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/internal/host"
	wit "innkeeper-sdk/internal/wit/imports/innkeeper_storage_blob_upload"
	witTypes "innkeeper-sdk/internal/wit/types"
)

// Blob is what is known about a blob.
type Blob struct {
	// ID has 32 hexadecimal digits. It is safe in a URL and impossible to guess.
	ID string
	// Size is in bytes.
	Size int64
	// SHA256 has 64 hexadecimal digits.
	SHA256 string
	// ContentType is found by looking at the bytes where they tell, else as the sender declared it.
	ContentType string
	// Name is the file name that the sender gave. It is data, never a path.
	Name string
	// Created is when it was received.
	Created time.Time
	// Kept says whether it stays.
	Kept bool
}

// Limits say what may be received. The zero value leaves only the app's own limits.
type Limits struct {
	// MaxFile is the number of bytes of the largest file.
	MaxFile uint32
	// MaxTotal is the number of bytes of all files together.
	MaxTotal uint32
	// MaxFiles is the number of files; NoFiles for a form that takes none.
	MaxFiles int
	// Accept has media types of files, for example `image/*`. Empty: any.
	Accept []string
}

// NoFiles as MaxFiles refuses every file.
const NoFiles = -1

// Form is a received form, in the order of the request. Package form offers more.
type Form struct {
	Fields []FormField
	Files  []FormFile
}

// FormField is a field of a form that is no file.
type FormField struct {
	Name, Value string
}

// FormFile is a file of a form, received and staged.
type FormFile struct {
	// Field is the name of the form field.
	Field string
	Blob  Blob
}

// ReceiveForm receives the form in the body of the request and stages its files. Call it instead
// of reading the body.
func ReceiveForm(limits Limits) (Form, error) {
	received, err := call(func() result[wit.Form] { return wit.ReceiveForm(witTypes.Some(toLimits(limits))) })
	if err != nil {
		return Form{}, err
	}
	form := Form{}
	for _, field := range received.Fields {
		form.Fields = append(form.Fields, FormField(field))
	}
	for _, file := range received.Files {
		form.Files = append(form.Files, FormFile{file.Field, toBlob(file.Blob)})
	}
	return form, nil
}

// ReceiveBody receives the whole body of the request as one staged blob. The name may be empty.
func ReceiveBody(name string, limits Limits) (Blob, error) {
	return one(func() result[wit.Blob] {
		return wit.ReceiveBody(host.NonZero(host.Text(name)), witTypes.Some(toLimits(limits)))
	})
}

// Stat returns what is known about a blob, staged or kept.
func Stat(id string) (Blob, error) {
	return one(func() result[wit.Blob] { return wit.Stat(host.Text(id)) })
}

// List returns at most limit (1 to 1,000) kept blobs in the order of their ids, beginning behind
// the id after; an empty id begins at the first.
func List(after string, limit int) ([]Blob, error) {
	found, err := call(func() result[[]wit.Blob] {
		return wit.ListBlobs(host.NonZero(host.Text(after)), uint32(min(max(limit, 0), 1001)))
	})
	blobs := make([]Blob, len(found))
	for i, blob := range found {
		blobs[i] = toBlob(blob)
	}
	return blobs, err
}

// Keep makes a staged blob stay. Keeping a kept blob changes nothing.
func Keep(id string) error {
	return do(func() result[witTypes.Unit] { return wit.Keep(host.Text(id)) })
}

// Delete deletes a blob.
func Delete(id string) error {
	return do(func() result[witTypes.Unit] { return wit.Delete(host.Text(id)) })
}

// SendOptions say how a blob is sent. The zero value shows it under its own name.
type SendOptions struct {
	// Name is the file name that the visitor is shown. Empty: the name of the blob.
	Name string
	// Download offers to save the file rather than to show it.
	Download bool
	// MaxAge is how long the browser may use its copy without asking.
	MaxAge time.Duration
}

// Send answers the request with a blob: the host sends status, headers and bytes, with conditions
// and ranges. Return from the handler then, and write nothing to the http.ResponseWriter.
func Send(id string, options SendOptions) error {
	err := do(func() result[witTypes.Unit] { return wit.Send(host.Text(id), witTypes.Some(toOptions(options))) })
	if err == nil {
		host.Answered = true
	}
	return err
}

// SignDownload makes a path, with its query, from which whoever holds it can fetch a blob for a
// while, without waking the app.
func SignDownload(id string, options SendOptions, lifetime time.Duration) (string, error) {
	return call(func() result[string] {
		return wit.SignDownload(host.Text(id), witTypes.Some(toOptions(options)), host.Seconds(lifetime))
	})
}

// Ticket is leave for whoever holds it to upload one blob without the app.
type Ticket struct {
	// ID is the one that the blob will have: keep the blob in a later request.
	ID string
	// Path, with its query, is an endpoint for any client of the tus protocol 1.0.
	Path string
}

// SignUpload makes a ticket for one blob. Limits.MaxFiles counts for nothing.
func SignUpload(limits Limits, lifetime time.Duration) (Ticket, error) {
	ticket, err := call(func() result[wit.UploadTicket] {
		return wit.SignUpload(witTypes.Some(toLimits(limits)), host.Seconds(lifetime))
	})
	return Ticket{ticket.Id, ticket.Path}, err
}

func toBlob(blob wit.Blob) Blob {
	return Blob{
		ID:          blob.Id,
		Size:        int64(blob.Size),
		SHA256:      blob.Sha256,
		ContentType: blob.ContentType,
		Name:        blob.Name.SomeOr(""),
		Created:     time.UnixMicro(blob.Created).UTC(),
		Kept:        blob.Kept,
	}
}

func toLimits(limits Limits) wit.FormLimits {
	maxFiles := host.NonZero(uint32(max(limits.MaxFiles, 0)))
	if limits.MaxFiles < 0 {
		maxFiles = witTypes.Some[uint32](0)
	}
	return wit.FormLimits{
		MaxFile:  host.NonZero(limits.MaxFile),
		MaxTotal: host.NonZero(limits.MaxTotal),
		MaxFiles: maxFiles,
		Accept:   limits.Accept,
	}
}

func toOptions(options SendOptions) wit.SendOptions {
	return wit.SendOptions{
		Name:     host.NonZero(host.Text(options.Name)),
		Download: options.Download,
		MaxAge:   host.NonZero(host.Seconds(options.MaxAge)),
	}
}

func one(function func() result[wit.Blob]) (Blob, error) {
	blob, err := call(function)
	if err != nil {
		return Blob{}, err
	}
	return toBlob(blob), nil
}

type result[T any] = witTypes.Result[T, wit.BlobError]

var codes = [...]innkeeper.Code{
	wit.BlobErrorCode_Unavailable:     innkeeper.Unavailable,
	wit.BlobErrorCode_Busy:            innkeeper.Busy,
	wit.BlobErrorCode_Timeout:         innkeeper.Timeout,
	wit.BlobErrorCode_NotFound:        innkeeper.NotFound,
	wit.BlobErrorCode_TooLarge:        innkeeper.TooLarge,
	wit.BlobErrorCode_UnsupportedType: innkeeper.UnsupportedType,
	wit.BlobErrorCode_BadForm:         innkeeper.BadForm,
	wit.BlobErrorCode_Interrupted:     innkeeper.Interrupted,
	wit.BlobErrorCode_BadParameter:    innkeeper.BadParameter,
	wit.BlobErrorCode_Conflict:        innkeeper.Conflict,
	wit.BlobErrorCode_QuotaExceeded:   innkeeper.QuotaExceeded,
	wit.BlobErrorCode_Closed:          innkeeper.Closed,
	wit.BlobErrorCode_ReadOnly:        innkeeper.ReadOnly,
	wit.BlobErrorCode_Other:           innkeeper.Other,
}

// call runs a function of the host and makes an error of what it refuses.
func call[T any](function func() result[T]) (T, error) {
	return callFor(0, function)
}

// callFor is call for a result of about so many bytes.
func callFor[T any](size int, function func() result[T]) (value T, err error) {
	answer := host.CallFor(size, function)
	if answer.IsErr() {
		problem := answer.Err()
		return value, &innkeeper.Error{
			Interface: "blob-upload",
			Code:      codes[problem.Code],
			Message:   problem.Message,
			Retryable: problem.Retryable,
			Field:     problem.Field.SomeOr(""),
		}
	}
	return answer.Ok(), nil
}

func do(function func() result[witTypes.Unit]) error {
	_, err := call(function)
	return err
}
