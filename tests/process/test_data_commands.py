"""`wandstore shopper`, `backup` and `restore`, beside a shop that is open."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer, ends_of_components
from tests.support.shopper_client import Shopper, stream_of
from tests.support.stored import pairs, rows
from tests.support.waiting import eventually
from tools.support.server import ROOT, Server

AT_ONCE = {"WANDSTORE_HOUSE_PACE": "0"}
ORDER = {"events": [{"kind": "purchase", "items": [{"product": "dusk-lamp"}]}] * 2}

COMPOSED = "SELECT count(*) FROM ui_generations WHERE shopper_id = '{}' AND status = 'completed'"
"""The page of a newcomer, and that of a shopper who has bought something."""

THEIRS = "SELECT id, fact FROM signals WHERE shopper_id = '{}'"


def wandstore(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def finished(shopper: Shopper) -> str:
    """Be shown a page and buy something; return the shopper's id."""
    if stream := stream_of(shopper.store().text):
        shopper.follow(stream)
    ours = {"sec-fetch-site": "same-origin"}
    assert shopper.post("/signals", json=ORDER, headers=ours).status_code == 204
    return shopper.cookies["shopper_demo"].partition(".")[0]


def everywhere(server: Server, shopper_id: str) -> dict[str, int]:
    """Return how often a shopper is found in each place."""
    columns = {"shoppers": "id", "personas": "shopper_id", "signals": "shopper_id"}
    columns.update(ui_generations="shopper_id", exposures="shopper_id")
    found = {
        table: len(rows(server, f"SELECT 1 FROM {table} WHERE {column} = '{shopper_id}'"))  # noqa: S608
        for table, column in columns.items()
    }
    return {**found, "pages": len(pairs(server, f"ui:{shopper_id}:"))}


@pytest.fixture
def server(serve: StartServer) -> Server:
    return serve(**AT_ONCE)


def test_a_shopper_is_handed_over_and_erased_and_others_are_left_alone(server: Server) -> None:
    with Shopper(server) as one, Shopper(server) as other:
        mine, theirs = finished(one), finished(other)
        eventually(lambda: rows(server, COMPOSED.format(mine)) == [(2,)])
        before = rows(server, THEIRS.format(theirs))
        assert len(before) == 2
        exported = wandstore("shopper", "export", mine, "--data", server.data)
        assert exported.returncode == 0, exported.stderr
        told = json.loads(exported.stdout)
        assert {name: len(found) for name, found in told.items()} == everywhere(server, mine)
        assert all(found for name, found in told.items() if name != "exposures"), (
            "no experiment runs"
        )
        assert theirs not in exported.stdout
        assert wandstore("shopper", "erase", mine, "--data", server.data).returncode == 0
        assert set(everywhere(server, mine).values()) == {0}
        assert rows(server, THEIRS.format(theirs)) == before
    again = wandstore("shopper", "export", mine, "--data", server.data)
    assert (again.returncode, again.stderr) == (1, f"nothing is stored of {mine}\n")


def test_a_shop_that_is_open_drops_a_shopper_who_is_erased_and_writes_nothing_on_its_way(
    serve: StartServer, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[1:2]), Scenario(text))
    server = serve(**model.environment)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        mine = shopper.cookies["shopper_demo"].partition(".")[0]
        with shopper.following(stream) as seen:
            next(seen)
            model.reached(1)
            assert wandstore("shopper", "erase", mine, "--data", server.data).returncode in (0, 1)
            assert "ready" not in [event.name for event in seen], "it ends without a last word"
        model.left(1)
        finished(shopper)
    server.stop()
    assert set(everywhere(server, mine).values()) == {0}


def test_a_shop_goes_on_from_its_backup(server: Server, serve: StartServer, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with Shopper(server) as shopper:
        finished(shopper)
        eventually(lambda: rows(server, "SELECT 1 FROM personas"))
        eventually(lambda: shopper.store().headers["x-wandstore-page"] == "kept")
        kept = shopper.store().text
        made = wandstore("backup", backup, "--data", server.data)
        assert made.returncode == 0, made.stderr
        refused = wandstore("restore", backup, "--data", server.data, "--replace")
        assert "another process serves from this folder" in refused.stderr
        again = tmp_path / "again"
        assert wandstore("restore", backup, "--data", again).returncode == 0
        with Shopper(serve("again", **AT_ONCE), shopper.cookies) as returned:
            page = returned.store()
        assert (page.headers["x-wandstore-page"], page.text) == ("kept", kept)


def test_a_command_that_is_ended_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    data, away = tmp_path / "data", tmp_path / "away"
    data.mkdir()
    away.mkdir()
    with closing(sqlite3.connect(data / "shop.sqlite3")) as connection:
        connection.execute("CREATE TABLE t (x)")
    turn = os.open(away, os.O_RDONLY)
    fcntl.flock(turn, fcntl.LOCK_EX)  # so it waits
    command = [sys.executable, "-m", "app", "backup", str(away / "backup"), "--data", str(data)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        opened = Path(f"/proc/{process.pid}/fd")
        eventually(lambda: str(away) in map(os.path.realpath, opened.iterdir()))
        process.terminate()
        _, said = process.communicate(timeout=60)
    os.close(turn)
    assert (process.returncode, said) == (130, "nothing was done: interrupted\n")
    assert list(away.iterdir()) == []


def test_a_backup_takes_the_place_of_a_file_alone(tmp_path: Path) -> None:
    data, folder, pipe = tmp_path / "data", tmp_path / "folder", tmp_path / "pipe"
    data.mkdir()
    folder.mkdir()
    os.mkfifo(pipe)
    with closing(sqlite3.connect(data / "shop.sqlite3")) as connection:
        connection.execute("CREATE TABLE t (x)")
    for target in (folder, pipe):
        told = wandstore("backup", target, "--data", data)
        assert (told.returncode, told.stderr) == (
            2,
            f"nothing was done: {target}: is no file, and would be replaced by one\n",
        )
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    "command",
    [
        ["backup", "to"],
        ["restore", "from"],
        ["shopper", "erase", os.fsdecode(b"\xff")],
        ["shopper", "erase", f"shop_{'0' * 32}"],
        ["shopper", "export", f"shop_{'0' * 32}"],
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(tmp_path: Path, command: list[str]) -> None:
    told = wandstore(*command, "--data", tmp_path / "none")
    assert told.returncode == 2
    assert told.stderr.startswith("nothing was done: ")
    assert told.stderr.count("\n") == 1
    assert {*tmp_path.iterdir()} <= {tmp_path / "none"}
    assert {*tmp_path.glob("none/*")} <= {tmp_path / "none" / "lock"}, "no empty databases"


def test_state_that_is_on_servers_is_backed_up_there(tmp_path: Path) -> None:
    state = {"WANDSTORE_STATE": "cluster", "SESSION_SECRET": "0123456789abcdef"}
    servers = {"REDIS_URL": "redis://127.0.0.1:1", "DATABASE_URL": "postgresql://127.0.0.1:1/shop"}
    told = wandstore("backup", tmp_path / "to", **state, **servers)
    assert told.returncode == 2
    assert told.stderr.startswith("nothing was done: WANDSTORE_STATE is cluster")
    told = wandstore("shopper", "export", f"shop_{1:032x}", **state, **servers)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "nothing was done: postgres: ConnectionRefusedError\n"
