"""Asks the running app at INNKEEPER_URL.

`innkeeper test` starts one with an empty database and runs this file.
"""

import os
import re
import unittest
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

URL = os.environ["INNKEEPER_URL"]


class Notes(unittest.TestCase):
    def setUp(self) -> None:
        self.visitor = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        with self.visitor.open(URL + path) as answer:
            return answer.read().decode()

    def post(self, path: str, **fields: str) -> str:
        with self.visitor.open(URL + path, urlencode(fields).encode()) as answer:
            return answer.read().decode()

    def token(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/"))
        assert found is not None
        return found.group(1)

    def test_a_note_is_added_and_shown_as_text(self) -> None:
        # The client follows the redirect to the page.
        page = self.post("/", csrf=self.token(), text="milk & <b>bread</b>")
        self.assertIn("<li>milk &amp; &lt;b&gt;bread&lt;/b&gt;</li>", page)
        self.assertIn("Thank you for the note.", page)
        self.assertNotIn("Thank you", self.get("/"))

    def test_a_note_that_does_not_fit_is_refused(self) -> None:
        for text in ("", "x" * 501, "a\0b"):
            with self.assertRaises(HTTPError) as refused:
                self.post("/", csrf=self.token(), text=text)
            self.assertEqual(refused.exception.code, 422)
        self.assertIn("🦀" * 500, self.post("/", csrf=self.token(), text="🦀" * 500))

    def test_a_form_without_its_token_is_refused(self) -> None:
        self.token()
        for fields in ({"text": "x"}, {"text": "x", "csrf": "guess"}):
            with self.assertRaises(HTTPError) as refused:
                self.post("/", **fields)
            self.assertEqual(refused.exception.code, 403)

    def test_visits_are_counted(self) -> None:
        self.get("/")
        with self.visitor.open(Request(URL + "/", method="HEAD")) as answer:
            self.assertEqual(answer.status, 200)
        self.assertIn("Your visits: 2", self.get("/"))

    def test_an_unknown_address_is_not_found(self) -> None:
        with self.assertRaises(HTTPError) as refused:
            self.get("/nothing")
        self.assertEqual(refused.exception.code, 404)


if __name__ == "__main__":
    unittest.main()
