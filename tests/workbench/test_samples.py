"""Samples that are saved: none is lost, and neither is what a designer types meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.workbench.safe_write import NotWritten, Overtaken, write
from tests.support.fake_model import component
from tests.support.in_process import InProcessServer
from tests.support.small_disk import small_disk
from tools.support.workbench import Desk, a_desk, put_back

FILE = "components/cta.samples.json"


@pytest.fixture(scope="module")
def own_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with a_desk(tmp_path_factory.mktemp("samples"), InProcessServer) as opened:
        yield opened


@pytest.fixture
def desk(own_desk: Desk) -> Iterator[Desk]:
    """The desk of these tests, whose files are afterwards as they were.

    It may not have seen that yet: what a test saves is called what no other has saved.
    """
    with put_back(own_desk.root):
        yield own_desk


def sample(name: str) -> dict[str, Any]:
    return {"component": "cta", "name": name, "config": component("cta")["config"]}


def names(desk: Desk) -> list[str]:
    return [item["name"] for item in json.loads(desk.text(FILE))]


def test_samples_saved_at_once_are_all_kept(desk: Desk) -> None:
    before = names(desk)
    wanted = [f"saved-{number}" for number in range(12)]
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda name: desk.post("/samples", sample(name)), wanted))
    assert {answer.status_code for answer in answers} == {200}
    assert names(desk)[: len(before)] == before
    assert sorted(names(desk)[len(before) :]) == sorted(wanted)


def test_a_sample_is_added_to_what_was_typed_a_moment_before(desk: Desk) -> None:
    typed = json.loads(desk.text(FILE))
    desk.save(FILE, json.dumps([*typed, {**typed[0], "name": "typed"}]))
    assert desk.post("/samples", sample("added")).status_code == 200
    assert names(desk)[-2:] == ["typed", "added"]


def test_a_file_that_is_not_what_was_shown_is_a_conflict_and_stays(desk: Desk) -> None:
    token = desk.token()
    for now, reason in (
        (b'[{"name": "shown", "config": {}}]', "a sample named shown"),
        (b"[{", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"{}", "no list"),
    ):
        (desk.root / FILE).write_bytes(now)
        answer = desk.post("/samples", sample("shown"), X_Workbench_Token=token)
        assert answer.status_code == 409
        assert reason in answer.json()["error"]
        assert (desk.root / FILE).read_bytes() == now


def test_a_sample_is_added_as_the_file_is_written(desk: Desk) -> None:
    """Editors of other systems begin a file with a mark of its order, and end lines with two."""
    typed = (desk.root / FILE).read_bytes().replace(b"\n", b"\r\n")
    (desk.root / FILE).write_bytes(b"\xef\xbb\xbf" + typed)
    assert desk.post("/samples", sample("saved")).status_code == 200
    written = (desk.root / FILE).read_bytes()
    assert written.startswith(b"\xef\xbb\xbf" + typed.rstrip()[:-1].rstrip())
    assert written.count(b"\n") == written.count(b"\r\n")
    assert json.loads(written.decode("utf-8-sig"))[-1]["name"] == "saved"


def test_what_is_there_by_now_is_not_replaced(desk: Desk) -> None:
    (desk.root / FILE).write_text("typed")
    with pytest.raises(Overtaken):
        write(desk.root, FILE, b"saved", instead_of=b"read before")
    assert desk.text(FILE) == "typed"
    assert not list(desk.root.glob("components/.*"))


def test_a_file_that_a_group_may_change_stays_one_and_a_full_disk_leaves_it(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        write(disk, FILE, b"before")
        (disk / FILE).chmod(0o664)
        with pytest.raises(NotWritten, match="No space left"):
            write(disk, FILE, b"x" * 100_000)
        assert [path.name for path in (disk / "components").iterdir()] == ["cta.samples.json"]
        write(disk, FILE, b"after")
        assert (disk / FILE).read_bytes() == b"after"
        assert (disk / FILE).stat().st_mode & 0o777 == 0o664
