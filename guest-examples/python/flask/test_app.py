"""Asks the running app at INNKEEPER_URL. `innkeeper test` starts one and runs this file."""

import os
import re
import unittest
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request, build_opener

URL = os.environ["INNKEEPER_URL"]
# The smallest GIF.
PHOTO = bytes.fromhex("47494638396101000100800000000000ffffff2c00000000010001000002024401003b")
BOUNDARY = "a-boundary"


class Album(unittest.TestCase):
    def setUp(self) -> None:
        self.visitor = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> bytes:
        with self.visitor.open(URL + path) as answer:
            return answer.read()

    def add(self, photo: bytes, **fields: str) -> str:
        texts = [f'name="{name}"\r\n\r\n{text}' for name, text in fields.items()]
        parts = [part.encode() for part in texts] + [b'name="photo"; filename="a.gif"\r\n\r\n' + photo]
        start = f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
        body = b"".join(start + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()
        head = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        with self.visitor.open(Request(URL + "/", body, head)) as answer:
            return answer.read().decode()

    def token(self) -> str:
        found = re.search(rb'name="csrf" value="([^"]+)"', self.get("/"))
        assert found is not None
        return found.group(1).decode()

    def test_a_photo_comes_back_as_it_was_sent(self) -> None:
        page = self.add(PHOTO, csrf=self.token(), title='a "title" & more')
        self.assertIn(f"Added a &#34;title&#34; &amp; more, {len(PHOTO)} bytes.", page)
        path = re.search(r'src="(/photos/[0-9a-f]{32})"', page)
        assert path is not None
        with self.visitor.open(URL + path.group(1)) as answer:
            self.assertEqual(answer.headers["content-type"], "image/gif")
            self.assertEqual(answer.read(), PHOTO)

    def test_what_is_refused(self) -> None:
        token = self.token()
        for photo, fields, status in [
            (PHOTO, {"title": "x", "csrf": "guess"}, 403),
            (b"no image", {"title": "x", "csrf": token}, 415),
            (PHOTO, {"csrf": token}, 400),
        ]:
            with self.assertRaises(HTTPError) as refused:
                self.add(photo, **fields)
            self.assertEqual(refused.exception.code, status)
        with self.assertRaises(HTTPError) as refused:
            self.get("/photos/x")
        self.assertEqual(refused.exception.code, 404)


if __name__ == "__main__":
    unittest.main()
