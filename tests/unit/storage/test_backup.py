"""A data folder in one file and back: whole, whoever writes meanwhile, and nothing else besides."""

from __future__ import annotations

import fcntl
import io
import os
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.storage.backup import DATABASES, SECRET, BackupError, back_up, restore

SHOP, KV = DATABASES


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in DATABASES:
        with closing(sqlite3.connect(folder / name)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE t (x)")
            connection.execute("INSERT INTO t VALUES (0), (0)")
            connection.commit()
    (folder / SECRET).write_text("a secret of the shop")
    return folder


@contextmanager
def writing(path: Path) -> Iterator[list[int]]:
    """Raise both numbers of a table together, again and again; yield what was reached."""
    stopped, begun, reached = threading.Event(), threading.Event(), [0]

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            while not stopped.is_set():
                with connection:
                    connection.execute("UPDATE t SET x = x + 1 WHERE rowid = 1")
                    connection.execute("UPDATE t SET x = x + 1 WHERE rowid = 2")
                reached[0] += 1
                begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait(10)
    try:
        yield reached
    finally:
        stopped.set()
        thread.join()


def numbers(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [x for (x,) in connection.execute("SELECT x FROM t")]


def test_what_was_backed_up_while_it_was_written_is_of_one_moment(
    tmp_path: Path, data: Path
) -> None:
    target, again = tmp_path / "backup", tmp_path / "again"
    with writing(data / SHOP) as reached:
        for _ in range(5):
            least = reached[0]
            back_up(data, target)
            restore(target, again, replace=True)
            first, second = numbers(again / SHOP)
            assert first == second >= least
    assert (again / SECRET).read_text() == "a secret of the shop"
    assert numbers(again / KV) == [0, 0]


def test_backups_and_what_is_put_back_are_their_owners_alone(tmp_path: Path, data: Path) -> None:
    target, again = tmp_path / "backup", tmp_path / "again"
    back_up(data, target)
    restore(target, again)
    files = [target, *(again / name for name in (*DATABASES, SECRET))]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert {path.name for path in tmp_path.iterdir()} == {"data", "backup", "again"}


def test_nothing_is_replaced_unless_that_is_asked_for(tmp_path: Path, data: Path) -> None:
    target = tmp_path / "backup"
    back_up(data, target)
    with closing(sqlite3.connect(data / SHOP)) as connection, connection:
        connection.execute("UPDATE t SET x = 7")
    with pytest.raises(BackupError, match="already"):
        restore(target, data)
    assert numbers(data / SHOP) == [7, 7]
    restore(target, data, replace=True)
    assert numbers(data / SHOP) == [0, 0]


def test_what_stood_beside_a_replaced_database_is_not_taken_for_its_own(
    tmp_path: Path, data: Path
) -> None:
    target = tmp_path / "backup"
    back_up(data, target)
    with closing(sqlite3.connect(data / SHOP)) as killed:
        killed.execute("UPDATE t SET x = 7")
        killed.commit()
        assert (data / f"{SHOP}-wal").exists()
        restore(target, data, replace=True)
        assert numbers(data / SHOP) == [0, 0]


def test_a_folder_without_a_database_is_not_backed_up(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"there is no shop\.sqlite3"):
        back_up(tmp_path, tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


def archive(path: Path, **files: bytes) -> Path:
    with tarfile.open(path, "w:gz") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"../shop.sqlite3": b"x"},
        {SHOP: b"no database at all, but long enough to be looked at" * 40},
    ],
)
def test_what_is_no_backup_changes_nothing(
    tmp_path: Path, data: Path, files: dict[str, bytes]
) -> None:
    with pytest.raises(BackupError):
        restore(archive(tmp_path / "odd", **files), data, replace=True)
    assert numbers(data / SHOP) == [0, 0]
    assert {path.name for path in data.iterdir()} == {*DATABASES, SECRET}


def test_a_link_in_an_archive_is_not_followed(tmp_path: Path, data: Path) -> None:
    with tarfile.open(tmp_path / "odd", "w:gz") as made:
        link = tarfile.TarInfo(SHOP)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    with pytest.raises(BackupError, match=f"there is no {SHOP} in it"):
        restore(tmp_path / "odd", data, replace=True)


def test_a_database_that_is_damaged_in_many_places_is_told_in_a_line(
    tmp_path: Path, data: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "damaged")) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 3000,)] * 20)
        connection.commit()
    content = bytearray((tmp_path / "damaged").read_bytes())
    for page in range(4096 * 3, len(content), 4096):
        content[page : page + 100] = b"\xff" * 100
    with pytest.raises(BackupError, match=r"^shop\.sqlite3 is damaged: .+\Z"):
        restore(archive(tmp_path / "odd", **{SHOP: bytes(content)}), data, replace=True)


def test_a_file_that_is_no_whole_archive_is_told_in_a_line(tmp_path: Path, data: Path) -> None:
    target = tmp_path / "backup"
    back_up(data, target)
    whole = target.read_bytes()
    cuts = range(0, len(whole), max(len(whole) // 20, 1))
    spoilt = (whole[:at] + b"\xff" * (len(whole) - at) for at in cuts)
    for content in (b"a word", b"", *(whole[:at] for at in cuts), *spoilt):
        target.write_bytes(content)
        with pytest.raises(BackupError, match=r"^\S+/backup: this is no backup.*\Z"):
            restore(target, data, replace=True)
        assert numbers(data / SHOP) == [0, 0]


def test_two_that_write_to_one_file_write_in_turn(tmp_path: Path, data: Path) -> None:
    target = tmp_path / "backup"
    turn = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(turn, fcntl.LOCK_EX)
    with ThreadPoolExecutor(4) as pool:
        both = [pool.submit(back_up, data, target) for _ in range(4)]
        os.close(turn)
    assert [one.exception() for one in both] == [None] * 4
    assert {path.name for path in tmp_path.iterdir()} == {"data", "backup"}
    restore(target, tmp_path / "again")
    assert numbers(tmp_path / "again" / KV) == [0, 0]


def test_what_a_killed_command_left_is_gone_with_the_next(tmp_path: Path, data: Path) -> None:
    target = tmp_path / "backup"
    for folder in (tmp_path / "backup.part", data / "restore.part"):
        folder.mkdir()
        (folder / SHOP).write_bytes(b"half of a database")
    back_up(data, target)
    restore(target, data, replace=True)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "backup"}
    assert {path.name for path in data.iterdir()} == {*DATABASES, SECRET}
