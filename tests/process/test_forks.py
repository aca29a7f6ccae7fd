"""How our tests are run by several processes: none is lost, whatever becomes of its process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT

SOUND = "def test_one(): pass\ndef test_two(): pass\n"
STUCK = """
import time
from tests.support import forks
forks._PATIENCE = 0.2
def test_stuck(): time.sleep(50)
"""
LEFT_OPEN = """
import socket
def test_leaves_a_cycle():
    cycle = [socket.socket()]
    cycle.append(cycle)
"""
LATE = """
import pytest
@pytest.fixture(scope="session", autouse=True)
def shared():
    yield
    raise ValueError("at the very end")
"""


def run(folder: Path, *more: str) -> tuple[int, str]:
    """Run the tests of a folder by some processes; return how that ended and what was said."""
    for number, text in enumerate((SOUND, *more)):
        (folder / f"test_{number}.py").write_text(text)
    arguments = ["-p", "tests.support.forks", "--forks=2", "-q", "--import-mode=importlib"]
    command = [sys.executable, "-m", "pytest", "-W", "error", *arguments, "."]
    ended = subprocess.run(
        command,
        check=False,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.returncode, ended.stdout


def test_all_tests_are_run_once(tmp_path: Path) -> None:
    code, said = run(tmp_path, SOUND, SOUND)
    assert code == pytest.ExitCode.OK
    assert "6 passed" in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def test_bad(): assert 1 == 2", "1 failed, 2 passed"),
        (f"{LATE}{SOUND}", "ValueError: at the very end"),
        ("import os\ndef test_dies(): os._exit(0)\ndef test_after(): pass", "of 4 tests ended"),
        ("import os\ndef test_dies(): os._exit(1)", "of 3 tests ended"),
        ("import os\ndef test_dies(): os.kill(os.getpid(), 9)", "died: [-9]"),
        (LEFT_OPEN, "of 3 tests ended; a process died: [1]"),
        (STUCK, "of 3 tests ended"),
        ("import nothing_of_the_name\ndef test_not(): pass", "error"),
    ],
)
def test_what_goes_wrong_in_one_of_them_is_told(tmp_path: Path, text: str, told: str) -> None:
    code, said = run(tmp_path, text)
    assert code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    assert told in said
