"""Runs tests in processes that are forked once all is collected: `-p tests.support.forks`.

The tests of a file stay together, and share what it sets up; what took longest the last time goes
first. A process that dies loses no test unseen.
"""

from __future__ import annotations

import atexit
import faulthandler
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain, pairwise
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any

import pytest

_SECONDS = "forks/seconds"
"""Where it is kept how long the tests of each file took the last time."""

_PATIENCE = 1200
"""Seconds for the tests of a file: who takes longer says where it stands, and is ended."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add how many processes there are."""
    parser.addoption("--forks", type=int, default=1, help="processes for each of up to 4 cores")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Have all tests run by as many processes; in each of those, run its share of them."""
    if session.testsfailed or session.config.option.collectonly:
        return None
    known: dict[str, float] = session.config.cache.get(_SECONDS, {})
    files: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in session.items:
        files[_file(item.nodeid)].append(item)
    unknown = {file: len(tests) + 999 * ("/unit/" not in file) for file, tests in files.items()}
    names = sorted(files, key={**unknown, **known}.__getitem__, reverse=True)
    left, give = os.pipe()
    os.write(give, b"".join(number.to_bytes(2) for number in range(len(names))))
    os.close(give)
    processes: dict[Any, int] = {}
    for _ in range(min(os.cpu_count() or 1, 4) * session.config.getoption("--forks")):
        heard, told = Pipe(duplex=False)
        if not (process := os.fork()):
            return _run(session, (files[names[number]] for number in _numbers(left)), told)
        told.close()
        processes[heard] = process
    ended, deaths = _listen(session, processes)
    if deaths or ended < len(session.items):
        session.shouldfail = (
            f"{ended} of {len(session.items)} tests ended; a process died: {deaths}"
        )
        raise session.Failed(session.shouldfail)
    return True


def _file(test: str) -> str:
    return test.partition("::")[0]


def _numbers(left: int) -> Iterator[int]:
    """Take one number after the other of those that no process has taken."""
    while number := os.read(left, 2):
        yield int.from_bytes(number)


def _run(session: pytest.Session, files: Iterator[list[pytest.Item]], told: Any) -> bool:
    """Run the tests of one file after the other, and tell what came of each instead of printing."""
    config = session.config
    reports: list[dict[str, Any]] = []

    class Teller:
        @staticmethod
        def pytest_runtest_logreport(report: pytest.TestReport) -> None:
            reports.append(config.hook.pytest_report_to_serializable(config=config, report=report))
            if report.when == "teardown":
                told.send(reports)
                reports.clear()

    capturing = config.pluginmanager.getplugin("capturemanager")
    capturing.stop_global_capturing()  # into a file that is the other processes' as well
    faults = os.dup(2)
    capturing.start_global_capturing()
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(Teller)
    # All is told by then: nobody need take the process apart, which takes it as long as ten tests.
    atexit.register(lambda: os._exit(hasattr(sys, "last_value") or session.exitstatus))

    def watched() -> Iterator[pytest.Item]:
        for tests in files:
            faulthandler.dump_traceback_later(_PATIENCE, exit=True, file=faults)
            yield from tests

    for item, following in pairwise(chain(watched(), [None])):
        config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return True


def _listen(session: pytest.Session, processes: dict[Any, int]) -> tuple[int, list[int]]:
    """Report what the processes tell; return how many tests ended, and how processes died."""
    ended, failed, deaths = 0, set(), []
    seconds: Counter[str] = Counter()
    hook, cache = session.config.hook, session.config.cache
    while processes:
        ready: list[Any] = wait(list(processes))
        for heard in ready:
            try:
                reports = heard.recv()
            except EOFError:
                _, status = os.waitpid(processes.pop(heard), 0)
                if (code := os.waitstatus_to_exitcode(status)) != (heard in failed):
                    deaths.append(code)
                continue
            for data in reports:
                report = hook.pytest_report_from_serializable(config=session.config, data=data)
                hook.pytest_runtest_logreport(report=report)
                ended += report.when == "teardown"
                seconds[_file(report.nodeid)] += report.duration
                if report.failed:
                    failed.add(heard)
    cache.set(_SECONDS, {**cache.get(_SECONDS, {}), **seconds})
    return ended, deaths
