"""Backs up a data folder to one file while a shop writes to it, and restores it."""

from __future__ import annotations

import fcntl
import gzip
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from app.settings import Settings
from app.util.errors import OperatorError

DATABASES = ("shop.sqlite3", "kv.sqlite3")
SECRET = "session.secret"  # noqa: S105 - the name of its file
"""Cookies are signed with it: without it every shopper would be a new one."""

_OWNER_ONLY = 0o600
_PIECE = 65_536
_BROKEN = (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile)


class BackupError(OperatorError):
    """There is nothing to back up, or nothing that can be put back; the message says why."""


def folder_of(settings: Settings) -> Path:
    """Return the folder that holds the state.

    Raises:
        BackupError: the state is on servers, which have backups of their own.
    """
    if settings.storage.where != "sqlite":
        raise BackupError(
            f"WANDSTORE_STATE is {settings.storage.where}: its servers have backups of their own"
        )
    return settings.data


def require_state(settings: Settings) -> None:
    """Ask that a shop has kept something where its state is, if that is a folder.

    What only reads or erases must not take a name that was mistyped for a shop of which nothing is
    stored, and leave empty databases there.

    Raises:
        BackupError: the folder has no database.
    """
    if settings.storage.where == "sqlite":
        _require_database(settings.data)


def _require_database(data: Path) -> None:
    if not (data / DATABASES[0]).exists():
        raise BackupError(f"{data}: there is no {DATABASES[0]}")


def back_up(data: Path, target: Path) -> None:
    """Write the databases of a data folder, each as it is at one moment, and its secret to a file.

    The file is there when it is whole, and its owner's alone.

    Raises:
        BackupError: the folder has no database, or something cannot be read or written.
    """
    _require_database(data)
    if target.exists() and not target.is_file():
        raise BackupError(f"{target}: is no file, and would be replaced by one")
    try:
        with _emptied(target.resolve().with_name(f"{target.name}.part")) as folder:
            copies = [_copied(data / name, folder / name) for name in DATABASES]
            whole = folder / "whole"
            with whole.open("xb") as file:
                whole.chmod(_OWNER_ONLY)
                with tarfile.open(fileobj=file, mode="w:gz") as archive:
                    for path in filter(Path.exists, (*copies, data / SECRET)):
                        archive.add(path, path.name, filter=_without_owner)
                file.flush()
                os.fsync(file.fileno())
            whole.replace(target)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise BackupError(f"{data}: {error}") from error


def restore(source: Path, data: Path, *, replace: bool = False) -> None:
    """Put a backup's databases and secret into a data folder, once all of them are found sound.

    Raises:
        BackupError: the folder has databases already and they are not to be replaced, or the
            backup cannot be read.
    """
    there = [name for name in DATABASES if (data / name).exists()]
    if there and not replace:
        raise BackupError(f"{data}: there is a {there[0]} already")
    try:
        data.mkdir(parents=True, exist_ok=True)
        with _emptied(data / "restore.part") as folder:
            for path in _extracted(source, folder):
                for ending in ("-wal", "-shm"):
                    (data / f"{path.name}{ending}").unlink(missing_ok=True)
                path.replace(data / path.name)
    except _BROKEN as error:
        raise BackupError(f"{source}: this is no backup, or not all of one") from error
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{source}: {error}") from error


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@contextmanager
def _emptied(folder: Path) -> Iterator[Path]:
    """Have a folder for a while, in turn, without what a command that was killed has left in it."""
    turn = os.open(folder.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(turn, fcntl.LOCK_EX)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(turn)


def _copied(source: Path, target: Path) -> Path:
    """Copy a database as it is at one moment, whoever writes meanwhile."""
    if source.exists():
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True)) as original,
            closing(sqlite3.connect(target)) as copy,
        ):
            original.backup(copy)
    return target


def _extracted(source: Path, folder: Path) -> list[Path]:
    """Read the files that a backup may have, and no others; check all of it, and the databases."""
    found = []
    with gzip.open(source) as whole, tarfile.open(fileobj=whole, mode="r:") as archive:
        for member in archive:
            is_ours = member.name in (*DATABASES, SECRET) and member.isreg()
            if is_ours and (content := archive.extractfile(member)):
                path = folder / member.name
                path.touch(_OWNER_ONLY)
                with path.open("wb") as file:
                    shutil.copyfileobj(content, file)
                    file.flush()
                    os.fsync(file.fileno())
                found.append(path)
        while whole.read(_PIECE):  # at its end is the sum of what it must be
            pass
    if folder / DATABASES[0] not in found:
        raise BackupError(f"{source}: there is no {DATABASES[0]} in it")
    for path in found:
        if path.name in DATABASES:
            with closing(sqlite3.connect(path)) as connection:
                (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise BackupError(f"{path.name} is damaged: {verdict.splitlines()[-1]}")
    return found
