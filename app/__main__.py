"""The `wandstore` command, which is `python -m app` too: serve a shop, begin one, look after it.

Serving has to start fast, so each command loads what it needs, and argparse is loaded only where
there is something to parse.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.util.early_signals import open_standard_files, tell_early_end

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace, _SubParsersAction

    from app.settings import Settings

_OTHERS_WRITE = 0o002
"""Who may write a folder may replace its files."""

_CATALOGS = ("catalog.json", "catalog.csv", "catalog.tsv", "catalog.xml", "catalog", "shop.json")
"""What a shop's folder may have its catalog in, the likeliest first; or what says whose a feed at
an address is."""


def main() -> int:
    """Obey the command line; without arguments, serve what the environment says."""
    open_standard_files()
    os.umask(os.umask(_OTHERS_WRITE) | _OTHERS_WRITE)
    arguments = sys.argv[1:]
    return _obey(arguments) if arguments else serve(os.environ)


def serve(environment: Mapping[str, str]) -> int:
    """Serve until told to stop; return the exit status.

    Nothing that is loaded at the start is garbage, so nobody looks for any until the shop is open:
    that takes a quarter off the time to start, which counts on a sixteenth of a CPU.
    """
    gc.disable()
    tell_early_end()
    import app.util.lean_imports  # noqa: F401 - before whoever else imports uvicorn
    from app import server

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
    from argparse import ArgumentParser

    from app import __version__
    from app.util.errors import exit_status

    parser = ArgumentParser("wandstore", description="A shop composed for each shopper.")
    parser.add_argument("--version", action="version", version=f"wandstore {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the shop in FOLDER, or the demo shop")
    serving.add_argument("folder", metavar="FOLDER", nargs="?", type=Path)
    beginning = commands.add_parser("new", help="write a shop of your own into FOLDER")
    beginning.add_argument("folder", metavar="FOLDER", type=Path)
    making = commands.add_parser("component", help="write the files of a new component")
    making.add_argument("folder", metavar="FOLDER", type=Path, help="the shop it is for")
    making.add_argument("name", metavar="NAME")
    making.add_argument("slot", metavar="SLOT", nargs="?", default="cta", help="usually cta")
    checking = commands.add_parser("check", help="say what is wrong with a shop, or with a feed")
    checking.add_argument("folder", metavar="FOLDER|FEED", type=Path)
    importing = commands.add_parser("import", help="read a feed, so that a shop opens with it fast")
    feeds = "a file, a folder, an https address, or the folder of a shop"
    importing.add_argument("feed", metavar="FEED", help=feeds)
    importing.add_argument("--check", action="store_true", help="keep nothing")
    importing.add_argument("--data", metavar="FOLDER", help="in place of WANDSTORE_DATA")
    copying = commands.add_parser("pictures", help="copy a shop's pictures in several widths")
    copying.add_argument("folder", metavar="FOLDER", type=Path)
    telling = commands.add_parser("insights", help="tell what experiments in FOLDER came to")
    telling.add_argument("folder", metavar="FOLDER", type=Path)
    telling.add_argument("--shop", metavar="ID", help="in place of the default shop")
    telling.add_argument("--json", action="store_true", help="all of it, as JSON")
    _add_data_commands(commands)
    chosen = parser.parse_args(arguments)
    if "data" in chosen:
        environment = {**os.environ, **({"WANDSTORE_DATA": chosen.data} if chosen.data else {})}
        if chosen.command == "import":
            return _import(chosen.feed, environment, only_checks=chosen.check)
        return exit_status(partial(_look_after_data, chosen, environment), "nothing was done")
    folder: Path | None = chosen.folder
    if folder is None:
        return serve(os.environ)
    if chosen.command == "new":
        return exit_status(partial(_new, folder), "no shop was made")
    if chosen.command == "check" and folder.is_file():
        return _import(str(folder), os.environ, only_checks=True)
    if not folder.is_dir():
        parser.error(f"{folder}: no such folder")
    environment = shop_environment(folder, os.environ)
    if chosen.command == "serve":
        return serve(environment)
    if chosen.command == "pictures":
        return _pictures(environment)
    act, undone = {
        "check": (partial(_check, environment), "the shop was not checked"),
        "component": (partial(_component, environment, chosen), "no component was made"),
        "insights": (partial(_insights, environment, chosen), "nothing can be told"),
    }[chosen.command]
    return exit_status(act, undone)


def _insights(environment: Mapping[str, str], chosen: Namespace) -> int:
    import asyncio
    import json
    import logging

    from app.insights.summary import summary
    from app.settings import read_settings

    logging.disable()  # what is wrong is told in one line
    report = asyncio.run(_report(read_settings(environment), chosen.shop))
    text = json.dumps(report, ensure_ascii=False, indent=2) if chosen.json else summary(report)
    sys.stdout.write(f"{text}\n")
    return 0


async def _report(settings: Settings, shop_id: str | None) -> dict[str, object]:
    """Return the report on a shop, the default one where none is named.

    Raises:
        OperatorError: the shop's files or its database cannot be read, or there is no such shop.
    """
    import time

    from app.content.site import read_site
    from app.insights.collect import collect
    from app.metrics.registry import Metrics
    from app.pages.arms import Arms
    from app.storage.backup import require_state
    from app.storage.factory import open_storage
    from app.storage.kv.retrying import RetryingKv
    from app.util.errors import OperatorError

    content = read_site(settings)
    shops = content.catalogs.shops
    shop = content.catalogs.default if shop_id is None else shops.get(shop_id)
    if shop is None:
        raise OperatorError(f"there is no shop {shop_id!r}, but {', '.join(shops)}")
    require_state(settings)
    storage = open_storage(settings, Metrics())
    async with storage.opened():
        kv = RetryingKv(storage.kv, time.monotonic)
        arms = Arms(content.experiments.experiments, kv, storage.clock)
        await arms.load()
        file, days = content.experiments, settings.storage.record_days
        now = storage.clock()
        return await collect(storage.database, shop, file, arms.stopped, now, record_days=days)


def _add_data_commands(commands: _SubParsersAction[ArgumentParser]) -> None:
    """Add the commands that look after a data folder, or the state that the settings name."""
    of_shopper = commands.add_parser("shopper", help="hand over or erase what is stored of one")
    of_shopper.add_argument("action", choices=("export", "erase"))
    of_shopper.add_argument(
        "shopper_id", metavar="ID", help="as in the cookie: shop_ and 32 digits"
    )
    saving = commands.add_parser("backup", help="write the data folder to FILE, at any time")
    saving.add_argument("file", metavar="FILE", type=Path)
    restoring = commands.add_parser("restore", help="put FILE back; the shop must not be open")
    restoring.add_argument("file", metavar="FILE", type=Path)
    restoring.add_argument("--replace", action="store_true", help="what is there is lost")
    for command in (of_shopper, saving, restoring):
        command.add_argument("--data", metavar="FOLDER", help="in place of WANDSTORE_DATA")


def _look_after_data(chosen: Namespace, environment: Mapping[str, str]) -> int:
    from app.settings import read_settings
    from app.storage.backup import back_up, folder_of, restore
    from app.storage.folder_lock import hold_folder

    settings = read_settings(environment)
    if chosen.command == "shopper":
        return _shopper(chosen, settings)
    data = folder_of(settings)
    if chosen.command == "backup":
        back_up(data, chosen.file)
    else:
        with hold_folder(data):
            restore(chosen.file, data, replace=chosen.replace)
    return 0


def _shopper(chosen: Namespace, settings: Settings) -> int:
    """Write what is stored of a shopper as JSON, or erase it; 1 where nothing is known of them.

    Raises:
        OperatorError: that is nobody's number, or what is stored cannot be reached.
    """
    import asyncio
    import json
    import logging
    import re

    from app.metrics.registry import Metrics
    from app.storage.backup import require_state
    from app.storage.factory import open_storage
    from app.storage.shoppers import ShopperData
    from app.util.errors import OperatorError
    from app.web.cookies import SHOPPER_ID

    if not re.fullmatch(SHOPPER_ID, chosen.shopper_id):
        raise OperatorError("the ID is not shop_ and 32 digits, as in the cookie")
    require_state(settings)
    logging.disable()  # what is wrong is told in one line

    async def act() -> bool:
        storage = open_storage(settings, Metrics())
        async with storage.opened():
            data = ShopperData(storage.kv, storage.database, storage.journal)
            if chosen.action == "erase":
                return await data.erase(chosen.shopper_id)
            found = await data.export(chosen.shopper_id)
            json.dump(found, sys.stdout, ensure_ascii=False, indent=2)
            sys.stdout.write("\n")
            return any(found.values())

    if asyncio.run(act()):
        return 0
    sys.stderr.write(f"nothing is stored of {chosen.shopper_id}\n")
    return 1


def _new(folder: Path) -> int:
    from shlex import join

    from app.workbench.scaffold import new_shop

    new_shop(folder)
    command = join(("wandstore", "serve", str(folder)))
    sys.stdout.write(f"wrote a shop into {folder}; see it with `{command}`\n")
    return 0


def _component(environment: Mapping[str, str], chosen: Namespace) -> int:
    from app.settings import read_settings
    from app.workbench.scaffold import scaffold

    written = scaffold(read_settings(environment), chosen.name, chosen.slot)
    sys.stdout.write("\n".join(["wrote", *(f"  {file}" for file in written), ""]))
    sys.stdout.write(f"served with WANDSTORE_DESIGN=1, it is at /design/components/{chosen.name}\n")
    return 0


def _check(environment: Mapping[str, str]) -> int:
    from app.settings import read_settings
    from app.workbench.checks.shop import problems_of

    problems = problems_of(read_settings(environment))
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(f"problems: {len(problems)}\n" if problems else "nothing is wrong\n")
    return 1 if problems else 0


def _pictures(environment: Mapping[str, str]) -> int:
    """Copy the pictures beside a catalog; 1 where one has no copies, 2 where none can be made."""
    from app.catalog.images import folder_of
    from app.catalog.picture_copies import make_copies

    catalog = Path(environment["WANDSTORE_CATALOG"])
    pictures = folder_of(catalog / "any" if catalog.is_dir() else catalog)
    faults = made = kept = 0
    try:
        for copied in make_copies(pictures):
            if copied.reason:
                sys.stdout.write(f"{copied.name}: no copies: {copied.reason}\n")
            faults += bool(copied.reason)
            made += copied.is_new
            kept += not copied.reason and not copied.is_new
    except ImportError:
        sys.stderr.write("no copies were made: install Pillow, or wandstore[pictures]\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"no copies were made: {error}\n")
        return 2
    sys.stdout.write(f"{pictures}: {made} copied, {kept} as they were, {faults} without copies\n")
    return 1 if faults else 0


def _import(feed: str, environment: Mapping[str, str], *, only_checks: bool) -> int:
    """Read a feed and keep it; 1 where some of it cannot be sold, 2 where nothing can."""
    from app.content.import_feed import import_feed
    from app.settings import read_settings
    from app.util.errors import CANNOT, exit_status

    if any((Path(feed) / name).exists() for name in _CATALOGS[:-1]):
        environment = shop_environment(Path(feed), environment)
        feed = environment["WANDSTORE_CATALOG"]

    def act() -> int:
        try:
            return import_feed(read_settings(environment), feed, only_checks=only_checks)
        except OSError as error:
            sys.stderr.write(f"the feed was read and is not kept: {error}\n")
            return CANNOT

    return exit_status(act, "nothing can be sold")


if __name__ == "__main__":
    sys.exit(main())
