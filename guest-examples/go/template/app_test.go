package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
)

// visitor asks the running app at INNKEEPER_URL: `innkeeper test` starts one with an empty
// database.
type visitor struct {
	*testing.T
	client http.Client
}

func newVisitor(t *testing.T) visitor {
	if os.Getenv("INNKEEPER_URL") == "" {
		t.Fatal("INNKEEPER_URL is not set: run the tests by `innkeeper test`")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return visitor{t, http.Client{Jar: jar}}
}

func (v visitor) send(method, path string, form url.Values) (status int, body string) {
	v.Helper()
	request, err := http.NewRequest(method, os.Getenv("INNKEEPER_URL")+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := v.client.Do(request)
	if err != nil {
		v.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		v.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func (v visitor) page() string {
	v.Helper()
	_, page := v.send("GET", "/", nil)
	return page
}

// token is the one of the form on the page.
func (v visitor) token() string {
	v.Helper()
	_, rest, found := strings.Cut(v.page(), `name="csrf" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	if !found || token == "" {
		v.Fatal("the page has no form")
	}
	return token
}

func TestANoteIsAddedAndShownAsText(t *testing.T) {
	v := newVisitor(t)
	// The client follows the redirect to the page.
	status, page := v.send("POST", "/", url.Values{"csrf": {v.token()}, "text": {"milk & <b>bread</b>"}})
	if status != 200 || !strings.Contains(page, "milk &amp; &lt;b&gt;bread&lt;/b&gt;") || !strings.Contains(page, "Thank you") {
		t.Error(status, page)
	}
	if page := v.page(); strings.Contains(page, "Thank you") {
		t.Error(page)
	}
}

func TestANoteThatDoesNotFitIsRefused(t *testing.T) {
	v := newVisitor(t)
	for _, text := range []string{"", strings.Repeat("x", 501), "a\x00b"} {
		if status, page := v.send("POST", "/", url.Values{"csrf": {v.token()}, "text": {text}}); status != 422 {
			t.Error(status, page)
		}
	}
	text := strings.Repeat("🦀", 500)
	if status, page := v.send("POST", "/", url.Values{"csrf": {v.token()}, "text": {text}}); status != 200 {
		t.Error(status, page)
	}
}

func TestAFormWithoutItsTokenIsRefused(t *testing.T) {
	v := newVisitor(t)
	v.token()
	for _, form := range []url.Values{{"text": {"x"}}, {"text": {"x"}, "csrf": {"guess"}}} {
		if status, page := v.send("POST", "/", form); status != 403 {
			t.Error(status, page)
		}
	}
}

func TestVisitsAreCounted(t *testing.T) {
	v := newVisitor(t)
	v.page()
	v.send("HEAD", "/", nil)
	if page := v.page(); !strings.Contains(page, "Your visits: 2") {
		t.Error(page)
	}
}

func TestOtherAddressesAreNotFound(t *testing.T) {
	if status, page := newVisitor(t).send("GET", "/nothing", nil); status != 404 {
		t.Error(status, page)
	}
}
