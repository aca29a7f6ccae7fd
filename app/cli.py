"""The `wandstore` command: serve a shop, begin one of your own, say what is wrong with it.

Serving has to start fast, so each command loads what it needs, and argparse is loaded only where
there is something to parse.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_CATALOGS = ("catalog.json", "catalog.csv", "catalog.tsv", "catalog.xml", "catalog")
"""What a shop's folder may have its catalog in, the likeliest first."""


def main() -> int:
    """Obey the command line; without arguments, serve what the environment says."""
    arguments = sys.argv[1:]
    return _obey(arguments) if arguments else serve(os.environ)


def serve(environment: Mapping[str, str]) -> int:
    """Serve until told to stop; return the exit status.

    Nothing that is loaded at the start is garbage, so nobody looks for any until the shop is open:
    that takes a quarter off the time to start, which counts on a sixteenth of a CPU.
    """
    gc.disable()
    import app.util.lean_uvicorn  # noqa: F401, PLC0415 - before whoever else imports uvicorn
    from app import server  # noqa: PLC0415 - after the line above

    return server.main(environment)


def shop_environment(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the shop of a folder; catalog and data may be set elsewhere."""
    there = (folder / name for name in _CATALOGS if (folder / name).exists())
    usual = {
        "WANDSTORE_CATALOG": str(next(there, folder / _CATALOGS[0])),
        "WANDSTORE_DATA": str(folder / "data"),
    }
    given = {name: text for name, text in environment.items() if text.strip()}
    return {**usual, **given, "WANDSTORE_ROOT": str(folder)}


def _obey(arguments: Sequence[str]) -> int:
    from argparse import ArgumentParser  # noqa: PLC0415 - not where the shop is only served

    from app import __version__  # noqa: PLC0415 - likewise

    parser = ArgumentParser("wandstore", description="A shop composed for each shopper.")
    parser.add_argument("--version", action="version", version=f"wandstore {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the shop in FOLDER, or the demo shop")
    serving.add_argument("folder", metavar="FOLDER", nargs="?", type=Path)
    beginning = commands.add_parser("new", help="write a shop of your own into FOLDER")
    beginning.add_argument("folder", metavar="FOLDER", type=Path)
    checking = commands.add_parser("check", help="say what is wrong with the shop in FOLDER")
    checking.add_argument("folder", metavar="FOLDER", type=Path)
    chosen = parser.parse_args(arguments)
    folder: Path | None = chosen.folder
    if folder is None:
        return serve(os.environ)
    if chosen.command == "new":
        return _new(folder)
    if not folder.is_dir():
        parser.error(f"{folder}: no such folder")
    environment = shop_environment(folder, os.environ)
    return serve(environment) if chosen.command == "serve" else _check(environment)


def _new(folder: Path) -> int:
    from app.workbench.safe_write import NotWritten  # noqa: PLC0415 - not where a shop is served
    from app.workbench.scaffold import new_shop  # noqa: PLC0415 - likewise

    try:
        new_shop(folder)
    except NotWritten as error:
        sys.stderr.write(f"no shop was made: {error}\n")
        return 2
    sys.stdout.write(f"wrote a shop into {folder}; see it with `wandstore serve {folder}`\n")
    return 0


def _check(environment: Mapping[str, str]) -> int:
    from app.settings import SettingsError, read_settings  # noqa: PLC0415 - as above
    from app.workbench.checks.shop import problems_of  # noqa: PLC0415 - likewise

    try:
        problems = problems_of(read_settings(environment))
    except SettingsError as error:
        sys.stderr.write(f"the shop was not checked: {error}\n")
        return 2
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(f"problems: {len(problems)}\n" if problems else "nothing is wrong\n")
    return 1 if problems else 0
