"""The log: one JSON object a line, whoever writes it, uvicorn and Python's warnings included."""

from __future__ import annotations

import logging
import os
import sys
import time
from queue import Full, Queue
from threading import Thread
from typing import Any

from pythonjsonlogger.json import JsonFormatter

_ROOM = 2_000
"""Lines that may wait to be written."""

_FLUSH_SECONDS = 1.0


class JsonLines(JsonFormatter):
    """Formats a record with its level, logger and time.

    A dict that is logged gives the line's other keys, anything else its `message`.
    """

    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger"}
        super().__init__([*names, "message"], rename_fields=names, timestamp="time")

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Leave out the message of a record that has none."""
        return {name: value for name, value in log_data.items() if name != "message" or value}


class BackgroundHandler(logging.Handler):
    """Writes to a descriptor in a thread, so that a log which nobody reads holds nobody up.

    What there is no room for is dropped, as is what cannot be written; how many lines that were is
    logged as soon as one can be written again.
    """

    def __init__(self, descriptor: int, room: int = _ROOM) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: Queue[bytes] = Queue(room)
        self._dropped = 0
        self._unwritten = 0
        self._reported = 0
        Thread(target=self._run, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record's line, or drop it."""
        try:
            self._lines.put_nowait(self._line(record))
        except Full:
            self._dropped += 1
        except (TypeError, ValueError):
            self.handleError(record)

    def flush(self) -> None:
        """Wait until all is written, but not for long: perhaps nobody reads it."""
        end = time.monotonic() + _FLUSH_SECONDS
        with self._lines.all_tasks_done:
            while self._lines.unfinished_tasks and (left := end - time.monotonic()) > 0:
                self._lines.all_tasks_done.wait(left)

    def _line(self, record: logging.LogRecord) -> bytes:
        return f"{self.format(record)}\n".encode(errors="backslashreplace")

    def _run(self) -> None:
        while True:
            line = self._lines.get()
            try:
                self._write(line)
                self._report()
            except OSError:
                self._unwritten += 1
            finally:
                self._lines.task_done()

    def _write(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._descriptor, line) :]

    def _report(self) -> None:
        lost = self._dropped + self._unwritten
        if lost > self._reported:
            event = {"event": "log_dropped", "lines": lost - self._reported}
            about = {"name": "wandstore.log", "levelname": "WARNING", "msg": event}
            self._write(self._line(logging.makeLogRecord(about)))
            self._reported = lost


def set_up_log() -> None:
    """Write what is told, and what httpx warns of, to stderr."""
    handler = BackgroundHandler(sys.stderr.fileno())
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.captureWarnings(capture=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
