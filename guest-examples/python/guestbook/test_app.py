"""Asks the running guestbook at INNKEEPER_URL.

`innkeeper test` starts one with an empty book and runs this file.
"""

import json
import os
import unittest
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

URL = os.environ["INNKEEPER_URL"]


class Guestbook(unittest.TestCase):
    def setUp(self) -> None:
        self.visitor = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        with self.visitor.open(URL + path) as answer:
            return answer.read().decode()

    def post(self, path: str, **fields: str) -> str:
        fields.setdefault("csrf", json.loads(self.get("/me"))["csrf"])
        with self.visitor.open(URL + path, urlencode(fields).encode()) as answer:
            return answer.read().decode()

    def assert_refused(self, status: int, path: str, **fields: str) -> str:
        with self.assertRaises(HTTPError) as refused:
            self.post(path, **fields)
        self.assertEqual(refused.exception.code, status)
        return refused.exception.read().decode()

    def test_an_entry_is_written_and_deleted_by_who_wrote_it(self) -> None:
        self.assertIn("Welcome, Ada.", self.post("/login", name="Ada"))
        page = self.post("/entries", author="Ada", message="<b>hello</b>")
        self.assertIn("Thank you, Ada.", page)
        self.assertIn("&lt;b&gt;hello&lt;/b&gt;", page)
        entry = json.loads(self.get("/entries.json?limit=1"))["entries"][0]
        self.assertEqual((entry["author"], entry["message"], entry["photo"]), ("Ada", "<b>hello</b>", None))
        self.post(f"/entries/{entry['id']}/delete")
        self.assertNotIn(entry, json.loads(self.get("/entries.json?limit=100"))["entries"])

    def test_what_is_missing_comes_back_to_be_corrected(self) -> None:
        page = self.assert_refused(422, "/entries", author="", message="to be kept")
        self.assertIn("Please fill in your name.", page)
        self.assertIn("to be kept", page)
        self.assertIn("to be kept", self.assert_refused(403, "/entries", csrf="guess", message="to be kept"))

    def test_visits_are_counted(self) -> None:
        first = json.loads(self.get("/me"))["visits"]
        self.get("/")
        self.assertEqual(json.loads(self.get("/me"))["visits"], first + 2)


if __name__ == "__main__":
    unittest.main()
