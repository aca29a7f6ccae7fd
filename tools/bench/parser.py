"""The parser at 4-character chunks, beside parsing the whole text again at each chunk."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import jiter

from app.domain.limits import ParseLimits
from app.generation.parser.parser import ProposalParser
from tools.bench.measure import Row

_CHUNK = 4
_KIB = 1024
_SIZES = (16, 32, 64, 128, 256, 512, 1024)
_LONGEST_AGAIN = 64
_MOST_GROWTH = 2.2
_BROKEN = {
    "components that never close": '{"type":"grid","config":{"title":"On',
    "quotes inside out": '{"type":"x","config":{"a":"so "b" c"}},',
    "single quotes and spaces": "{'type':'x','config':{'a':'it '  ",
    "comments": '{"type":"x",/* } */"config":{"a":1// "\n}}',
    "brackets that match nothing": "}]}]",
    "prose with braces": "Sure, {friend}: it's [here] ",
    "thoughts and signs": 'a < b <<think>{"type":"x"} < </thin</think> {"hero":{"a":1}}',
    "strings of JSON": '{"components":"[{\\"type\\":\\"x\\",\\"a\\":1}]"} ',
}
_LIMITS = ParseLimits(answer=1 << 40, components=1 << 40)
_CONFIG = {"title": "On the shelf", "product_ids": ["a"] * 8}
_COMPONENT = {"type": "grid", "id": "grid", "config": _CONFIG}


def run(_: Path) -> Iterator[Row]:
    """Double the text up to 1 MiB; parse it anew only as far as that can be waited for.

    Sizes are taken in turn, round after round, so that a slow spell of the machine meets them all.
    """
    texts = [_text(size * _KIB) for size in _SIZES]
    rounds = [[_timed(partial(_incremental, text)) for text in texts] for _ in range(9)]
    ours = [min(times) for times in zip(*rounds, strict=True)]
    for at, size in enumerate(_SIZES):
        theirs = _timed(partial(_again, texts[at])) * 1000 if size <= _LONGEST_AGAIN else None
        name = f"parsing {size} KiB; baseline: jiter from the start"
        if at == 0:
            yield Row(name, ours[0] * 1000, "ms", theirs)
            continue
        yield Row(
            name, ours[at] * 1000, "ms", theirs, f"{ours[at] / ours[at - 1]:.2f} of the half's"
        )
    yield from _broken_rows()
    growth = (ours[-1] / ours[0]) ** (1 / (len(_SIZES) - 1))
    limit = f"at most {_MOST_GROWTH} times"
    yield Row("parsing twice the text, mean", growth, "times", None, limit, growth <= _MOST_GROWTH)


def _broken_rows() -> Iterator[Row]:
    """Double texts that are broken throughout, each in one way."""
    for name, piece in _BROKEN.items():
        half, whole = (piece * (size * _KIB // len(piece)) for size in (128, 256))
        times = [[_timed(partial(_incremental, text)) for text in (half, whole)] for _ in range(5)]
        shorter, longer = (min(column) for column in zip(*times, strict=True))
        growth = longer / shorter
        limit = f"{growth:.2f} of the half's, at most {_MOST_GROWTH} times"
        yield Row(
            f"parsing 256 KiB of {name}", longer * 1000, "ms", None, limit, growth <= _MOST_GROWTH
        )


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


def _timed(work: Callable[[], None]) -> float:
    """Return the CPU seconds that the work takes, garbage aside."""
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        work()
        return time.process_time() - began
    finally:
        gc.enable()
