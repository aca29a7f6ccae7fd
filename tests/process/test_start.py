"""Starting: what is loaded before the shop is open, and what stops it from opening."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartServer
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import ROOT, HeldPort, Server

NOT_AT_THE_START = (
    *("pydantic", "pydantic_core", "httpx", "click", "multiprocessing", "selectolax"),
    *("opentelemetry", "requests", "app.generation.copy.rules", "app.insights.collect"),
    *("app.generation.parser.lexer", "app.catalog.rows", "app.llm.client", "logging.config"),
    *("anyio", "jinja2.compiler", "jinja2.lexer", "jinja2.parser", "http.client", "email.parser"),
    *("sse_starlette.sse", "tempfile", "shutil", "configparser", "uvicorn._types", "html"),
)
PARTS = ("components", "prompts", "static", "demo")


def copied(folder: Path) -> Path:
    """Copy the shop's files into a folder of their own, to be broken."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def start(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start a shop that cannot stay open; return how it ended."""
    return subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "WANDSTORE_PORT": "0",
            "WANDSTORE_DATA": str(folder / "data"),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_the_shell_does_not_need_is_not_loaded_before_the_shop_is_open() -> None:
    loaded = "import app.util.lean_imports, app.server, sys; print(*sys.modules)"
    names = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "starlette.applications" in names
    assert [name for name in NOT_AT_THE_START if name in names] == []


USED_LATE = """
import app.util.lean_imports as lean, app.server, asyncio, inspect, jinja2, re, sys, traceback
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

print(asyncio.run(run_in_threadpool(lambda: "thread")))
print(HTTPException(404).detail, jinja2.Template("{{ 1 + 1 }}").render())
print(jinja2.Environment(extensions=["jinja2.ext.i18n"]).from_string("translated").render())
print(*traceback.format_exception(ExceptionGroup("group", [ValueError("inner")])))
for module in list(filter(None, sys.modules.values())):
    stand = [name for name, it in vars(module).items() if isinstance(it, (lean._Late, lean._Module))]
    source = inspect.getsource(module) if stand and module is not lean else ""
    print(*(line for name in stand for line in re.findall(rf" except .*\\b{name}\\b.*:", source)))
"""


def test_what_stands_for_modules_until_they_are_used_does_what_they_do() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", USED_LATE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.startswith("thread\nNot Found 2\ntranslated\n")
    assert "ValueError: inner" in ended.stdout
    caught = [line for line in ended.stdout.splitlines() if line.startswith(" except")]
    assert [line for line in caught if "anyio.get_cancelled_exc_class()" not in line] == []


START_EACH = """
import json, signal, sys
from app.server import main
signal.alarm(60)
for variables in json.loads(sys.argv[1]):
    print(main(variables), flush=True)
"""


