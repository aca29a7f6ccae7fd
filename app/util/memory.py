"""Tells how much memory this process may still take, and returns what it no longer needs."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where a container's limit stands, in the newer and the older form of control groups."""

_TAKEN = Path("/proc/self/statm")


def memory_left(limits: Iterable[Path] = LIMITS) -> int | None:
    """Return how many bytes are left below the limit, None where there is none.

    What is mapped from files is not counted: it is there once for all processes, and given up
    where room is needed.
    """
    for path in limits:
        try:
            limit = int(path.read_text())
            _, resident, mapped, *_ = map(int, _TAKEN.read_text().split())
        except (OSError, ValueError):  # no such file, or `max`
            continue
        return max(limit - (resident - mapped) * os.sysconf("SC_PAGE_SIZE"), 0)
    return None


def give_back() -> None:
    """Return to the system what nobody refers to: glibc keeps what lies between what is in use.

    Garbage of pages refers to the catalog that they were drawn from, which would be held as well.
    """
    gc.collect()
    from ctypes import CDLL  # noqa: PLC0415 - only large catalogs need it

    with suppress(AttributeError):  # another library, which does so by itself
        CDLL(None).malloc_trim(0)
