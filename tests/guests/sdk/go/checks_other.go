package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/blobs"
	"innkeeper-sdk/db"
	"innkeeper-sdk/session"
	_ "innkeeper-sdk/sqldriver"
)

func sessionValues() error {
	set := errors.Join(session.Set("b", "2"), session.Set("a", ""), session.Remove("never"))
	empty, found, err := session.Lookup("a")
	_, missing, missingErr := session.Lookup("c")
	sum, sumErr := session.Increment("b", 40)
	text, textErr := session.Get("b")
	keys, keysErr := session.Keys()
	did, didErr := session.CompareAndSet("c", nil, "new")
	didNot, didNotErr := session.CompareAndSet("c", pointer("old"), "newer")
	token, tokenErr := session.CSRFToken("a form")
	genuine, genuineErr := session.CSRFCheck("a form", token)
	forged, forgedErr := session.CSRFCheck("another", token)
	expiry := session.SetExpiry(time.Hour, 24*time.Hour)
	refused := session.Set("", "")
	return errors.Join(set, err, missingErr, sumErr, textErr, keysErr, didErr, didNotErr, tokenErr, genuineErr, forgedErr, expiry,
		require(empty == "" && found && !missing, "%q %t %t", empty, found, missing),
		require(sum == 42 && text == "42", "%d %q", sum, text),
		require(slices.Equal(keys, []string{"a", "b"}), "%v", keys),
		require(did && !didNot && genuine && !forged, "%t %t", did, didNot),
		fails(refused, innkeeper.BadParameter))
}

func sessionUser() error {
	nobody, err := session.User()
	in := session.SignIn("Ada")
	ada, adaErr := session.User()
	out := session.SignOut()
	gone, goneErr := session.User()
	again := session.SignIn("Ada")
	count, countErr := session.DestroyAll("Ada")
	return errors.Join(err, in, adaErr, out, goneErr, again, countErr, session.Destroy(),
		require(nobody == "" && ada == "Ada" && gone == "" && count == 1, "%q %q %q %d", nobody, ada, gone, count))
}

func sessionMessages() error {
	left := errors.Join(session.Flash("one"), session.Flash("two"))
	messages, err := session.TakeFlash()
	none, noneErr := session.TakeFlash()
	return errors.Join(left, err, noneErr,
		require(slices.Equal(messages, []string{"one", "two"}) && len(none) == 0, "%q %q", messages, none))
}

func blobsWrittenAndRead() error {
	writer, err := blobs.Create("large.txt", "text/plain")
	if err != nil {
		return err
	}
	defer writer.Close()
	data := bytes.Repeat([]byte("0123456789"), 300_000)
	if _, err := writer.Write(data); err != nil {
		return err
	}
	blob, err := writer.Finish()
	if err != nil {
		return err
	}
	kept := blobs.Keep(blob.ID)
	known, statErr := blobs.Stat(blob.ID)
	reader, err := blobs.Open(blob.ID)
	if err != nil {
		return err
	}
	defer reader.Close()
	read, readErr := io.ReadAll(reader)
	part, partErr := readRange(blob.ID, 1_000_005, 3)
	end, endErr := readRange(blob.ID, 2_999_998, -1)
	listed, listErr := blobs.List("", 1000)
	deleted := blobs.Delete(blob.ID)
	_, missing := blobs.Stat(blob.ID)
	return errors.Join(kept, statErr, readErr, partErr, endErr, listErr, deleted, fails(missing, innkeeper.NotFound),
		require(known.Kept && known.Name == "large.txt" && known.Size == 3_000_000 && time.Since(known.Created) < time.Hour, "%+v", known),
		require(reader.Blob.ID == blob.ID && bytes.Equal(read, data), "%d bytes came back", len(read)),
		require(part == "567" && end == "89", "%q %q", part, end), require(len(listed) > 0, "%v", listed))
}

func readRange(id string, first, length int64) (string, error) {
	reader, err := blobs.OpenRange(id, first, length)
	if err != nil {
		return "", err
	}
	defer reader.Close()
	data, err := io.ReadAll(reader)
	return string(data), err
}

