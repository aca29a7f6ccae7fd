"""How much memory is left below a container's limit."""

from __future__ import annotations

import os
from pathlib import Path

from app.util.memory import give_back, memory_left


def resident() -> int:
    """Return how many bytes this process takes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_what_is_left_is_the_limit_without_what_this_process_takes(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(f"{2**40}\n")
    left = memory_left([tmp_path / "none", limit])
    assert left is not None
    assert 2**40 - 2**34 < left < 2**40
    limit.write_text("4096\n")
    assert memory_left([limit]) == 0


def test_without_a_limit_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_left([tmp_path / "memory.max", tmp_path / "none"]) is None


def test_what_lies_free_between_what_is_in_use_is_given_back() -> None:
    blocks = [bytes(2048) for _ in range(20_000)]
    before = resident()
    kept = blocks[::100]
    blocks.clear()
    give_back()
    assert before - resident() > 20_000 * 1024, len(kept)
