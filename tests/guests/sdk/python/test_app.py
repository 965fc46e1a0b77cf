"""Asks the running app at INNKEEPER_URL for its checks, one after the other."""

import http.client
import json
import os
import unittest
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL = os.environ["INNKEEPER_URL"]


def ask(
    method: str, path: str, body: "bytes | None" = None, **headers: str
) -> "tuple[int, bytes, http.client.HTTPMessage]":
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urlopen(Request(URL + path, body, names, method=method)) as answer:
            return answer.status, answer.read(), answer.headers
    except HTTPError as error:
        return error.code, error.read(), error.headers


class Sdk(unittest.TestCase):
    def test_every_check(self) -> None:
        names = json.loads(ask("GET", "/checks")[1])
        self.assertGreater(len(names), 10)
        for name in names:
            with self.subTest(name):
                self.assertEqual(ask("POST", f"/checks/{name}", b"")[:2], (200, b"ok"))

    def test_nothing_is_kept_of_a_request_that_fails(self) -> None:
        self.assertEqual(ask("GET", "/boom")[0], 500)
        self.assertEqual(json.loads(ask("GET", "/marks")[1]), {"marks": 0})

    def test_bodies_both_ways(self) -> None:
        body = os.urandom(3_000_000)
        status, back, headers = ask("POST", "/echo", body, content_type="application/x-test")
        self.assertEqual((status, headers["content-type"], back == body), (200, "application/x-test", True))
        self.assertEqual(ask("POST", "/echo", bytes(6_000_000))[0], 413)
        status, text, headers = ask("GET", "/stream")
        self.assertEqual((status, text), (200, b"".join(f"{number}\n".encode() * 1_000 for number in range(200))))
        status, text, headers = ask("HEAD", "/stream")
        self.assertEqual((status, text), (200, b""))

    def test_an_answer_that_fails_on_the_way_is_cut(self) -> None:
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            ask("GET", "/broken-stream")

    def test_a_header_that_does_not_exist_is_an_error(self) -> None:
        self.assertEqual(ask("GET", "/bad-header")[0], 500)

    def test_a_form(self) -> None:
        status, text, _ = ask(
            "POST", "/form", b"a=1&a=%C3%A4", content_type="application/x-www-form-urlencoded", cookie="x=y"
        )
        self.assertEqual((status, json.loads(text)), (200, {"fields": [["a", "1"], ["a", "ä"]], "cookies": {"x": "y"}}))
        self.assertEqual(ask("POST", "/form", b"{}", content_type="application/json")[0], 400)

    def test_a_body_as_a_blob(self) -> None:
        status, text, headers = ask("PUT", "/blob", b"hello", content_type="text/plain")
        self.assertEqual((status, text), (200, b"hello"))
        self.assertIn("body.txt", headers["content-disposition"])


if __name__ == "__main__":
    unittest.main()
