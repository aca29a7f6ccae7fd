"""How much memory this process may still take, where the system sets a limit."""

from __future__ import annotations

import os
from collections.abc import Iterable
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
