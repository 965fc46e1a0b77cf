"""Imports what the standard library imports late.

A component has no files when it runs: what is not imported while it is built is missing. Some
modules are only imported when a function is first called, so that no import of the app shows them.
"""

import codecs
import traceback
from datetime import datetime

ENCODINGS = [
    "ascii", "base64", "cp1252", "hex", "idna", "iso8859-15", "latin-1", "punycode", "quopri", "raw-unicode-escape",
    "unicode-escape", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-7", "utf-8", "utf-8-sig", "zlib",
]  # fmt: skip

for encoding in ENCODINGS:
    try:
        codecs.lookup(encoding)
    except LookupError:
        pass  # This Python has none of that name, for example no zlib.

datetime.strptime("1", "%d")

# Whatever an exception of the app will need in order to be told.
try:
    unknown  # type: ignore[name-defined]  # noqa: B018, F821
except NameError as error:
    traceback.format_exception(error)
