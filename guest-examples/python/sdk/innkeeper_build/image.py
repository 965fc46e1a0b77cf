"""Quick builds while developing: the app's files are written into a component built before.

`innkeeper.image` is the other half, inside the component, and says what differs.
"""

import hashlib
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Iterable, Iterator, Mapping, Optional, Set, Tuple

from innkeeper_build import component
from innkeeper_build.component import BuildError, Project

# The same as in `innkeeper.image`.
MARK = b"innkeeper-image-1:"
FILLER = b"\xa5"
ROOM_BYTES = 1024 * 1024
CACHE = Path(".innkeeper-build")
# A file that is too large for the room is None.
Files = Mapping[str, Optional[bytes]]
ENTRY_TEXT = """\
from innkeeper.image import IncomingHandler, prepare

prepare({module!r}, {name!r})
"""
SKIPPED = {"__pycache__", "node_modules", "innkeeper-data", "sdk"}
SKIPPED_SUFFIXES = {".wasm", ".pyc", ".new"}
IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+(\([^)]*\)|[^\n#]*)", re.MULTILINE)


def build(project: Project) -> bool:
    """Builds the component.

    Returns whether that was possible: an app with many files has no room.
    """
    files = dict(app_files(Path(), SKIPPED.union(Path(path).name for path in project.python_path)))
    image = pack(files)
    if len(image) > ROOM_BYTES:
        print("innkeeper_build: the app's files exceed 1 MiB: every change is a whole build", file=sys.stderr)
        return False
    # By its name, so that builds that run at once never take the base of another app for theirs.
    base = CACHE / f"base-{fingerprint(project, files)}.wasm"
    if not base.exists():
        build_base(project, base)
    fill(base, image, project.output)
    return True


def build_base(project: Project, base: Path) -> None:
    """Builds the component that has room for the app, and removes earlier ones."""
    CACHE.mkdir(exist_ok=True)
    entry = ENTRY_TEXT.format(module=project.module, name=project.name)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        made = Path(folder) / base.name
        component.componentize(entry, project.python_path, made)
        content = made.read_bytes()
        place = find_room(content)
        if content[place + len(MARK) : place + ROOM_BYTES].strip(FILLER):
            raise BuildError("the component has no room for the app: set INNKEEPER_BUILD=full, and report this")
        os.replace(made, base)
    for other in CACHE.glob("base*.wasm"):
        if other != base:
            other.unlink(missing_ok=True)


def find_room(content: bytes) -> int:
    """Where in a component the room for the app begins."""
    place = content.find(MARK + FILLER)
    if place < 0:
        raise BuildError(f"the component has no room for the app: delete the folder {CACHE} to build anew")
    return place


def fill(base: Path, image: bytes, output: Path) -> None:
    """Writes the app into a copy of the component, and puts that into place."""
    content = base.read_bytes()
    place = find_room(content)
    component.put(content[:place] + image + content[place + len(image) :], output)


def pack(files: Files) -> bytes:
    """The image: mark, number of bytes, names and sizes, and the files.

    A file that is too large has no size.
    """
    index = json.dumps([[name, None if data is None else len(data)] for name, data in files.items()]).encode()
    body = index + b"\n" + b"".join(data or b"" for data in files.values())
    return MARK + len(body).to_bytes(4, "little") + body


def app_files(folder: Path, skipped: Set[str] = SKIPPED) -> Iterator[Tuple[str, Optional[bytes]]]:
    """The files of the app by their names, sorted; None for one that is too large.

    What is hidden or built is left out, and so are the packages that it imports.
    """
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in skipped or path.suffix in SKIPPED_SUFFIXES:
            continue
        if path.is_dir():
            if not (path / "pyvenv.cfg").exists():
                yield from app_files(path, {"__pycache__"})
        elif path.is_file():
            yield path.as_posix(), path.read_bytes() if path.stat().st_size < ROOM_BYTES else None


def fingerprint(project: Project, files: Files) -> str:
    """Changes when something changes that is in the component besides the app's own files."""
    parts = [project.module, project.name, sys.prefix, *imports(files)]
    folders = [component.SDK, Path(component.tool()), *map(Path, project.python_path)]
    if sys.prefix != sys.base_prefix:
        folders += sorted(Path(sys.prefix).glob("[Ll]ib/**/site-packages"))
    for folder in folders:
        parts += stamps(folder)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def imports(files: Files) -> Iterable[str]:
    """What the app imports from elsewhere, as it is written.

    Read line by line: this Python may be older than the app.
    """
    own = {name.split("/")[0].rpartition(".")[0] or name.split("/")[0] for name in files}
    found = set()
    for name, data in files.items():
        if data is None or not name.endswith(".py"):
            continue
        for module, names in IMPORT.findall(data.decode(errors="replace")):
            top = (module or names).split(".")[0].split()[0:1]
            if top and top[0] not in own:
                found.add(" ".join(f"{module} {names}".split()))
    return sorted(found)


def stamps(path: Path) -> Iterator[str]:
    """Size and time of each Python file below a folder."""
    if path.is_file():
        files = [path]
    else:
        files = sorted(file for file in path.rglob("*") if file.suffix in (".py", ".wit", ".so"))
    for file in files:
        stat = file.stat()
        yield f"{file} {stat.st_size} {stat.st_mtime_ns}"
