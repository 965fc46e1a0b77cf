"""Quick builds while developing: the app's files are written into a component built before.

`innkeeper.image` is the other half, inside the component, and says what differs.
"""

import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Dict, Iterable, Iterator, Optional, Set, Tuple

from innkeeper_build import component
from innkeeper_build.component import BuildError, Project

# The same as in `innkeeper.image`.
MARK = b"innkeeper-image-1:"
FILLER = b"\xa5"
ROOM_BYTES = 1024 * 1024
CACHE = Path(".innkeeper-build")
ENTRY_TEXT = """\
from innkeeper.image import IncomingHandler, prepare

prepare({module!r}, {name!r})
"""
SKIPPED = {"__pycache__", "node_modules", "innkeeper-data", "sdk"}
SKIPPED_SUFFIXES = {".wasm", ".pyc", ".new"}
IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+(\([^)]*\)|[^\n#]*)", re.MULTILINE)


def build(project: Project) -> bool:
    """Builds the component.

    Returns whether that was possible: an app with large files has no room.
    """
    files = dict(app_files(Path(), SKIPPED.union(Path(path).name for path in project.python_path)))
    image = pack(files)
    if len(image) > ROOM_BYTES:
        print("innkeeper_build: the app's files exceed 1 MiB: every change is a whole build", file=sys.stderr)
        return False
    base, place = CACHE / "base.wasm", CACHE / "place.json"
    key = fingerprint(project, files)
    known = read_place(place)
    if known is None or known[0] != key or not base.exists():
        # First, so that a build that is broken off leaves nothing that passes for whole.
        place.unlink(missing_ok=True)
        known = (key, build_base(project, base))
        place.write_text(json.dumps(known))
    fill(base, known[1], image, project.output)
    return True


def build_base(project: Project, base: Path) -> int:
    """Builds the component that has room for the app. Returns where in the file the room begins."""
    CACHE.mkdir(exist_ok=True)
    entry = ENTRY_TEXT.format(module=project.module, name=project.name)
    component.componentize(entry, project.python_path, base)
    content = base.read_bytes()
    place = content.find(MARK + FILLER)
    if place < 0 or content[place + len(MARK) : place + ROOM_BYTES].strip(FILLER):
        raise BuildError("the component has no room for the app: set INNKEEPER_BUILD=full, and report this")
    return place


def fill(base: Path, place: int, image: bytes, output: Path) -> None:
    """Writes the app into a copy of the component, and puts that into place."""
    made = CACHE / "app.wasm"
    shutil.copyfile(base, made)
    with open(made, "r+b") as file:
        file.seek(place)
        file.write(image)
    output.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, output)


def pack(files: Dict[str, bytes]) -> bytes:
    """The image: mark, number of bytes, names and sizes, and the files."""
    index = json.dumps([[name, len(data)] for name, data in files.items()]).encode()
    body = index + b"\n" + b"".join(files.values())
    return MARK + len(body).to_bytes(4, "little") + body


def app_files(folder: Path, skipped: Set[str] = SKIPPED) -> Iterator[Tuple[str, bytes]]:
    """The files of the app by their names, sorted.

    What is hidden or built is left out, and so are the packages that it imports.
    """
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in skipped or path.suffix in SKIPPED_SUFFIXES:
            continue
        if path.is_dir():
            yield from app_files(path, skipped)
        elif path.is_file() and path.stat().st_size < ROOM_BYTES:
            yield path.as_posix(), path.read_bytes()


def fingerprint(project: Project, files: Dict[str, bytes]) -> str:
    """Changes when something changes that is in the component besides the app's own files."""
    parts = [project.module, project.name, sys.prefix, *imports(files)]
    folders = [component.SDK, Path(component.tool()), *map(Path, project.python_path)]
    if sys.prefix != sys.base_prefix:
        folders += sorted(Path(sys.prefix).glob("[Ll]ib/**/site-packages"))
    for folder in folders:
        parts += stamps(folder)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def imports(files: Dict[str, bytes]) -> Iterable[str]:
    """What the app imports from elsewhere, as it is written.

    Read line by line: this Python may be older than the app.
    """
    own = {name.split("/")[0].rpartition(".")[0] or name.split("/")[0] for name in files}
    found = set()
    for name, data in files.items():
        if not name.endswith(".py"):
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


def read_place(path: Path) -> Optional[Tuple[str, int]]:
    """What an earlier build has noted, if anything."""
    try:
        key, place = json.loads(path.read_text())
        return str(key), int(place)
    except (OSError, ValueError, TypeError):
        return None
