"""While developing: an app whose files are put into a component that has been built before.

Building a component of an app takes seconds, most of which go into Python itself and into the
packages that the app imports. `innkeeper_build` does that once under `innkeeper dev`, with some
room left free, and afterwards only writes the app's own files there. They are imported at the first
request of an instance instead of while the component is built, which is the only difference: files
may be read while the app is imported, and calls of the host are refused then.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.machinery
import importlib.util
import io
import json
import linecache
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder, SourceLoader
from types import ModuleType
from typing import Any

from wit_world.imports import types

from innkeeper import errors, serving
from innkeeper.http import Request, Response

# `innkeeper_build.image` knows these as well.
MARK = b"innkeeper-image-1:"
FILLER = b"\xa5"
ROOM_BYTES = 1024 * 1024
ROOT = errors.ROOT
WHOLE_BUILD = "set INNKEEPER_BUILD=full in the build command of this app"

_room = bytearray(ROOM_BYTES)
_app = ("app", "app")
_is_loaded = False


class IncomingHandler(serving.IncomingHandler):
    """What the host calls."""

    def handle(self, request: types.IncomingRequest, response_out: types.ResponseOutparam) -> None:
        """Answers one request, with the app of the image."""
        if not _is_loaded:
            _load()
        super().handle(request, response_out)


def prepare(module: str, name: str) -> None:
    """Imports what the app needs, forgets the app itself, and leaves room for it.

    This happens while the component is built.
    """
    global _app
    _app = (module, name)
    serving.serve(getattr(importlib.import_module(module), name))
    serving.answer_with(_failed)
    for imported, found in list(sys.modules.items()):
        places = [getattr(found, "__file__", None) or "", *(getattr(found, "__path__", None) or [])]
        if any(place == ROOT or place.startswith(f"{ROOT}/") for place in places):
            del sys.modules[imported]
    linecache.clearcache()
    # In place and piece by piece, so that no copy of it is left elsewhere in memory.
    for start in range(0, ROOM_BYTES, 4096):
        _room[start : start + 4096] = FILLER * 4096
    _room[: len(MARK)] = MARK


class Image(MetaPathFinder):
    """The files of the app, and the finder of the modules among them."""

    def __init__(self, files: dict[str, bytes | None]) -> None:
        self.files = files

    @classmethod
    def of(cls, room: bytes | bytearray) -> Image:
        """Reads what `innkeeper_build` has written.

        It is the number of bytes, names and sizes, and the files.
        """
        start = len(MARK) + 4
        size = int.from_bytes(room[len(MARK) : start], "little")
        index, _, data = bytes(room[start : start + size]).partition(b"\n")
        files: dict[str, bytes | None] = {}
        place = 0
        for name, length in json.loads(index):
            files[f"{ROOT}/{name}"] = None if length is None else data[place : place + length]
            place += length or 0
        return cls(files)

    def read(self, file: str) -> bytes:
        """The content of a file."""
        if file not in self.files:
            raise FileNotFoundError(file)
        data = self.files[file]
        if data is None:
            raise RuntimeError(f"{file} is too large for a quick build: {WHOLE_BUILD}")
        return data

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Finds a module of the app."""
        base = f"{ROOT}/{fullname.replace('.', '/')}"
        for file, is_package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
            if file in self.files:
                folders = [base] if is_package else None
                loader = _Loader(file, self)
                return importlib.util.spec_from_file_location(
                    fullname, file, loader=loader, submodule_search_locations=folders
                )
        if any(file.startswith(f"{base}/") and file.endswith(".py") for file in self.files):
            spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [base]
            return spec
        return None

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Meanwhile modules can be imported and files read, as while a component is built."""
        real = io.open

        def open_file(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **named: Any) -> Any:
            name = "" if isinstance(file, int) else os.path.normpath(os.fsdecode(file))
            if name not in self.files or set(mode) - set("rbt"):
                return real(file, mode, buffering, *args, **named)
            data = self.read(name)
            return io.BytesIO(data) if "b" in mode else io.TextIOWrapper(io.BytesIO(data), *args, **named)

        setattr(io, "open", open_file)
        setattr(builtins, "open", open_file)
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            sys.meta_path.remove(self)
            setattr(io, "open", real)
            setattr(builtins, "open", real)


class _Loader(SourceLoader):
    """Loads a module from its source, and reads the files beside it."""

    def __init__(self, file: str, files: Image) -> None:
        self._file, self._files = file, files

    def get_filename(self, fullname: str) -> str:
        return self._file

    def get_data(self, path: Any) -> bytes:
        return self._files.read(os.fspath(path))


def _load() -> None:
    """Imports the app. Where that fails, every request tells why."""
    global _is_loaded
    _is_loaded = True
    module, name = _app
    # What is known of folders while the component is built is true no longer.
    sys.path_importer_cache.clear()
    try:
        with Image.of(_room).opened():
            _forbid_listing()
            serving.serve(getattr(importlib.import_module(module), name))
    except (Exception, SystemExit) as error:
        errors.tell(error)
        if isinstance(error, ModuleNotFoundError):
            print("If that module is installed, delete the folder .innkeeper-build to build anew.", file=sys.stderr)
        serving.answer_with(_failed)
    finally:
        errors.is_importing = False


def _forbid_listing() -> None:
    """Lists of files would be empty here: better an error that says so."""

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if errors.is_importing and event in ("os.listdir", "os.scandir") and str(args[0]).startswith(ROOT):
            raise RuntimeError(f"{event} finds no files in a quick build: {WHOLE_BUILD}")

    sys.addaudithook(watch)


def _failed(request: Request) -> Response:
    return Response.text("500 The app cannot be imported: standard error says why.\n", 500)
