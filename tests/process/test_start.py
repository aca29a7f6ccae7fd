"""Starting: what is loaded before the shop is open, and what stops it from opening."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
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
)
PARTS = ("app", "components", "prompts", "static", "demo", "migrations")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The whole shop in a folder of its own, to be broken."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


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
    loaded = "import app.util.lean_uvicorn, app.server, sys; print(*sys.modules)"
    names = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "starlette.applications" in names
    assert [name for name in NOT_AT_THE_START if name in names] == []


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
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
    ],
    ids=lambda value: value if "/" in value else "",
)
def test_a_file_that_cannot_be_used_stops_the_shop_and_is_named(
    copy: Path, file: str, text: str, told: str
) -> None:
    (copy / file).write_text(text)
    ended = start(copy)
    assert ended.returncode == 2
    assert "wandstore cannot start: " in ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "file", ["prompts/storefront.md", "components/hero.css", "static/shop.css", "static/own.svg"]
)
def test_a_pipe_where_a_file_is_to_be_stops_the_shop_and_is_named(copy: Path, file: str) -> None:
    (copy / file).unlink(missing_ok=True)
    os.mkfifo(copy / file)
    ended = start(copy)
    assert ended.returncode == 2
    assert file in ended.stderr
    assert "is not a file" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("fills", "told"),
    [("banner", "prompts/house.json has nothing for it"), ("cta", "no component names it")],
)
def test_a_slot_that_nothing_fills_stops_the_shop_and_its_file_is_named(
    copy: Path, fills: str, told: str
) -> None:
    folder = copy / "components"
    slots = folder / "slots.py"
    slots.write_text(slots.read_text().replace("SLOTS = (", 'SLOTS = (Slot("banner", "New"),'))
    told = f"the slot banner has no fallback: {told}"
    for ending in ("py", "jinja", "samples.json"):
        text = (folder / f"cta.{ending}").read_text()
        (folder / f"banner.{ending}").write_text(text.replace('("cta",)', f'("{fills}",)'))
    ended = start(copy)
    assert ended.returncode == 2
    assert f"components/slots.py: {told}" in ended.stderr
    assert "Traceback" not in ended.stderr


START_EACH = """
import json, sys
from app.server import main
for variables in json.loads(sys.argv[1]):
    print(main(variables), flush=True)
"""


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
    ended = subprocess.run(
        [sys.executable, "-c", START_EACH, json.dumps(variables)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert set(ended.stdout.split()) == {"2"}
    for (name, value), told in zip(cases, ended.stderr.splitlines(), strict=True):
        assert told.startswith("wandstore cannot start: ")
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


@pytest.mark.parametrize("name", ["kv.sqlite3", "shop.sqlite3", ""])
def test_state_that_cannot_be_used_is_told_in_a_line(tmp_path: Path, name: str) -> None:
    place = tmp_path / "data" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("this is no database " * 1000)
    ended = start(ROOT, WANDSTORE_DATA=str(tmp_path / "data"))
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"wandstore cannot start: {tmp_path / 'data'}")
    assert ended.stderr.count("\n") == 1


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


def test_a_signal_while_it_starts_ends_it_with_a_line(copy: Path) -> None:
    reached = copy / "reached"
    os.mkfifo(reached)
    (copy / "components" / "slots.py").write_text(f"open({str(reached)!r}).read()")
    environment = {"PATH": os.environ["PATH"], "WANDSTORE_DATA": str(copy / "data")}
    command = [sys.executable, "-c", HEARING_SIGNALS]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        shop = subprocess.Popen(command, cwd=copy, env=environment, stderr=subprocess.PIPE)
        with shop, reached.open("wb"):  # waits until it is read
            shop.send_signal(number)
            _, told = shop.communicate(timeout=60)
        last = told.decode().splitlines()[-1]
        assert last == f"wandstore ended before it was open: {number.name}"
        assert shop.returncode == 128 + number


def test_a_signal_ends_it_also_while_a_component_hangs_and_as_the_first_process(copy: Path) -> None:
    reached = copy / "reached"
    os.mkfifo(reached)
    hero = copy / "components" / "hero.py"
    hero.write_text(f"{hero.read_text()}\nopen({str(reached)!r}).read()\n")
    environment = {"PATH": os.environ["PATH"], "WANDSTORE_DATA": str(copy / "data")}
    hearing = [sys.executable, "-c", HEARING_SIGNALS]
    first = ["unshare", "--pid", "--fork", "--kill-child", *hearing]
    may_be_first = not subprocess.run([*first[:4], "true"], check=False).returncode
    cases = [(hearing, -signal.SIGINT), (hearing, -signal.SIGTERM)]
    cases += [(first, 128 + signal.SIGTERM)] if may_be_first else []
    for command, status in cases:
        shop = subprocess.Popen(
            command,
            cwd=copy,
            env={**environment, "WANDSTORE_PORT": "0"},
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
