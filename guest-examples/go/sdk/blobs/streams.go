package blobs

import (
	"io"

	"innkeeper-sdk/internal/host"
	wit "innkeeper-sdk/internal/wit/imports/innkeeper_storage_blob_upload"
	witTypes "innkeeper-sdk/internal/wit/types"
)

// pieceBytes is the most that one call reads or writes.
const pieceBytes = 1 << 20

// Writer receives the bytes of a blob that the app makes itself. Close it in any case; closed
// before Finish, nothing is left.
type Writer struct{ handle *wit.Writer }

// Create begins a blob. The name may be empty. The content type counts where the bytes themselves
// do not tell.
func Create(name, contentType string) (*Writer, error) {
	handle, err := call(func() result[*wit.Writer] { return wit.Create(host.NonZero(host.Text(name)), host.Text(contentType)) })
	if err != nil {
		return nil, err
	}
	return &Writer{handle}, nil
}

// Write appends bytes.
func (w *Writer) Write(data []byte) (written int, err error) {
	for len(data) > 0 {
		piece := data[:min(len(data), pieceBytes)]
		if err := do(func() result[witTypes.Unit] { return w.handle.Write(piece) }); err != nil {
			return written, err
		}
		written += len(piece)
		data = data[len(piece):]
	}
	return written, nil
}

// Finish stages the blob.
func (w *Writer) Finish() (Blob, error) {
	return one(w.handle.Finish)
}

// Close ends the writer.
func (w *Writer) Close() error {
	w.handle.Drop()
	return nil
}

// Reader reads a blob. Close it in any case.
type Reader struct {
	// Blob is what is being read.
	Blob   Blob
	handle *wit.Reader
}

// Open opens a blob for reading.
func Open(id string) (*Reader, error) {
	return open(id, witTypes.None[wit.ByteRange]())
}

// OpenRange opens length bytes of a blob, from its byte number first, counted from 0. A negative
// length reads to the end.
func OpenRange(id string, first, length int64) (*Reader, error) {
	part := wit.ByteRange{First: uint64(max(first, 0)), Last: witTypes.None[uint64]()}
	if length > 0 {
		part.Last = witTypes.Some(uint64(first + length - 1))
	}
	return open(id, witTypes.Some(part))
}

func open(id string, part witTypes.Option[wit.ByteRange]) (*Reader, error) {
	handle, err := call(func() result[*wit.Reader] { return wit.Open(host.Text(id), part) })
	if err != nil {
		return nil, err
	}
	return &Reader{Blob: toBlob(host.Call(handle.GetBlob)), handle: handle}, nil
}

// Read reads the next bytes, as io.Reader.
func (r *Reader) Read(buffer []byte) (int, error) {
	if len(buffer) == 0 {
		return 0, nil
	}
	data, err := r.read(min(len(buffer), pieceBytes))
	if err == nil && len(data) == 0 {
		err = io.EOF
	}
	return copy(buffer, data), err
}

// WriteTo writes what is left in large pieces, as io.WriterTo. io.Copy calls it.
func (r *Reader) WriteTo(w io.Writer) (written int64, err error) {
	for {
		data, err := r.read(pieceBytes)
		if err != nil || len(data) == 0 {
			return written, err
		}
		count, err := w.Write(data)
		written += int64(count)
		if err != nil {
			return written, err
		}
	}
}

func (r *Reader) read(size int) ([]byte, error) {
	return callFor(size, func() result[[]byte] { return r.handle.Read(uint32(size)) })
}

// Close ends the reader.
func (r *Reader) Close() error {
	r.handle.Drop()
	return nil
}
