"""The signing secret: given, or made once and kept for nobody else to read."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT
from app.web.session_secret import SecretError, session_secret

_ASK = """
import sys
from pathlib import Path
from app.web.session_secret import session_secret
sys.stdin.readline()
print(session_secret("", Path(sys.argv[1])).decode())
"""


def test_a_given_secret_is_taken_and_nothing_is_written(tmp_path: Path) -> None:
    assert session_secret("a-secret-of-some-length", tmp_path) == b"a-secret-of-some-length"
    assert not list(tmp_path.iterdir())


def test_sixteen_bytes_are_enough(tmp_path: Path) -> None:
    assert len(session_secret("sixteen-bytes-00", tmp_path)) == 16


def test_a_secret_is_made_once_and_is_the_same_ever_after(tmp_path: Path) -> None:
    first = session_secret("", tmp_path / "new" / "folder")
    assert session_secret("", tmp_path / "new" / "folder") == first
    assert re.fullmatch(rb"[0-9a-f]{64}", first)


def test_two_folders_have_two_secrets(tmp_path: Path) -> None:
    assert session_secret("", tmp_path / "a") != session_secret("", tmp_path / "b")


def test_a_made_secret_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    session_secret("", tmp_path)
    assert stat.S_IMODE((tmp_path / "session.secret").stat().st_mode) == 0o600


def test_making_a_secret_leaves_no_other_file(tmp_path: Path) -> None:
    session_secret("", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["session.secret"]


@pytest.mark.parametrize("content", [b"", b"short\n"])
def test_a_kept_secret_that_is_too_short_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "session.secret").write_bytes(content)
    with pytest.raises(SecretError, match=r"session\.secret: a secret has at least 16 bytes"):
        session_secret("", tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "session.secret"
    path.mkdir()
    with pytest.raises(SecretError, match=re.escape(str(path))):
        session_secret("", tmp_path)


@pytest.mark.process
def test_processes_that_ask_at_once_agree(tmp_path: Path) -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK, str(tmp_path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in asking:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = {process.communicate()[0].strip() for process in asking}
    assert answers == {(tmp_path / "session.secret").read_text()}


def test_what_is_no_file_in_its_place_is_told_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "session.secret")
    with pytest.raises(SecretError, match="not a file"):
        session_secret("", tmp_path)
