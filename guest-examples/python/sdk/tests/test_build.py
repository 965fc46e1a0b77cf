"""The two halves of a quick build, and what the tool says of a build that fails."""

import contextlib
import importlib
import io
import os
import pkgutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from innkeeper import errors, image
from innkeeper_build import component
from innkeeper_build import image as build_image

FILES = {
    "app.py": b"from pathlib import Path\nimport quick_parts\nfrom quick_folder import inner\n"
    b"style = Path(__file__).with_name('style.css').read_text()\n",
    "quick_parts.py": b"number = 7\n",
    "quick_folder/inner.py": b"text = 'inside'\n",
    "style.css": "a { content: 'ä' }".encode(),
}


class Images(unittest.TestCase):
    def tearDown(self) -> None:
        for name in ("app", "quick_parts", "quick_folder", "quick_folder.inner"):
            sys.modules.pop(name, None)

    def test_what_the_tool_writes_is_what_the_component_reads(self) -> None:
        self.assertEqual(
            (build_image.MARK, build_image.FILLER, build_image.ROOM_BYTES),
            (image.MARK, image.FILLER, image.ROOM_BYTES),
        )
        packed = build_image.pack(FILES) + image.FILLER * 100
        self.assertEqual(image.Image.of(packed).files, {f"{image.ROOT}/{name}": data for name, data in FILES.items()})

    def test_modules_and_files_come_from_the_image_while_it_is_open(self) -> None:
        packed = image.Image.of(build_image.pack(FILES))
        with packed.opened():
            app = importlib.import_module("app")
        self.assertEqual((app.quick_parts.number, app.inner.text), (7, "inside"))
        self.assertEqual(app.style, "a { content: 'ä' }")
        self.assertEqual(app.__file__, f"{image.ROOT}/app.py")
        with self.assertRaises(FileNotFoundError):
            open(f"{image.ROOT}/style.css")
        self.assertNotIn(packed, sys.meta_path)

    def test_a_file_beside_a_module_is_read_through_its_loader(self) -> None:
        packed = image.Image.of(build_image.pack(FILES))
        with packed.opened():
            self.assertEqual(pkgutil.get_data("quick_folder.inner", "inner.py"), FILES["quick_folder/inner.py"])

    def test_a_file_that_is_too_large_is_told_as_such(self) -> None:
        packed = image.Image.of(build_image.pack({"large.bin": None, "app.py": b"x = 1\n"}))
        with packed.opened(), self.assertRaisesRegex(RuntimeError, "large.bin is too large for a quick build"):
            open(f"{image.ROOT}/large.bin", "rb")
        self.assertEqual(packed.read(f"{image.ROOT}/app.py"), b"x = 1\n")

    def test_the_app_is_written_where_the_room_is(self) -> None:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            room = build_image.MARK + build_image.FILLER * 200
            Path("base.wasm").write_bytes(b"before" + build_image.MARK + b"\0" + room + b"after")
            build_image.fill(Path("base.wasm"), build_image.pack({"a.py": b"1"}), Path("made/app.wasm"))
            made = Path("made/app.wasm").read_bytes()
            start = made.rindex(build_image.MARK)
            self.assertEqual(image.Image.of(made[start:]).files, {f"{image.ROOT}/a.py": b"1"})
            self.assertEqual(len(made), Path("base.wasm").stat().st_size)
            self.assertTrue(made.endswith(build_image.FILLER + b"after"))
            self.assertEqual(sorted(path.name for path in Path().rglob("*")), ["app.wasm", "base.wasm", "made"])
            with self.assertRaisesRegex(component.BuildError, "no room for the app"):
                build_image.fill(Path("made/app.wasm"), b"", Path("other.wasm"))

    def test_an_app_that_cannot_be_imported_tells_why(self) -> None:
        for source, reason in [
            ("def broken(:", "SyntaxError"),
            ("import no_such_module", "delete the folder .innkeeper-build"),
            ("raise SystemExit(3)", "SystemExit: 3"),
            ("from innkeeper import db\ndb.query('select 1')", "db was called while the app was imported"),
            ("import os\nos.listdir(os.path.dirname(__file__))", "os.listdir finds no files in a quick build"),
        ]:
            told = self.load(source)
            self.assertIn(reason, told)
            self.assertIn('File "app.py", line', told)

    def load(self, source: str) -> str:
        """What an app says on standard error while it is imported from an image."""
        sys.modules.pop("app", None)
        with (
            mock.patch.object(image, "_room", build_image.pack({"app.py": source.encode()})),
            mock.patch.object(image, "_is_loaded", False),
            mock.patch.object(errors, "is_importing", True),
            contextlib.redirect_stderr(io.StringIO()) as told,
        ):
            image._load()
            self.assertFalse(errors.is_importing)
        return told.getvalue()


class Fingerprints(unittest.TestCase):
    def test_imports_from_elsewhere_count_and_the_app_s_own_do_not(self) -> None:
        source = b"import json, os.path\nfrom flask import (\n    Flask,\n    request,\n)\nimport pages\nfrom pages import a\n"
        found = build_image.imports(
            {"app.py": source, "pages.py": b"    from . import x\n", "deep/a.py": b"import deep.b"}
        )
        self.assertEqual(list(found), ["flask ( Flask, request, )", "json, os.path"])

    def test_files_that_do_not_belong_to_the_app_are_left_out(self) -> None:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            for name in ("app.py", "style.css", ".env", "app.wasm", "pages/one.html", ".venv/x.py", "sdk/y.py") + (
                ("pages/sdk/z.py", "venv/pyvenv.cfg", "venv/lib/w.py")
            ):
                Path(name).parent.mkdir(exist_ok=True, parents=True)
                Path(name).write_text("")
            self.assertEqual(
                [name for name, _ in build_image.app_files(Path())],
                ["app.py", "pages/one.html", "pages/sdk/z.py", "style.css"],
            )


class Reasons(unittest.TestCase):
    def test_an_exception_is_shown_where_it_is_in_the_app(self) -> None:
        said = (
            'Traceback (most recent call last):\n  File "/usr/bin/componentize-py", line 8, in <module>\n'
            'AssertionError: Traceback (most recent call last):\n  File "/0/innkeeper_entry.py", line 2, in <module>\n'
            '    import app\n  File "/1/app.py", line 1, in <module>\n    import nothing\n'
            "ModuleNotFoundError: No module named 'nothing'\n\n\nCaused by:\n    ModuleNotFoundError\n"
        )
        self.assertEqual(
            component.reason(said),
            'Traceback (most recent call last):\n  File "./app.py", line 1, in <module>\n    import nothing\n'
            "ModuleNotFoundError: No module named 'nothing'",
        )

    def test_a_call_of_the_host_is_explained(self) -> None:
        said = "AssertionError: \n\nCaused by:\n    1: called trapping stub: innkeeper:storage/db@0.1.0#query"
        self.assertTrue(component.reason(said).startswith("innkeeper:storage/db@0.1.0 query was called while"))

    def test_anything_else_is_shown_as_it_is(self) -> None:
        self.assertEqual(component.reason("no space left on device\n"), "no space left on device")

    def test_a_missing_tool_is_named(self) -> None:
        with (
            mock.patch.object(sys, "executable", os.path.join(os.sep, "nowhere", "python")),
            mock.patch.dict(os.environ, {"PATH": ""}),
            self.assertRaisesRegex(component.BuildError, "pip install componentize-py"),
        ):
            component.tool()
