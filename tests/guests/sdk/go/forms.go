package main

import (
	"fmt"
	"net/http"

	"innkeeper-sdk/blobs"
	"innkeeper-sdk/form"
)

func showForm(w http.ResponseWriter, _ *http.Request) error {
	field, err := form.HiddenField("test")
	fmt.Fprint(w, field)
	return err
}

func receiveForm(w http.ResponseWriter, _ *http.Request) error {
	received, err := form.ReceiveFiles("test", blobs.Limits{MaxFile: 1000, MaxFiles: 1, Accept: []string{"text/plain"}})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s %q", received.Value("name"), received.Values("tag"))
	if file := received.File("file"); file != nil {
		fmt.Fprintf(w, " %s %d %s %t", file.Name, file.Size, file.ContentType, file.Kept)
	}
	return nil
}

func receivePhoto(w http.ResponseWriter, _ *http.Request) error {
	blob, err := blobs.ReceiveBody("photo.txt", blobs.Limits{})
	if err != nil {
		return err
	}
	fmt.Fprint(w, blob.ID)
	return blobs.Keep(blob.ID)
}

func sendPhoto(_ http.ResponseWriter, r *http.Request) error {
	return blobs.Send(r.PathValue("id"), blobs.SendOptions{Name: "other.txt", Download: true, MaxAge: 60_000_000_000})
}