func blobsSigned() error {
	writer, err := blobs.Create("", "text/plain")
	if err != nil {
		return err
	}
	defer writer.Close()
	blob, err := writer.Finish()
	if err != nil {
		return err
	}
	path, err := blobs.SignDownload(blob.ID, blobs.SendOptions{}, time.Minute)
	ticket, ticketErr := blobs.SignUpload(blobs.Limits{MaxFile: 1 << 20}, time.Minute)
	return errors.Join(err, ticketErr,
		require(strings.HasPrefix(path, "/") && strings.HasPrefix(ticket.Path, "/") && len(ticket.ID) == 32,
			"%q %+v", path, ticket))
}

func databaseSQL() error {
	database, err := sql.Open("innkeeper", "")
	if err != nil {
		return err
	}
	defer database.Close()
	tx, err := database.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	result, err := tx.Exec("insert into kept (text) values ($1), ($2)", "a", "b")
	if err != nil {
		return err
	}
	count, countErr := result.RowsAffected()
	undone := tx.Rollback()
	prepared, err := database.Prepare("insert into kept (text) values ($1)")
	if err != nil {
		return err
	}
	_, execErr := prepared.Exec("c")
	var id int64
	var text sql.NullString
	scanned := database.QueryRow("select id, text from kept").Scan(&id, &text)
	uuid, day := db.NewUUID(), db.Date{Year: 2026, Month: 1, Day: 2}
	_, insertErr := database.Exec(insertAll, uuid, nil, 1, nil, db.Decimal("1.50"), "", nil, day, nil, nil, time.Now(), json.RawMessage("{}"))
	var back db.Date
	dateErr := database.QueryRow("select day from everything where id = $1", uuid).Scan(&back)
	none := database.QueryRow("select id from kept where text = $1", "none").Scan(&id)
	return errors.Join(countErr, undone, execErr, scanned, insertErr, dateErr,
		require(count == 2 && text.String == "c" && back == day, "%d %v %v", count, text, back),
		require(errors.Is(none, sql.ErrNoRows), "%v", none))
}

func settings() error {
	value, found, err := innkeeper.Setting("never-set")
	return errors.Join(err, require(value == "" && !found, "%q", value))
}

// ownMemory throws away more than an instance may hold, and keeps more than half of that.
func ownMemory() error {
	kept := make([][]byte, 70)
	for i := range kept {
		kept[i] = bytes.Repeat([]byte{1}, 1<<20)
	}
	for i := range 200 {
		kept[i%7] = bytes.Repeat([]byte{2}, 1<<20)
	}
	return require(kept[69][0] == 1, "%v", kept[69][0])
}

// memory reads more in pieces than an instance may hold beside what is kept.
func memory() error {
	writer, err := blobs.Create("", "application/octet-stream")
	if err != nil {
		return err
	}
	defer writer.Close()
	piece := bytes.Repeat([]byte{1}, 1<<20)
	for range 4 {
		if _, err := writer.Write(piece); err != nil {
			return err
		}
	}
	blob, err := writer.Finish()
	if err != nil {
		return err
	}
	kept := bytes.Repeat([]byte{1}, 60<<20)
	for range 18 {
		reader, err := blobs.Open(blob.ID)
		if err != nil {
			return err
		}
		count, err := io.Copy(io.Discard, reader)
		reader.Close()
		if err != nil || count != 4<<20 {
			return fmt.Errorf("%d bytes, %v", count, err)
		}
	}
	return require(kept[0] == 1, "%v", kept[0])
}

// queryMemory does the same by queries.
func queryMemory() error {
	id, piece := db.NewUUID(), bytes.Repeat([]byte{1}, 2<<20)
	if _, err := db.Execute("insert into everything (id, raw) values ($1, $2)", id, piece); err != nil {
		return err
	}
	kept := bytes.Repeat([]byte{1}, 60<<20)
	for range 36 {
		if raw, err := db.One[[]byte]("select raw from everything where id = $1", id); err != nil || len(raw) != len(piece) {
			return fmt.Errorf("%d bytes, %v", len(raw), err)
		}
	}
	return require(kept[0] == 1, "%v", kept[0])
}

func goroutines() error {
	results := make(chan error)
	for i := range 10 {
		go func() {
			_, err := db.Execute("insert into kept (text) values ($1)", fmt.Sprint(i))
			results <- err
		}()
	}
	var failed error
	for range 10 {
		failed = errors.Join(failed, <-results)
	}
	count, err := countKept()
	return errors.Join(failed, err, require(count >= 10, "%d rows", count))
}
