// Notes that visitors leave: one page with a form.
package main

import (
	_ "embed"
	"html/template"
	"net/http"
	"strings"
	"unicode/utf8"

	"innkeeper-sdk/db"
	"innkeeper-sdk/form"
	"innkeeper-sdk/session"
	"innkeeper-sdk/web"
)

//go:embed page.html
var source string

var page = template.Must(template.New("page").Funcs(session.Functions).Parse(source))

func main() {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", web.HandlerFunc(show))
	mux.Handle("POST /{$}", web.HandlerFunc(add))
	web.Serve(mux, defineTable)
}

// defineTable makes the table where it is missing. It costs nothing once that has been done.
func defineTable() error {
	_, err := db.DefineTable(db.Table{Name: "notes", Columns: []db.Column{
		{Name: "id", Type: db.TypeInteger, Identity: true},
		{Name: "text", Type: db.TypeText, MaxLength: 500},
		{Name: "created", Type: db.TypeInstant, Default: db.Now},
	}})
	return err
}

// show answers GET /: the notes, newest first, and a form for the next one.
func show(w http.ResponseWriter, r *http.Request) error {
	isVisit := r.Method != http.MethodHead // HEAD only asks: it counts no visit and takes no messages
	step := int64(0)
	if isVisit {
		step = 1
	}
	visits, err := session.Increment("visits", step)
	if err != nil {
		return err
	}
	notes, err := db.All[string]("select text from notes order by id desc limit $1", 50)
	if err != nil {
		return err
	}
	return page.Execute(w, map[string]any{"IsVisit": isVisit, "Notes": notes, "Visits": visits})
}

// add answers POST /: it adds a note. Note and message are kept together, or neither is.
func add(w http.ResponseWriter, r *http.Request) error {
	note, err := form.Receive("note") // 403 where this app has not handed the form to this visitor
	if err != nil {
		return err
	}
	text := note.Value("text")
	// A browser heeds maxlength, a program need not; no database keeps NUL.
	if count := utf8.RuneCountInString(text); count == 0 || count > 500 || strings.Contains(text, "\x00") {
		return web.Fail(http.StatusUnprocessableEntity, "A note has 1 to 500 characters.")
	}
	if _, err := db.Execute("insert into notes (text) values ($1)", text); err != nil {
		return err
	}
	if err := session.Flash("Thank you for the note."); err != nil {
		return err
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