def start_each(variables: Sequence[Mapping[str, str]], *, alone: bool = False) -> list[str]:
    """Start shops that cannot stay open, one after the other; return the line that each ends with.

    Whether they are to say nothing else is `alone`.
    """
    ended = subprocess.run(
        [sys.executable, "-c", START_EACH, json.dumps(variables)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    codes = ended.stdout.split()
    assert codes == ["2"] * len(variables), variables[len(codes) :][:1]
    assert "Traceback" not in ended.stderr
    begin = "wandstore cannot start: "
    lines = ended.stderr.splitlines()
    return lines if alone else [line for line in lines if line.startswith(begin)]


def of_folder(folder: Path) -> dict[str, str]:
    """Return the variables of a shop whose files are in a folder of their own."""
    places = {"ROOT": folder, "CATALOG": folder / "demo" / "catalog.json", "DATA": folder / "data"}
    return {"WANDSTORE_PORT": "0", **{f"WANDSTORE_{it}": str(at) for it, at in places.items()}}


def test_a_file_that_cannot_be_used_stops_the_shop_and_is_named(tmp_path: Path) -> None:
    cases = [
        ("components/hero.py", "this is not Python", "hero.py: cannot be imported"),
        ("components/hero.samples.json", "[]", "hero.samples.json: empty"),
        ("components/slots.py", "SLOTS = x", "slots.py: cannot be imported"),
        (
            "components/hero.css",
            "a {\n  color: red;\n",
            "hero.css: line 1: a bracket is not closed",
        ),
        ("static/shop.css", "a { }\n/* b", "shop.css: line 2: a comment does not end"),
        ("prompts/house.json", "{", "house.json"),
        ("demo/catalog.json", "{", "catalog.json"),
        ("components/hero.jinja", "\n{% if", "hero.jinja, line 2: TemplateSyntaxError: "),
        ("components/cta.jinja", "{{ props.no.more }}", "cta.jinja, line 1: UndefinedError: "),
        ("components/story.jinja", "\n{% if", "story.jinja, line 2: TemplateSyntaxError: "),
        ("components/pages/basket.jinja", "{% if", "basket.jinja, line 1: TemplateSyntaxError: "),
        ("components/pages/store.jinja", "{{ no.more }}", "store.jinja, line 1: UndefinedError: "),
    ]
    folders = [copied(tmp_path / str(number)) for number in range(len(cases))]
    for folder, (file, text, _) in zip(folders, cases, strict=True):
        (folder / file).write_text(text)
    said = start_each([of_folder(folder) for folder in folders])
    for folder, line, (_, _, told) in zip(folders, said, cases, strict=True):
        assert told in line.partition(str(folder))[2]


def test_a_pipe_where_a_file_is_to_be_stops_the_shop_and_is_named(tmp_path: Path) -> None:
    files = ["prompts/storefront.md", "components/hero.css", "static/shop.css", "static/own.svg"]
    folders = [copied(tmp_path / str(number)) for number in range(len(files))]
    for folder, file in zip(folders, files, strict=True):
        (folder / file).unlink(missing_ok=True)
        os.mkfifo(folder / file)
    said = start_each([of_folder(folder) for folder in folders])
    for file, line in zip(files, said, strict=True):
        assert file in line
        assert "is not a file" in line


def test_a_slot_that_nothing_fills_stops_the_shop_and_its_file_is_named(tmp_path: Path) -> None:
    cases = {
        "banner": "prompts/house.json has nothing for it",
        "cta": "no component names it",
    }
    for fills in cases:
        folder = copied(tmp_path / fills) / "components"
        slots = folder / "slots.py"
        slots.write_text(slots.read_text().replace("SLOTS = (", 'SLOTS = (Slot("banner", "New"),'))
        for ending in ("py", "jinja", "samples.json"):
            text = (folder / f"cta.{ending}").read_text()
            (folder / f"banner.{ending}").write_text(text.replace('("cta",)', f'("{fills}",)'))
    said = start_each([of_folder(tmp_path / fills) for fills in cases])
    for line, told in zip(said, cases.values(), strict=True):
        assert f"components/slots.py: the slot banner has no fallback: {told}" in line


def test_a_setting_that_cannot_be_used_stops_the_shop_and_is_named(tmp_path: Path) -> None:
    cases = [
        ("WANDSTORE_PORT", "80a"),
        ("WANDSTORE_PAGES_AT_ONCE", "0"),
        ("WANDSTORE_GRACE", "nan"),
        ("KIMI_TEMPERATURE", "warm"),
        ("KIMI_TEMPERATURE", "3"),
        ("KIMI_THINKING", "maybe"),
        ("KIMI_BASE_URL", "ftp://elsewhere"),
        ("WANDSTORE_CATALOG", "/nowhere/at/all.json"),
        ("WANDSTORE_CURRENCY", "euro"),
    ]
    variables = [{"WANDSTORE_DATA": str(tmp_path / "data"), name: value} for name, value in cases]
    for (name, value), told in zip(cases, start_each(variables), strict=True):
        assert name in told or value in told


def test_a_variable_that_looks_like_a_setting_and_is_none_is_named(tmp_path: Path) -> None:
    ended = start(
        ROOT,
        WANDSTORE_DATA=str(tmp_path / "data"),
        WANDSTORE_CATALOGUE="mine.json",
        WANDSTORE_CATALOG="/nowhere/at/all.json",
        WANDSTORE_DESIGN="true",
    )
    assert "WANDSTORE_CATALOGUE is not a setting" in ended.stderr
    assert "WANDSTORE_DESIGN is neither 0 nor 1" in ended.stderr


def test_state_that_cannot_be_used_is_told_in_a_line(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("kv.sqlite3", "shop.sqlite3", "file")]
    for folder in folders:
        place = folder if folder.name == "file" else folder / folder.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("this is no database " * 1000)
    said = start_each([{"WANDSTORE_DATA": str(folder)} for folder in folders], alone=True)
    for folder, line in zip(folders, said, strict=True):
        assert line.startswith(f"wandstore cannot start: {folder}")


def test_a_port_that_is_taken_is_told_in_a_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = start(ROOT, WANDSTORE_DATA=str(tmp_path / "data"), WANDSTORE_PORT=port)
    assert ended.returncode == 2
    assert ended.stderr == (
        f"wandstore cannot start: WANDSTORE_HOST 127.0.0.1, WANDSTORE_PORT {port}: "
        "Address already in use\n"
    )


HEARING_SIGNALS = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "app"])
"""
"""Whoever runs these tests may ignore what ends others, and what they start would as well."""


def _sleeps(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_a_signal_while_it_starts_ends_it_with_a_line(tmp_path: Path) -> None:
    reached = copied(tmp_path) / "reached"
    os.mkfifo(reached)
    (tmp_path / "components" / "slots.py").write_text(f"open({str(reached)!r}).read()")
    environment = {"PATH": os.environ["PATH"], **of_folder(tmp_path)}
    command = [sys.executable, "-c", HEARING_SIGNALS]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        shop = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
        with shop, reached.open("wb"):  # waits until it is opened
            # Until it sleeps in reading: Python may miss a signal that comes just before.
            eventually(partial(_sleeps, shop.pid))
            shop.send_signal(number)
            _, told = shop.communicate(timeout=60)
        last = told.decode().splitlines()[-1]
        assert last == f"wandstore ended before it was open: {number.name}"
        assert shop.returncode == 128 + number


def test_a_signal_ends_it_also_while_a_component_hangs_and_as_the_first_process(
    tmp_path: Path,
) -> None:
    reached = copied(tmp_path) / "reached"
    os.mkfifo(reached)
    hero = tmp_path / "components" / "hero.py"
    hero.write_text(f"{hero.read_text()}\nopen({str(reached)!r}).read()\n")
    environment = {"PATH": os.environ["PATH"], **of_folder(tmp_path)}
    hearing = [sys.executable, "-c", HEARING_SIGNALS]
    first = ["unshare", "--pid", "--fork", "--kill-child", *hearing]
    may_be_first = not subprocess.run([*first[:4], "true"], check=False).returncode
    cases = [(hearing, -signal.SIGINT), (hearing, -signal.SIGTERM)]
    cases += [(first, 128 + signal.SIGTERM)] if may_be_first else []
    for command, status in cases:
        shop = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with shop, reached.open("wb"):  # waits until it is read
            assert any("serving" in line for line in shop.stdout or ())
            children = Path(f"/proc/{shop.pid}/task/{shop.pid}/children").read_text()
            pid = int(children) if command is first else shop.pid
            os.kill(pid, signal.SIGINT if status == -signal.SIGINT else signal.SIGTERM)
            told, _ = shop.communicate(timeout=60)
        assert "closing: SIG" in told
        assert shop.returncode == status
    if not may_be_first:
        pytest.skip("no process may be the first of a namespace here; the others have ended")


@pytest.mark.parametrize("where", [">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_it_starts_where_nobody_hears_what_it_says(tmp_path: Path, where: str) -> None:
    silent = ("sh", "-c", f'exec "$0" -m app {where}', sys.executable)

    def is_healthy() -> bool:
        with suppress(httpx.ConnectError):
            return bool(http.get(f"{port.url}/health").json()["status"] == "healthy")
        return False

    with (
        HeldPort() as port,
        Server(
            tmp_path / "data", {"WANDSTORE_DESIGN": "1"}, port.number, wait=False, command=silent
        ),
    ):
        eventually(is_healthy)


def test_nobody_else_may_write_what_it_makes_whatever_the_umask(tmp_path: Path) -> None:
    anybody = ("sh", "-c", 'umask 000; exec "$0" -m app', sys.executable)
    with Server(tmp_path / "data", {}, command=anybody) as server:
        made = (server.data, *server.data.iterdir())
        assert [path.name for path in made if path.stat().st_mode & 0o002] == []


def test_a_shop_is_begun_and_published_whatever_the_locale(tmp_path: Path) -> None:
    shop, name = tmp_path / "shop", tmp_path / os.fsdecode("ünï".encode() + b"\xff")
    ascii_alone = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    for command in (("app", "new", shop), ("app", "new", name), ("app.prerender", tmp_path / "p")):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **ascii_alone},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads((shop / "catalog.json").read_text("utf-8"))["shop"]["name"] == "Shop"


def test_a_data_folder_is_served_by_one_process(serve: StartServer) -> None:
    first = serve()
    ended = start(ROOT, WANDSTORE_DATA=str(first.data))
    assert ended.returncode == 2
    assert ended.stderr == (
        f"wandstore cannot start: {first.data}: another process serves from this folder\n"
    )
    assert (first.data / "lock").stat().st_mode & 0o077 == 0, "nobody else can hold it"
    first.kill()
    first.start()
