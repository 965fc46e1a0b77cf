package main

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"time"

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/db"
	"innkeeper-sdk/web"
)

// Entry is one entry of the book.
type Entry struct {
	// ID grows with every entry.
	ID      int64
	Author  string
	Message string
	// Photo is the id of the photo's blob.
	Photo *string
	// Owner was signed in while writing: the one who may delete the entry.
	Owner   *string
	Created time.Time
}

// listing is a page of entries for programs.
type listing struct {
	Entries []Entry `json:"entries"`
	Next    *int64  `json:"next"`
}

// MarshalJSON writes the entry as programs read it.
func (e Entry) MarshalJSON() ([]byte, error) {
	var photo *string
	if e.Photo != nil {
		path := "/photos/" + *e.Photo
		photo = &path
	}
	return json.Marshal(struct {
		ID      int64   `json:"id"`
		Author  string  `json:"author"`
		Message string  `json:"message"`
		Photo   *string `json:"photo"`
		Created string  `json:"created"`
	}{e.ID, e.Author, e.Message, photo, e.Created.Format("2006-01-02T15:04:05.000000Z")})
}

// BelongsTo reports whether the user may delete the entry.
func (e Entry) BelongsTo(user string) bool {
	return e.Owner != nil && *e.Owner == user
}

// defineTable makes the table where it is missing. The guestbooks in all languages describe the
// same one: each finds the entries of the others.
func defineTable() error {
	_, err := db.DefineTable(db.Table{
		Name: "entries",
		Columns: []db.Column{
			{Name: "id", Type: db.TypeInteger, Identity: true},
			{Name: "author", Type: db.TypeText},
			{Name: "message", Type: db.TypeText},
			{Name: "photo", Type: db.TypeText, Nullable: true},
			{Name: "owner", Type: db.TypeText, Nullable: true},
			{Name: "created", Type: db.TypeInstant},
		},
		Indexes: []db.Index{{Columns: []string{"photo"}}},
	})
	return err
}

// list returns at most limit entries that are older than the entry before, or the newest, and
// where the next listing begins: nil at the end of the book.
func list(before *int64, limit int64) (entries []Entry, next *int64, err error) {
	first := int64(math.MaxInt64)
	if before != nil {
		first = *before
	}
	// One more than asked for shows whether there are older ones.
	entries, err = db.All[Entry](`select id, author, message, photo, owner, created
		from entries where id < $1 order by id desc limit $2`, first, limit+1)
	if int64(len(entries)) > limit {
		entries = entries[:limit]
		next = &entries[limit-1].ID
	}
	return entries, next, err
}

func insert(entry Entry) error {
	_, err := db.Execute("insert into entries (author, message, photo, owner, created) values ($1, $2, $3, $4, $5)",
		entry.Author, entry.Message, entry.Photo, entry.Owner, entry.Created)
	return err
}

// mustShow fails with innkeeper.NotFound where no entry shows the photo.
func mustShow(photo string) error {
	_, err := db.One[int64]("select id from entries where photo = $1 limit 1", photo)
	return err
}

// remove deletes an entry if it belongs to the user, and returns its photo.
func remove(id int64, user string) (photo *string, err error) {
	// One statement decides and deletes, so that of two parallel requests only one gets the photo.
	photo, err = db.One[*string]("delete from entries where id = $1 and owner = $2 returning photo", id, user)
	if !errors.Is(err, innkeeper.NotFound) {
		return photo, err
	}
	if _, err := db.One[int64]("select id from entries where id = $1", id); err != nil {
		return nil, err
	}
	return nil, web.Fail(http.StatusForbidden, "This entry is somebody else's.")
}
