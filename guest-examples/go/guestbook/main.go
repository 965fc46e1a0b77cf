// A guestbook: entries with photos, for visitors with or without a name.
//
// This file answers requests. entries.go has the table, visitor.go the session, page.go and
// page.html what is shown.
package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	innkeeper "innkeeper-sdk"
	"innkeeper-sdk/blobs"
	"innkeeper-sdk/session"
	"innkeeper-sdk/web"
)

const (
	pageEntries = 20
	maxEntries  = 100
	// A photo never changes. An hour is how long a deleted one may still show in a browser.
	photoMaxAge = time.Hour
)

func main() {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", route(book))
	mux.Handle("GET /entries.json", route(listEntries))
	mux.Handle("POST /entries", route(addEntry))
	mux.Handle("POST /entries/{id}/delete", route(deleteEntry))
	mux.Handle("GET /photos/{id}", route(photo))
	mux.Handle("POST /login", route(login))
	mux.Handle("POST /logout", route(logout))
	mux.Handle("GET /me", route(me))
	web.ErrorPage = shortPage
	web.Serve(mux, defineTable)
}

// route shows the book again where a handler has refused a form.
func route(handler web.HandlerFunc) http.Handler {
	return web.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		err := handler(w, r)
		var refused *refusal
		if errors.As(err, &refused) {
			return showBook(w, r, refused)
		}
		return err
	})
}

func book(w http.ResponseWriter, r *http.Request) error {
	return showBook(w, r, nil)
}

// listEntries is the book for programs.
func listEntries(w http.ResponseWriter, r *http.Request) error {
	before, errBefore := number(r, "before")
	limit, errLimit := number(r, "limit")
	if errBefore != nil || errLimit != nil {
		return respond(w, http.StatusBadRequest, map[string]string{"error": "`before` and `limit` must be whole numbers"})
	}
	count := int64(pageEntries)
	if limit != nil {
		count = min(max(*limit, 1), maxEntries)
	}
	entries, next, err := list(before, count)
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, listing{Entries: entries, Next: next})
}

func addEntry(w http.ResponseWriter, r *http.Request) error {
	form, err := receive(onePhoto)
	if err != nil {
		return err
	}
	author, message, err := form.draft()
	if err != nil {
		return err
	}
	entry := Entry{Author: author, Message: message, Created: time.Now()}
	if photo := form.File("photo"); photo != nil {
		entry.Photo = &photo.ID
		if err := blobs.Keep(photo.ID); err != nil {
			return err
		}
	}
	user, err := session.User()
	if err != nil {
		return err
	}
	if user != "" {
		entry.Owner = &user
	}
	if err := errors.Join(insert(entry), session.Flash("Thank you, "+author+".")); err != nil {
		return err
	}
	return backToTheBook(w, r)
}

func deleteEntry(w http.ResponseWriter, r *http.Request) error {
	if _, err := receive(noFiles); err != nil {
		return err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return innkeeper.NotFound
	}
	user, err := session.User()
	if err != nil {
		return err
	}
	photo, err := remove(id, user)
	if err != nil {
		return err
	}
	if photo != nil {
		// What the operator has removed already needs no deletion.
		if err := blobs.Delete(*photo); err != nil && !errors.Is(err, innkeeper.NotFound) {
			return err
		}
	}
	return backToTheBook(w, r)
}

// photo sends a photo, if an entry shows it.
func photo(_ http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := mustShow(id); err != nil {
		return err
	}
	return blobs.Send(id, blobs.SendOptions{MaxAge: photoMaxAge})
}

// login takes the visitor at his word.
func login(w http.ResponseWriter, r *http.Request) error {
	form, err := receive(noFiles)
	if err != nil {
		return err
	}
	name, err := form.user()
	if err != nil {
		return err
	}
	if err := errors.Join(session.SignIn(name), session.Flash("Welcome, "+name+".")); err != nil {
		return err
	}
	return backToTheBook(w, r)
}

func logout(w http.ResponseWriter, r *http.Request) error {
	if _, err := receive(noFiles); err != nil {
		return err
	}
	if err := session.Destroy(); err != nil {
		return err
	}
	return backToTheBook(w, r)
}

// me is what the app knows about the visitor.
func me(w http.ResponseWriter, r *http.Request) error {
	visitor, err := currentVisitor(r)
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, visitor)
}

// number reads a query parameter that may be missing.
func number(r *http.Request, name string) (*int64, error) {
	if !r.URL.Query().Has(name) {
		return nil, nil
	}
	value, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	return &value, err
}

// backToTheBook makes the browser go on with GET, so that a reload does not send the form again.
func backToTheBook(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func respond(w http.ResponseWriter, status int, document any) error {
	begin(w, status, "application/json")
	return json.NewEncoder(w).Encode(document)
}

// begin writes the head of an answer that no cache may keep: everything here depends on the
// visitor.
func begin(w http.ResponseWriter, status int, contentType string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
}
