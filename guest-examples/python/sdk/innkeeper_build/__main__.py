"""The command line."""

import argparse
import sys
from pathlib import Path

from innkeeper_build import component


def main() -> int:
    """Builds what the command line says. Returns the status to end with."""
    parser = argparse.ArgumentParser(prog="innkeeper_build", description="Builds a component of a Python app.")
    parser.add_argument("app", help="module of the app, for example `app`; or module:name where it is not called app")
    parser.add_argument("-o", "--output", required=True, type=Path, help="where to put the component")
    parser.add_argument("-p", "--python-path", action="append", default=[], help="a further folder with modules")
    args = parser.parse_args()
    module, _, name = args.app.partition(":")
    try:
        component.build(component.Project(module, name or "app", args.output, args.python_path))
    except component.BuildError as error:
        print(f"innkeeper_build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
