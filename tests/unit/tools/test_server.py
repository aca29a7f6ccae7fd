"""Processes that tests and tools start: none outlives who started it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tools.support.server import find_program

_STARTS = """
import subprocess, sys
from tools.support.server import ending_with_us
subprocess.Popen(ending_with_us(["sh", "-c", "echo started; exec sleep 60"]))
sys.stdin.read()
"""


@pytest.mark.skipif(find_program("setpriv") is None, reason="NO SETPRIV (util-linux)")
def test_a_server_ends_with_who_started_it_even_where_that_is_killed() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", _STARTS], stdin=pipe, stdout=pipe) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        parent.kill()
        parent.communicate(timeout=30)  # the pipe is open for as long as `sleep` is there
    assert parent.returncode
