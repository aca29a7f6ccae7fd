"""`python -m tools.bench [NAME ...]`: runs the benchmarks, prints one table, keeps it as JSON."""

from __future__ import annotations

import json
import platform
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from app.settings import ROOT
from tools.bench import (
    cluster,
    copy,
    designing,
    device,
    edge,
    kept,
    lite,
    measure,
    memory,
    parser,
    relevance,
    sizes,
    start,
    steered,
    streaming,
    variants,
)
from tools.bench.measure import Row

BENCHMARKS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "kept": kept.run,
    "streaming": streaming.run,
    "cluster": cluster.run,
    "memory": memory.run,
    "sizes": sizes.run,
    "variants": variants.run,
    "start": start.run,
    "lite": lite.run,
    "parser": parser.run,
    "copy": copy.run,
    "relevance": relevance.run,
    "steered": steered.run,
    "edge": edge.run,
    "designing": designing.run,
    "device": device.run,
}

_PATIENCE, _AGAIN = 1200, 60
"""Seconds that a benchmark may take, and until what does not even close is interrupted again: some
calls of a browser that has died wait without end."""


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, or all, each whatever became of the others; tell which failed."""
    unknown = set(names) - BENCHMARKS.keys()
    if unknown:
        sys.stderr.write(
            f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n"
        )
        return 2
    rows: list[Row] = []
    failed: list[str] = []
    signal.signal(signal.SIGALRM, _give_up)
    print(_line("what", "value", "baseline", "ratio", "limit"))
    with tempfile.TemporaryDirectory() as folder:
        try:
            for name in names or BENCHMARKS:
                own = Path(folder) / name  # two may call what they write alike
                own.mkdir(exist_ok=True)
                signal.setitimer(signal.ITIMER_REAL, _PATIENCE, _AGAIN)
                try:
                    for row in BENCHMARKS[name](own):
                        rows.append(row)
                        print(_shown(row), flush=True)
                except Exception:  # noqa: BLE001 - the others are run all the same
                    traceback.print_exc()
                    failed.append(name)
                signal.setitimer(signal.ITIMER_REAL, 0)
                measure.unpin()
        finally:
            _keep(rows)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _give_up(*_: object) -> None:
    raise TimeoutError("this benchmark does not end")


def _shown(row: Row) -> str:
    baseline = "" if row.baseline is None else f"{row.baseline:,.2f}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    verdict = {True: "ok: ", False: "NOT MET: ", None: ""}[row.good]
    return _line(row.name, f"{row.value:,.2f} {row.unit}", baseline, ratio, verdict + row.limit)


def _line(name: str, value: str, baseline: str, ratio: str, limit: str) -> str:
    return f"{name:<62} {value:>16} {baseline:>11} {ratio:>6}  {limit}"


def _keep(rows: Sequence[Row]) -> None:
    now = datetime.now(UTC)
    folder = ROOT / "tools" / "bench" / "results"
    folder.mkdir(exist_ok=True)
    machine = {
        "cores": len(measure.CORES),
        "python": platform.python_version(),
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
    }
    report = {
        "at": now.isoformat(timespec="seconds"),
        "machine": machine,
        "rows": [{**asdict(row), "ratio": row.ratio} for row in rows],
    }
    path = folder / f"{now:%Y-%m-%dT%H%M%S}.json"
    path.write_text(json.dumps(report, indent=2) + "\n")
    print(f"kept in {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
