"""The log: one JSON object a line, whoever writes it, uvicorn and Python's warnings included."""

from __future__ import annotations

import logging
from typing import Any

from pythonjsonlogger.json import JsonFormatter


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


def set_up_log() -> None:
    """Write what is told, and what httpx warns of, to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.captureWarnings(capture=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)
