"""Runs componentize-py with the right options."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import List

WORLD = "innkeeper:storage/web-app"
SDK = Path(__file__).resolve().parent.parent
ENTRY = "innkeeper_entry"
ENTRY_TEXT = """\
from innkeeper.serving import IncomingHandler, keep_sources, serve
import {module}

serve({module}.{name})
keep_sources()
"""


class BuildError(Exception):
    """Why nothing was built."""


@dataclass
class Project:
    """An app to be built: `name` in `module`, in the current folder."""

    module: str
    name: str
    output: Path
    python_path: List[str] = field(default_factory=list)


def build(project: Project) -> None:
    """Builds the component."""
    entry = ENTRY_TEXT.format(module=project.module, name=project.name)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "component.wasm"
        componentize(entry, project.python_path, made)
        put(made.read_bytes(), project.output)


def componentize(entry: str, python_path: List[str], output: Path) -> None:
    """Makes a component whose module is `entry`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{ENTRY}.py").write_text(entry)
        # In this order: `innkeeper.errors.ROOT` is the number of the folder of the app.
        paths = [argument for path in [folder, ".", *python_path, str(SDK)] for argument in ("-p", path)]
        command = [tool(), "-q", "-d", str(wit()), "-w", WORLD, "componentize", ENTRY, *paths, "-o", str(output)]
        # What is installed beside componentize-py belongs to the app, and nothing else on this
        # machine.
        environment = {**os.environ, "VIRTUAL_ENV": packages(folder)}
        ended = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)
    if ended.returncode != 0:
        raise BuildError(f"the app was not built.\n{reason(ended.stderr)}")


def put(content: bytes, output: Path) -> None:
    """Writes a file that appears in one step, because a host may be watching it."""
    output.parent.mkdir(parents=True, exist_ok=True)
    # Of this process alone: another build may run at the same time.
    new = output.with_name(f".{output.name}.{os.getpid()}.new")
    new.write_bytes(content)
    os.replace(new, output)


def tool() -> str:
    """Where componentize-py is: beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("componentize-py")
    found = str(beside) if beside.exists() else shutil.which("componentize-py")
    if found is None:
        raise BuildError("componentize-py is missing: pip install componentize-py==0.25.1")
    return found


def wit() -> Path:
    """Where the interfaces are: beside the package, or inside it where it was installed."""
    for folder in (SDK / "wit", SDK / "innkeeper" / "wit"):
        if folder.is_dir():
            return folder
    raise BuildError(f"{SDK / 'wit'} is missing: it belongs to innkeeper-sdk")


def packages(empty: str) -> str:
    """The virtual environment whose packages the app may import.

    Without one, a folder that has none.
    """
    if sys.prefix != sys.base_prefix:
        return sys.prefix
    (Path(empty) / "lib" / "site-packages").mkdir(parents=True)
    return empty


def reason(stderr: str) -> str:
    """What componentize-py says, without its own frames, and with names of files as they are here."""
    text = stderr.rpartition("AssertionError: ")[2].partition("\nCaused by:")
    trap = re.search(r"called trapping stub: (\S+)#(\S+)", text[2])
    if trap:
        return f"{trap[1]} {trap[2]} was called while the app was imported: call it in a function, during a request"
    shown = re.sub(r".*SyntaxWarning: .*\n.*\n", "", text[0] if text[1] else stderr)
    shown = re.sub(rf'  File "/0/{ENTRY}.py".*\n(?:    .*\n)*', "", shown)
    return shown.replace('File "/1/', 'File "./').strip()
