"""Uvicorn's server without its command line. Import it first: it does nothing once uvicorn is in.

Uvicorn's package imports its command line, and with it click and multiprocessing: a fifteenth of
all the CPU that a start takes, on a container with a sixteenth of one. Here the package is made
known without running its `__init__`, its command line is declared missing (sse-starlette would load
it, for a shutdown that we do ourselves), and only the two modules that serve are loaded. Nor is
what configures logs: uvicorn is told to leave ours alone, and asks for it nonetheless.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

_LEAN = "uvicorn" not in sys.modules

if _LEAN:
    _spec = importlib.util.find_spec("uvicorn")
    if _spec is None:
        raise ModuleNotFoundError("uvicorn is not installed")
    _modules: dict[str, Any] = sys.modules
    _modules["uvicorn"] = importlib.util.module_from_spec(_spec)
    _modules["uvicorn.main"] = None
    _unused = ModuleType("logging.config")
    _known = _modules.setdefault(_unused.__name__, _unused)

from uvicorn.config import Config  # noqa: E402 - after the package has been made known
from uvicorn.server import Server  # noqa: E402 - likewise

if _LEAN:
    _modules["uvicorn"].Config = Config
    if _known is _unused:
        del _modules[_unused.__name__]

__all__ = ["Config", "Server"]
