"""Runs tests in processes that are forked once all is collected: `-p tests.support.forks`.

Workers that each import and collect everything themselves spend a tenth of the time on it. The
tests of a file stay together, and share what it sets up; the longest files go first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, groupby, pairwise
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any

import pytest

_WAITING = tuple(f"tests/{folder}/" for folder in ("process", "browser", "edge", "http"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add how many processes there are."""
    parser.addoption("--forks", type=int, default=1, help="processes for each of up to 4 cores")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Have all tests run by as many processes; in each of those, run its share of them."""
    if session.testsfailed or session.config.option.collectonly:
        return None
    by_file = groupby(session.items, lambda item: item.path)
    files = sorted((list(tests) for _, tests in by_file), key=_order)
    left, give = os.pipe()
    os.write(give, b"".join(number.to_bytes(2) for number in range(len(files))))
    os.close(give)
    processes: dict[Any, int] = {}
    for _ in range(min(os.cpu_count() or 1, 4) * session.config.getoption("--forks")):
        heard, told = Pipe(duplex=False)
        if not (process := os.fork()):
            return _run(session, (files[number] for number in _numbers(left)), told)
        told.close()
        processes[heard] = process
    ended, deaths = _listen(session, processes)
    if deaths or ended < len(session.items):
        session.shouldfail = (
            f"{ended} of {len(session.items)} tests ended; a process died: {deaths}"
        )
        raise session.Failed(session.shouldfail)
    return True


def _order(tests: list[pytest.Item]) -> tuple[bool, int]:
    """Let what waits for others begin first, and the longest files before shorter ones."""
    return not tests[0].nodeid.startswith(_WAITING), -len(tests)


def _numbers(left: int) -> Iterator[int]:
    """Take one number after the other of those that no process has taken."""
    while number := os.read(left, 2):
        yield int.from_bytes(number)


def _run(session: pytest.Session, files: Iterator[list[pytest.Item]], told: Any) -> bool:
    """Run the tests of one file after the other, and tell what came of each instead of printing."""
    config = session.config

    class Teller:
        @staticmethod
        def pytest_runtest_logreport(report: pytest.TestReport) -> None:
            told.send(config.hook.pytest_report_to_serializable(config=config, report=report))

    capturing = config.pluginmanager.getplugin("capturemanager")
    capturing.stop_global_capturing()  # into a file that is the other processes' as well
    capturing.start_global_capturing()
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(Teller)
    for item, following in pairwise(chain(chain.from_iterable(files), [None])):
        config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return True


def _listen(session: pytest.Session, processes: dict[Any, int]) -> tuple[int, list[int]]:
    """Report what the processes tell; return how many tests ended, and how processes died."""
    ended, failed, deaths = 0, set(), []
    hook = session.config.hook
    while processes:
        ready: list[Any] = wait(list(processes))
        for heard in ready:
            try:
                data = heard.recv()
            except EOFError:
                _, status = os.waitpid(processes.pop(heard), 0)
                if (code := os.waitstatus_to_exitcode(status)) != (heard in failed):
                    deaths.append(code)
                continue
            report = hook.pytest_report_from_serializable(config=session.config, data=data)
            hook.pytest_runtest_logreport(report=report)
            ended += report.when == "teardown"
            if report.failed:
                failed.add(heard)
    return ended, deaths
