package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"time"

	"innkeeper-sdk/session"
	"innkeeper-sdk/web"
)

const securityPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'"

//go:embed page.html
var pageSource string

//go:embed style.css
var style string

// page is what page.html shows: the book, or one sentence.
type page struct {
	Sentence string
	Entries  []Entry
	Next     *int64
	// IsNewest says whether the newest entries are among those shown.
	IsNewest bool
	Visitor  visitor
	Messages []string
	Refusal  *refusal
}

// Style is style.css, which is no text to be escaped.
func (page) Style() template.CSS { return template.CSS(style) }

// Author is the name to put into the form.
func (p page) Author() string {
	if p.Refusal != nil {
		return p.Refusal.Author
	}
	return p.Visitor.User()
}

// showBook shows the book, with the status of a refused form where there is one.
func showBook(w http.ResponseWriter, r *http.Request, refused *refusal) (err error) {
	shown := page{Refusal: refused}
	var before *int64
	if refused == nil {
		if before, err = number(r, "before"); err != nil {
			return web.Fail(http.StatusBadRequest, "The address contains something that is no number.")
		}
	}
	shown.IsNewest = before == nil
	if shown.Entries, shown.Next, err = list(before, pageEntries); err != nil {
		return err
	}
	if shown.Visitor, err = currentVisitor(r); err != nil {
		return err
	}
	// HEAD shows nobody the messages.
	if r.Method != http.MethodHead {
		if shown.Messages, err = session.TakeFlash(); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if refused != nil {
		status = refused.status
	}
	return render(w, status, shown)
}

// shortPage is a page that says one thing.
func shortPage(w http.ResponseWriter, _ *http.Request, status int, text string) {
	if status == http.StatusServiceUnavailable {
		text = "The book is in use just now. Please try again."
	}
	if err := render(w, status, page{Sentence: text}); err != nil {
		panic(err)
	}
}

func render(w http.ResponseWriter, status int, shown page) error {
	w.Header().Set("Content-Security-Policy", securityPolicy)
	w.Header().Set("Referrer-Policy", "same-origin")
	begin(w, status, "text/html; charset=utf-8")
	return write(w, shown)
}

func write(w io.Writer, shown page) error {
	functions := template.FuncMap{"ago": func(t time.Time) string { return ago(t, time.Now()) }}
	// Each request has an instance of its own, so the page is read when it is shown.
	parsed, err := template.New("page").Funcs(functions).Parse(pageSource)
	if err != nil {
		return err
	}
	return parsed.Execute(w, shown)
}

// ago says a time as people do: `5 minutes ago`, and the day once a week has gone by.
func ago(t, now time.Time) string {
	const day = 24 * time.Hour
	age := now.Sub(t)
	count := func(unit time.Duration, name string) string {
		if age/unit != 1 {
			name += "s"
		}
		return fmt.Sprintf("%d %s ago", age/unit, name)
	}
	switch {
	case age < time.Minute:
		return "just now"
	case age < time.Hour:
		return count(time.Minute, "minute")
	case age < day:
		return count(time.Hour, "hour")
	case age < 7*day:
		return count(day, "day")
	}
	return t.Format("2 January 2006")
}
