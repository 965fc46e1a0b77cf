#!/usr/bin/env python3
"""Writes deps/: the WASI interfaces of `web-app`, from the crates of the wasmtime version in Cargo.lock.

They are trimmed to what web apps use and numbered 0.2.10, the version that the JavaScript engine exports; the host serves every
0.2.x. Without sockets and file systems, since their renumbered files do not merge with those that toolchains bring along.
Run `wit/vendor.py` after an update of wasmtime, or `wit/vendor.py --check` to learn whether deps/ is what it would write.
"""
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
VERSION = "0.2.10"
KEEP = {
    "io": {"error", "poll", "streams"},
    "clocks": {"monotonic-clock", "wall-clock"},
    "random": {"random", "insecure", "insecure-seed"},
    "cli": {"environment", "stdin", "stdout", "stderr"},
    "http": {"types", "incoming-handler", "outgoing-handler"},
}


def crate(name):
    """The folder that cargo unpacked a locked dependency into."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.run(command, cwd=HERE, check=True, capture_output=True).stdout)["packages"]
    return pathlib.Path(next(p["manifest_path"] for p in packages if p["name"] == name)).parent


def without(text, pattern):
    """`text` without the items whose first line matches, their documentation and attributes."""
    kept, lines, at = [], text.splitlines(), 0
    while at < len(lines):
        if not re.match(pattern, lines[at]):
            kept.append(lines[at])
            at += 1
            continue
        while kept and re.match(r"\s*(///|@)", kept[-1]):
            kept.pop()
        depth = lines[at].count("{") - lines[at].count("}")
        while depth > 0 or not re.search(r"[;}]\s*$", lines[at]):
            at += 1
            depth += lines[at].count("{") - lines[at].count("}")
        at += 1
    return "\n".join(kept) + "\n"


def trimmed(text, interfaces):
    """One WASI package with the named interfaces only."""
    text = re.sub(r"^\s*//(?!/).*\n", "", text, flags=re.M)
    text = without(text, r"world ")
    text = without(text, rf"interface (?!({'|'.join(sorted(interfaces))}) )")
    text = without(text, r"\s*send-informational:")
    text = re.sub(r"^\s*@(since|deprecated)\(.*\)\n", "", text, flags=re.M)
    text = re.sub(r"\n{2,}", "\n\n", text).rstrip() + "\n"
    return re.sub(r"@0\.2\.\d+", f"@{VERSION}", text)


def files():
    """Name and content of each file in deps/."""
    http = crate("wasmtime-wasi-http") / "wit" / "deps"
    for name, interfaces in KEEP.items():
        yield f"wasi-{name}.wit", trimmed((http / f"{name}.wit").read_text(), interfaces)
    config = crate("wasmtime-wasi-config") / "wit" / "deps" / "config"
    text = "package wasi:config@0.2.0-rc.1;\n\n" + (config / "store.wit").read_text()
    yield "wasi-config.wit", re.sub(r"[ \t]+$", "", text, flags=re.M)


def main():
    stale = [name for name, text in files() if not same(HERE / "deps" / name, text)]
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit(f"wit/deps is not what wit/vendor.py writes: {', '.join(stale)}")
        return
    (HERE / "deps").mkdir(exist_ok=True)
    for name, text in files():
        (HERE / "deps" / name).write_text(text)


def same(path, text):
    return path.exists() and path.read_text() == text


main()
