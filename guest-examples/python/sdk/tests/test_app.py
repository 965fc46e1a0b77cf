"""Routes, errors, forms and WSGI, without a host."""

import contextlib
import io
import unittest
import wsgiref.validate
from typing import Any, cast
from unittest import mock

from componentize_py_types import Err
from wit_world.imports import blob_upload, session

from innkeeper import App, Error, FormError, HTTPError, Request, Response, receive_form, wsgi
from innkeeper.http import Headers


def ask(app: Any, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
    entries = [
        ("host", b"example.org:8080"),
        *((name.replace("_", "-"), text.encode()) for name, text in headers.items()),
    ]
    request = Request(method, target, Headers.of(entries), lambda: cast(io.RawIOBase, io.BytesIO(body)))
    return cast(Response, app(request))


def header(response: Response, name: str) -> str | None:
    return next((value for key, value in response.headers if key.lower() == name), None)


class Routes(unittest.TestCase):
    def setUp(self) -> None:
        self.app = App(headers={"cache-control": "no-store"})
        self.app.get("/")(lambda request: "<p>hello</p>")
        self.app.get("/entries/{id}")(lambda request, id: {"id": id, "q": request.query.get("q")})
        self.app.post("/entries/{id}")(lambda request, id: Response.redirect("/"))

    def test_what_a_handler_returns_becomes_a_response(self) -> None:
        page = ask(self.app, "GET", "/")
        self.assertEqual((page.status, page.body), (200, b"<p>hello</p>"))
        self.assertEqual(header(page, "content-type"), "text/html; charset=utf-8")
        self.assertEqual(header(page, "cache-control"), "no-store")
        self.assertEqual(header(page, "x-content-type-options"), "nosniff")
        document = ask(self.app, "GET", "/entries/a%2Fb%20c?q=1&q=2")
        self.assertEqual(
            (document.body, header(document, "content-type")), (b'{"id":"a/b c","q":"1"}', "application/json")
        )
        self.assertEqual(ask(self.app, "HEAD", "/").status, 200)

    def test_other_addresses_and_methods_are_told_so(self) -> None:
        self.assertEqual(ask(self.app, "GET", "/entries/1/more").status, 404)
        for path in ["/entries/%00", "/entries/", "/entries", "//", "/%2F", "/entries%2F1"]:
            self.assertEqual(ask(self.app, "GET", path).status, 404, path)
        self.assertEqual(ask(self.app, "GET", "/%65ntries/1").status, 200)
        refused = ask(self.app, "DELETE", "/entries/1")
        self.assertEqual((refused.status, header(refused, "allow")), (405, "GET, HEAD, POST"))

    def test_errors_and_their_pages(self) -> None:
        busy = Error("db", "busy", "taken", retryable=True)
        for error, status in [
            (HTTPError(418, "no coffee"), 418),
            (busy, 503),
            (Error("db", "syntax", "?"), 500),
            (Error("blob-upload", "not-found", "?"), 404),
            (LookupError("boom"), 500),
        ]:
            app = App()
            app.get("/")(mock.Mock(side_effect=error))
            with contextlib.redirect_stderr(io.StringIO()) as told:
                plain = ask(app, "GET", "/")
                app.error(HTTPError)(lambda request, error: f"<p>{error.status}</p>")
                page = ask(app, "GET", "/")
            self.assertEqual((plain.status, page.status, page.body), (status, status, f"<p>{status}</p>".encode()))
            self.assertEqual(header(page, "retry-after"), "2" if status == 503 else None)
            self.assertEqual("Traceback" in told.getvalue(), status == 500)

    def test_an_error_page_that_fails_is_told_as_well(self) -> None:
        self.app.error(HTTPError)(lambda request, error: 1 / 0)
        with contextlib.redirect_stderr(io.StringIO()) as told:
            self.assertEqual(ask(self.app, "GET", "/nothing").status, 500)
        self.assertIn("ZeroDivisionError", told.getvalue())

    def test_a_body_is_read_up_to_its_limit(self) -> None:
        self.app.post("/json")(lambda request: request.json(limit=10))
        self.assertEqual(ask(self.app, "POST", "/json", b'{"a": 1}').body, b'{"a":1}')
        self.assertEqual(ask(self.app, "POST", "/json", b"[1,2,3,4,5,6]").status, 413)
        self.assertEqual(ask(self.app, "POST", "/json", b"{").status, 400)


class Forms(unittest.TestCase):
    def receive(self, failure: Any = None, is_own: bool = True) -> Any:
        field = blob_upload.FormField
        form = blob_upload.Form([field("a", "1"), field("a", "2"), field("csrf", "token")], [])
        with (
            mock.patch.object(blob_upload, "receive_form", side_effect=failure, return_value=form),
            mock.patch.object(session, "csrf_check", return_value=is_own),
        ):
            return receive_form("form")

    def test_fields_of_a_form_that_is_the_apps_own(self) -> None:
        form = self.receive()
        self.assertEqual((form.get("a"), form.get_all("a"), form.get("b"), form.file("c")), ("1", ["1", "2"], "", None))

    def test_each_refusal_has_its_status(self) -> None:
        with self.assertRaises(FormError) as refused:
            self.receive(is_own=False)
        self.assertEqual((refused.exception.status, refused.exception.form.get("a")), (403, "1"))
        codes = blob_upload.BlobErrorCode
        for code, status in [
            (codes.TOO_LARGE, 413),
            (codes.UNSUPPORTED_TYPE, 415),
            (codes.BAD_FORM, 400),
            (codes.INTERRUPTED, 400),
            (codes.QUOTA_EXCEEDED, 507),
        ]:
            with self.assertRaises(FormError) as refused:
                self.receive(Err(blob_upload.BlobError(code, "no", None, False)))
            self.assertEqual(refused.exception.status, status)
        with self.assertRaises(Error) as failed:
            self.receive(Err(blob_upload.BlobError(codes.UNAVAILABLE, "no", None, True)))
        self.assertTrue(failed.exception.retryable)


class Wsgi(unittest.TestCase):
    def test_an_application_gets_what_the_standard_demands(self) -> None:
        seen: dict[str, Any] = {}

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            seen.update(environ)
            body = environ["wsgi.input"].read(100)
            start_response(
                "201 Created", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
            )
            return [b"got ", body]

        checked = wsgi.adapt(wsgiref.validate.validator(application))
        response = ask(checked, "POST", "/p%C3%A4th?a=b", b"body", content_type="text/plain", x_a="1")
        self.assertNotIn("HTTP_X_B", wsgi.environ(Request("GET", "/", Headers(host="a", x_b="1"), mock.Mock())))
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        response.body.close()  # type: ignore[union-attr]
        self.assertEqual((response.status, body), (201, b"got body"))
        self.assertEqual([value for name, value in response.headers if name == "Set-Cookie"], ["a=1", "b=2"])
        self.assertEqual(seen["PATH_INFO"].encode("latin-1").decode(), "/päth")
        self.assertEqual((seen["SERVER_NAME"], seen["SERVER_PORT"], seen["HTTP_X_A"]), ("example.org", "8080", "1"))

    def test_the_body_is_left_to_the_host_until_it_is_read(self) -> None:
        opened = mock.Mock(return_value=io.BytesIO(b"body"))
        request = Request("POST", "/", Headers(host="a"), opened)
        environ = wsgi.environ(request)
        opened.assert_not_called()
        self.assertEqual(environ["wsgi.input"].readline(), b"body")

    def test_pieces_are_sent_as_they_come(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", [])
            yield b"one"
            yield b"two"

        response = ask(wsgi.adapt(application), "GET", "/")
        self.assertEqual(list(response.body), [b"one", b"two"])
        self.assertEqual(ask(wsgi.adapt(application), "GET", "/%00").status, 404)

    def test_an_exception_becomes_an_answer(self) -> None:
        for error, status in [(LookupError("boom"), 500), (Error("db", "busy", "taken", retryable=True), 503)]:
            with contextlib.redirect_stderr(io.StringIO()) as told:
                response = ask(wsgi.adapt(mock.Mock(side_effect=error)), "GET", "/")
            self.assertEqual(response.status, status)
            self.assertIn(str(error), told.getvalue())
