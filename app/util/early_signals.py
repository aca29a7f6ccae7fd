"""Ends the process at a signal: before the shop is open with a line, later even if threads hang."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from io import TextIOWrapper

_STDERR = 2
_FRAMES = 3
"""Told of what hangs: the innermost may be Python's own, and whoever called it is meant."""

_USUAL: dict[int, Any] = {
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
}


def open_standard_files() -> None:
    """Have what is said go nowhere where whoever started us has closed standard output or error.

    Else the next file that is opened, as a database, would get it. What is said is UTF-8, whatever
    the locale: a file may have any name.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(opened, True)
    os.close(opened)
    sys.stdout, sys.stderr = sys.stdout or os.fdopen(1, "w"), sys.stderr or os.fdopen(_STDERR, "w")
    cast("TextIOWrapper", sys.stdout).reconfigure(encoding="utf-8", errors="surrogateescape")


def tell_early_end() -> None:
    """End at a signal with a line, also as a container's first process, which would ignore it."""
    for number, usual in _USUAL.items():
        if signal.getsignal(number) is usual:
            signal.signal(number, _end)


@contextmanager
def signals_held() -> Iterator[None]:
    """Hold signals back while the block takes them over: what came early comes after it."""
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, _USUAL)
    try:
        for number, usual in _USUAL.items():
            if signal.getsignal(number) is _end:
                signal.signal(number, usual)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


def end_by(number: int) -> NoReturn:
    """End by a signal as if nobody had taken it, also as a container's first process."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    os._exit(128 + number)


def end_within(seconds: float, number: int) -> None:
    """End by a signal in so many seconds, whatever hangs by then, with a line that says where.

    Python's regular expressions and endless loops let a handler run, though nothing else.
    """

    def end(_: int, hanging: FrameType | None) -> None:
        at: list[str] = []
        while hanging and len(at) < _FRAMES:
            at.append(f"{hanging.f_code.co_filename}, line {hanging.f_lineno}")
            hanging = hanging.f_back
        message = (
            f"ended, since it had not closed {seconds:g} s after {signal.Signals(number).name}"
        )
        line = json.dumps(
            {"level": "ERROR", "logger": "wandstore", "message": f"{message}: {', from '.join(at)}"}
        )
        if select.select([], [_STDERR], [], 0)[1]:  # perhaps nobody reads it
            os.write(_STDERR, f"{line}\n".encode())
        end_by(number)

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _end(number: int, _: FrameType | None) -> None:
    line = f"wandstore ended before it was open: {signal.Signals(number).name}\n"
    os.write(_STDERR, line.encode())
    os._exit(128 + number)
