package main

import (
	"strings"
	"testing"
	"time"
)

func TestNothingThatAVisitorWritesBecomesMarkup(t *testing.T) {
	text := `"><script>alert(1)</script>`
	entry := Entry{ID: 1, Author: text, Message: text, Photo: &text, Owner: &text}
	var html strings.Builder
	err := write(&html, page{
		Entries:  []Entry{entry},
		Next:     &entry.ID,
		Visitor:  visitor{Name: &text, Visits: 1, CSRF: text},
		Messages: []string{text},
		Refusal:  &refusal{status: 422, Reason: text, Author: text, Message: text},
	})
	if err != nil {
		t.Fatal(err)
	}
	shown := html.String()
	if strings.Contains(shown, "<script") || !strings.Contains(shown, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error(shown)
	}
}

func TestTheOwnerMayDeleteAnEntry(t *testing.T) {
	ada, eve := "Ada", "Eve"
	shown := func(owner, user *string) bool {
		var html strings.Builder
		if err := write(&html, page{Entries: []Entry{{ID: 7, Owner: owner}}, Visitor: visitor{Name: user}}); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(html.String(), `action="/entries/7/delete"`)
	}
	if !shown(&ada, &ada) || shown(&ada, &eve) || shown(&ada, nil) || shown(nil, nil) || shown(nil, &ada) {
		t.Error("the wrong visitor may delete an entry")
	}
}

func TestEntriesAreWrittenAsJSON(t *testing.T) {
	photo := "0f"
	entry := Entry{ID: 1, Author: "A", Photo: &photo, Created: time.Date(2026, 10, 3, 14, 5, 6, 123_000, time.UTC)}
	json, err := entry.MarshalJSON()
	want := `{"id":1,"author":"A","message":"","photo":"/photos/0f","created":"2026-10-03T14:05:06.000123Z"}`
	if err != nil || string(json) != want {
		t.Error(string(json), err)
	}
}

func TestPeopleReadHowLongAgoItWas(t *testing.T) {
	then := time.Date(2000, 2, 29, 0, 0, 0, 0, time.UTC)
	for age, want := range map[time.Duration]string{
		59 * time.Second: "just now", -time.Hour: "just now", time.Minute: "1 minute ago", 47 * time.Hour: "1 day ago",
		6 * 24 * time.Hour: "6 days ago", 7 * 24 * time.Hour: "29 February 2000",
	} {
		if got := ago(then, then.Add(age)); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestATextIsNeitherEmptyNorTooLong(t *testing.T) {
	if problem("🌍🌍🌍", "it", 3) != "" {
		t.Error("three characters are refused")
	}
	for _, text := range []string{" \r\n", "abcd", "a\x00"} {
		if problem(text, "it", 3) == "" {
			t.Errorf("%q is accepted", text)
		}
	}
}
