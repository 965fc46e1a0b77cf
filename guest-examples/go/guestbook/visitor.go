package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/blobs"
	"innkeeper-sdk/form"
	"innkeeper-sdk/session"
	"innkeeper-sdk/web"
)

const (
	// csrfForm is one name for all forms: the token of /me is good for each of them.
	csrfForm        = "guestbook"
	visits          = "visits"
	maxNameChars    = 80
	maxMessageChars = 2_000
	// The host takes no longer name for a user.
	maxUserBytes = 200
)

var (
	onePhoto = blobs.Limits{MaxFile: 10 << 20, MaxFiles: 1, Accept: []string{"image/*"}}
	noFiles  = blobs.Limits{MaxFiles: blobs.NoFiles}
)

// visitor is what the session says.
type visitor struct {
	// Name is who is signed in.
	Name   *string `json:"name"`
	Visits int64   `json:"visits"`
	CSRF   string  `json:"csrf"`
}

// User is the name of who is signed in, or empty.
func (v visitor) User() string {
	if v.Name == nil {
		return ""
	}
	return *v.Name
}

// currentVisitor reads the session. GET is a visit and is counted, by the host, so that two pages
// at once are two visits.
func currentVisitor(r *http.Request) (visitor visitor, err error) {
	if r.Method == http.MethodGet {
		visitor.Visits, err = session.Increment(visits, 1)
	} else {
		text := ""
		text, err = session.Get(visits)
		visitor.Visits, _ = strconv.ParseInt(text, 10, 64)
	}
	if err != nil {
		return visitor, err
	}
	if visitor.CSRF, err = session.CSRFToken(csrfForm); err != nil {
		return visitor, err
	}
	user, err := session.User()
	if user != "" {
		visitor.Name = &user
	}
	return visitor, err
}

// visitorForm is a form of this app that a visitor has sent.
type visitorForm struct{ *form.Form }

// refusal is a form that was not accepted. It comes back to be corrected.
type refusal struct {
	status          int
	Reason          string
	Author, Message string
}

func (r *refusal) Error() string { return r.Reason }

// receive receives a form, and says what the visitor may do where it was refused.
func receive(limits blobs.Limits) (visitorForm, error) {
	received, err := form.ReceiveFiles(csrfForm, limits)
	sent := visitorForm{received}
	var failure *web.Error
	switch {
	case errors.Is(err, innkeeper.TooLarge):
		return sent, sent.refuse(413, "That is too much: a short message and one photo of at most 10 MiB fit.")
	case errors.Is(err, innkeeper.QuotaExceeded):
		return sent, sent.refuse(413, "The book is full: there is no room for another photo.")
	case errors.Is(err, innkeeper.UnsupportedType):
		return sent, sent.refuse(415, "That file is no image.")
	case errors.As(err, &failure):
		return sent, sent.refuse(failure.Status, failure.Text)
	}
	return sent, err
}

func (f visitorForm) refuse(status int, reason string) error {
	refused := &refusal{status: status, Reason: reason}
	if f.Form != nil {
		refused.Author, refused.Message = f.Value("author"), f.Value("message")
	}
	return refused
}

// draft is the entry that was written.
func (f visitorForm) draft() (author, message string, err error) {
	if author, err = f.checked("author", "your name", maxNameChars); err == nil {
		message, err = f.checked("message", "your message", maxMessageChars)
	}
	return author, message, err
}

// user is the name to sign in with.
func (f visitorForm) user() (string, error) {
	name, err := f.checked("name", "your name", maxNameChars)
	if err == nil && len(name) > maxUserBytes {
		err = f.refuse(http.StatusUnprocessableEntity, "Please choose a shorter name.")
	}
	return name, err
}

func (f visitorForm) checked(name, spoken string, maxChars int) (string, error) {
	text := f.Value(name)
	if reason := problem(text, spoken, maxChars); reason != "" {
		return "", f.refuse(http.StatusUnprocessableEntity, reason)
	}
	return text, nil
}

// problem is what is wrong with a text, if anything.
func problem(text, spoken string, maxChars int) string {
	length := utf8.RuneCountInString(text)
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Sprintf("Please fill in %s.", spoken)
	case length > maxChars:
		return fmt.Sprintf("Please shorten %s: %d characters are too many, %d fit.", spoken, length, maxChars)
	case strings.ContainsRune(text, 0):
		// Postgres keeps no such character.
		return fmt.Sprintf("Please remove the invisible character from %s.", spoken)
	}
	return ""
}
