"""Errors that whoever runs the shop can mend, told on one line."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

CANNOT = 2
"""The exit status of a command that cannot do what it is told."""

INTERRUPTED = 128 + signal.SIGINT


class OperatorError(Exception):
    """Something cannot be done as it is set up; the message says what to mend."""


def exit_status(act: Callable[[], int], undone: str) -> int:
    """Return the exit status of a command, CANNOT where it ends with an error that it tells.

    SIGTERM ends it as SIGINT does: it takes with it what it has not finished.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return act()
    except (OperatorError, OSError) as error:
        sys.stderr.write(f"{undone}: {error}\n")
        return CANNOT
    except KeyboardInterrupt:
        sys.stderr.write(f"{undone}: interrupted\n")
        return INTERRUPTED
