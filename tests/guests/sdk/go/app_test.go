package main

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/textproto"
	"net/url"
	"os"
	"strings"
	"testing"
)

// visitor is a client with cookies.
type visitor struct {
	*testing.T
	http.Client
}

func newVisitor(t *testing.T) visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("INNKEEPER_URL") == "" {
		t.Fatal("INNKEEPER_URL is not set: run `innkeeper test`")
	}
	return visitor{t, http.Client{Jar: jar}}
}

func (v visitor) send(method, path, contentType, body string) (*http.Response, string) {
	v.Helper()
	request, err := http.NewRequest(method, os.Getenv("INNKEEPER_URL")+path, strings.NewReader(body))
	if err != nil {
		v.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	request.Header.Set("X-Test", "a header")
	answer, err := v.Do(request)
	if err != nil {
		v.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return answer, "cut: " + err.Error()
	}
	return answer, string(text)
}

func (v visitor) get(path string) (*http.Response, string) {
	v.Helper()
	return v.send("GET", path, "", "")
}

func (v visitor) expect(path string, status int, part string) *http.Response {
	v.Helper()
	answer, text := v.get(path)
	if answer.StatusCode != status || !strings.Contains(text, part) {
		v.Errorf("%s: %d %q", path, answer.StatusCode, text)
	}
	return answer
}

func TestChecks(t *testing.T) {
	_, names := newVisitor(t).get("/checks")
	for name := range strings.SplitSeq(names, "\n") {
		t.Run(name, func(t *testing.T) { newVisitor(t).expect("/check/"+name, 200, "ok") })
	}
}

func TestARequestIsWhatWasSent(t *testing.T) {
	v := newVisitor(t)
	host := strings.TrimPrefix(os.Getenv("INNKEEPER_URL"), "http://")
	for _, one := range [][3]string{
		{"GET", "", `GET /request/ä b x=1&y=%20 "a header" 0 "ä b" false ` + host},
		{"POST", "body", `POST /request/ä b x=1&y=%20 "a header" 4 "ä b" false ` + host},
		{"PATCH", "", `PATCH /request/ä b x=1&y=%20 "a header" 0 "ä b" false ` + host},
	} {
		if _, text := v.send(one[0], "/request/%C3%A4%20b?x=1&y=%20", "", one[1]); text != one[2] {
			t.Errorf("%q, not %q", text, one[2])
		}
	}
}

func TestBodiesPassWhole(t *testing.T) {
	v := newVisitor(t)
	large := strings.Repeat("0123456789", 300_000)
	for _, body := range []string{"", "a", large} {
		if _, text := v.send("POST", "/echo", "text/plain", body); text != body {
			t.Errorf("%d of %d bytes came back", len(text), len(body))
		}
	}
	answer, text := v.get("/large")
	isText := answer.Header.Get("Content-Type") == "text/plain; charset=utf-8"
	if len(text) != 1_000_000 || !strings.HasSuffix(text, "000099999\n") || !isText {
		t.Error(len(text), answer.Header)
	}
	answer, text = v.get("/stream")
	if text != "first second" || answer.Header.Get("X-Late") != "" {
		t.Error(text, answer.Header)
	}
}

func TestAnswersHaveTheirHead(t *testing.T) {
	v := newVisitor(t)
	for path, status := range map[string]int{"/status/201": 201, "/status/204": 204, "/status/304": 304, "/status/404": 404} {
		answer, text := v.get(path)
		hasBody := status == 201 || status == 404
		if answer.StatusCode != status || (text == "<p>text") != hasBody {
			t.Error(path, answer.StatusCode, text)
		}
		if hasBody && (answer.ContentLength != 7 || answer.Header.Get("Content-Type") != "text/html; charset=utf-8") {
			t.Error(path, answer.ContentLength, answer.Header)
		}
	}
	answer, text := v.send("HEAD", "/status/200", "", "")
	if text != "" || answer.ContentLength != 7 || answer.StatusCode != 200 {
		t.Error(text, answer)
	}
	v.expect("/nothing", 404, "There is nothing here.")
	if answer, _ := v.send("DELETE", "/checks", "", ""); answer.StatusCode != 405 || answer.Header.Get("Allow") != "GET, HEAD" {
		t.Error(answer)
	}
	v.expect("/refused-header", 500, "")
}

func TestWhatFailsIsNotKept(t *testing.T) {
	v := newVisitor(t)
	_, before := v.get("/count")
	for _, path := range []string{"/panic", "/fail"} {
		if _, text := v.get(path); strings.Contains(text, "of the test") || strings.Contains(text, "not seen") {
			t.Error(text)
		}
		v.expect(path, 500, "Nothing was changed")
	}
	if answer := v.expect("/panic-busy", 503, "try again"); answer.Header.Get("Retry-After") == "" {
		t.Error(answer.Header)
	}
	v.expect("/count", 200, before)
	for _, path := range []string{"/cut", "/cut-by-error"} {
		answer, err := v.Get(os.Getenv("INNKEEPER_URL") + path)
		if err == nil {
			defer answer.Body.Close()
			_, err = io.ReadAll(answer.Body)
		}
		if err == nil {
			t.Error(path, "looks whole, though it was cut off")
		}
	}
}

// multipartForm makes a form with a file where it has a name.
func multipartForm(fields [][2]string, name, contentType, content string) (string, string) {
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	for _, field := range fields {
		writer.WriteField(field[0], field[1])
	}
	if name != "" {
		header := textproto.MIMEHeader{"Content-Type": {contentType}}
		header.Set("Content-Disposition", `form-data; name="file"; filename="`+name+`"`)
		part, _ := writer.CreatePart(header)
		io.WriteString(part, content)
	}
	writer.Close()
	return writer.FormDataContentType(), body.String()
}

func TestFormsAreReceivedWithTheirToken(t *testing.T) {
	v := newVisitor(t)
	_, field := v.get("/form")
	token := strings.TrimSuffix(strings.TrimPrefix(field, `<input type="hidden" name="csrf" value="`), `">`)
	fields := [][2]string{{"name", "Ada"}, {"tag", "a"}, {"tag", "b"}, {"csrf", token}}
	for _, one := range []struct {
		fields                     [][2]string
		name, contentType, content string
		status                     int
		text                       string
	}{
		{fields, "", "", "", 200, `Ada ["a" "b"]`},
		{fields, "a.txt", "text/plain", "words", 200, `Ada ["a" "b"] a.txt 5 text/plain false`},
		{fields[:3], "", "", "", 403, "out of date"},
		{fields, "a.txt", "text/plain", strings.Repeat("a", 1001), 413, "too large"},
		{fields, "a.png", "image/png", "\x89PNG\r\n\x1a\n", 415, "not accepted"},
	} {
		contentType, body := multipartForm(one.fields, one.name, one.contentType, one.content)
		answer, text := v.send("POST", "/form", contentType, body)
		if answer.StatusCode != one.status || !strings.Contains(text, one.text) {
			t.Errorf("%d %q, not %d %q", answer.StatusCode, text, one.status, one.text)
		}
	}
	if answer, _ := v.send("POST", "/form", "application/json", "{}"); answer.StatusCode != 400 {
		t.Error(answer)
	}
	encoded := url.Values{"name": {"Eve"}, "csrf": {token}}.Encode()
	if _, text := v.send("POST", "/form", "application/x-www-form-urlencoded", encoded); text != "Eve []" {
		t.Error(text)
	}
}

func TestABlobIsReceivedAndSent(t *testing.T) {
	v := newVisitor(t)
	_, id := v.send("POST", "/photo", "text/plain", "some words")
	answer, text := v.get("/photo/" + id)
	if text != "some words" || !strings.Contains(answer.Header.Get("Content-Disposition"), "other.txt") ||
		!strings.Contains(answer.Header.Get("Cache-Control"), "max-age=60") {
		t.Error(text, answer.Header)
	}
	v.expect("/photo/none", 404, "There is nothing here.")
}
