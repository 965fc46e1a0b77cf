"""The command line."""

import argparse
import os
import sys
from pathlib import Path

from innkeeper_build import component, image


def main() -> int:
    """Builds what the command line says. Returns the status to end with."""
    parser = argparse.ArgumentParser(prog="innkeeper_build", description="Builds a component of a Python app.")
    parser.add_argument("app", help="module of the app, for example `app`; or module:name where it is not called app")
    parser.add_argument("-o", "--output", required=True, type=Path, help="where to put the component")
    parser.add_argument("-p", "--python-path", action="append", default=[], help="a further folder with modules")
    args = parser.parse_args()
    module, _, name = args.app.partition(":")
    project = component.Project(module, name or "app", args.output, args.python_path)
    try:
        if not (is_quick() and image.build(project)):
            component.build(project)
    except component.BuildError as error:
        print(f"innkeeper_build: {error}", file=sys.stderr)
        return 1
    return 0


def is_quick() -> bool:
    """Whether `innkeeper dev` asks for the component, and nobody has asked for a whole build."""
    return os.environ.get("INNKEEPER_DEV") == "1" and os.environ.get("INNKEEPER_BUILD") != "full"


if __name__ == "__main__":
    sys.exit(main())
