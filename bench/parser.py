"""The parser at 4-character chunks, beside parsing the whole text again at each chunk."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jiter

from app.stages.parse import ParseLimits, ProposalParser
from bench.measure import Row

_CHUNK = 4
_KIB = 1024
_LIMITS = ParseLimits(answer=1 << 40, components=1 << 40)
_CONFIG = {"title": "On the shelf", "product_ids": ["a"] * 8}
_COMPONENT = {"type": "grid", "id": "grid", "config": _CONFIG}


def run(_: Path) -> Iterator[Row]:
    """Double the text up to 1 MiB; parse it anew only as far as that can be waited for."""
    before = 0.0
    for size in (16, 32, 64, 128, 256, 512, 1024):
        text = _text(size * _KIB)
        ours = _best(lambda text=text: _incremental(text))  # type: ignore[misc]
        theirs = _best(lambda text=text: _again(text), 1) if size <= 64 else None  # type: ignore[misc]  # noqa: PLR2004
        growth = ours / before if before else None
        limit = "" if growth is None else f"{growth:.2f} times the half's, at most 2.2"
        good = None if growth is None else growth <= 2.2  # noqa: PLR2004
        yield Row(f"parsing {size} KiB; baseline: jiter from the start", ours * 1000, "ms",
                  theirs and theirs * 1000, limit, good)  # fmt: skip
        before = ours


def _text(size: int) -> str:
    item = json.dumps(_COMPONENT)
    return '{"components":[' + ",".join([item] * (size // len(item))) + "]}"


def _incremental(text: str) -> None:
    parser = ProposalParser(_LIMITS)
    for at in range(0, len(text), _CHUNK):
        for _ in parser.feed(text[at : at + _CHUNK]):
            pass
    for _ in parser.close():
        pass


def _again(text: str) -> None:
    data = text.encode()
    for end in range(_CHUNK, len(data) + _CHUNK, _CHUNK):
        jiter.from_json(data[:end], partial_mode=True)


def _best(work: Callable[[], None], rounds: int = 3) -> float:
    gc.disable()
    try:
        return min(_timed(work) for _ in range(rounds))
    finally:
        gc.enable()


def _timed(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
