"""Stops a designer's code or template that does not end, at the line that it is on."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 5.0
LARGEST = 4 * 1024 * 1024

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc


class RanAway(Exception):
    """A file's code has not ended in its time, has ended the program, or has drawn too much."""

    def __str__(self) -> str:
        """Say what, the first of it where a thread was told by the class alone."""
        return super().__str__() or f"it does not end: stopped after {SECONDS:g} s"


@contextmanager
def time_limit() -> Iterator[None]:
    """Raise RanAway in this thread once its time is over, wherever its Python code is by then."""
    thread, turn, over = ctypes.c_ulong(threading.get_ident()), threading.Lock(), False

    def stop() -> None:
        with turn:
            if not over:
                _raise_in(thread, ctypes.py_object(RanAway))

    timer = threading.Timer(SECONDS, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (SystemExit, KeyboardInterrupt) as error:
        raise RanAway(f"{error!r} would end the shop") from error
    finally:
        with turn:
            over = True
            _raise_in(thread, None)  # it may be on its way
        timer.cancel()


def drawn(draw: Callable[[], str]) -> str:
    """Return what is drawn within the limits of time and size.

    Raises:
        RanAway: it went beyond one of them.
        UnicodeEncodeError: it is no text that can be sent.
        Exception: whatever a template raises.
    """
    with time_limit():
        html = draw()
    if len(html) > LARGEST:
        raise RanAway(f"it draws {len(html):,} characters; {LARGEST:,} are the most")
    html.encode()
    return html
