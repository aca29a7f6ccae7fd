"""Loads the libraries that serve, without what they load and a first page does not need.

Import it first: it does nothing once uvicorn is in. Uvicorn's package imports its command line, and
with it click and multiprocessing. Here the package is made known without running its `__init__`,
and its command line is declared missing: sse-starlette would load it, for a shutdown that we do
ourselves. Where a library loads what compiles templates, runs threads or reads its own settings,
something stands for that module, and loads it once it is used.
"""

from __future__ import annotations

import http
import importlib.util
import sys
from types import ModuleType
from typing import Any

from app.util.lazy import Lazy

_LATE = (
    *("anyio", "anyio.abc", "anyio.to_thread", "configparser", "html", "http.client"),
    *("http.cookies", "jinja2.compiler", "jinja2.lexer", "jinja2.parser", "locale"),
    *("logging.config", "mimetypes", "platform", "shlex", "starlette.websockets"),
    *("tempfile", "uvicorn._types", "uvicorn.middleware.asgi2"),
    *("uvicorn.middleware.message_logger", "uvicorn.middleware.wsgi"),
)
"""Modules that are called, or asked for what they have: what is inherited from, or caught, has to
be there."""


def _loaded(name: str) -> ModuleType:
    if isinstance(sys.modules.get(name), _Module):  # it is used while those are loaded that name it
        del sys.modules[name]
    return importlib.import_module(name)


class _Module(ModuleType):
    """Stands for a module."""

    def __getattr__(self, name: str) -> Any:
        return _Late(self.__name__, name)


class _Late:
    """Stands for what has a name in a module, which is loaded once that is used."""

    def __init__(self, module: str, name: str) -> None:
        self._found = Lazy(lambda: getattr(_loaded(module), name))

    def __call__(self, *positional: Any, **named: Any) -> Any:
        return self._found()(*positional, **named)

    def __instancecheck__(self, it: object) -> bool:
        return isinstance(it, self._found())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what `typing` looks for in whatever is named in an annotation
            raise AttributeError(name)
        return getattr(self._found(), name)


_LEAN = "uvicorn" not in sys.modules

if _LEAN:
    _spec = importlib.util.find_spec("uvicorn")
    if _spec is None:
        raise ModuleNotFoundError("uvicorn is not installed")
    _modules: dict[str, Any] = sys.modules
    _modules["uvicorn"] = importlib.util.module_from_spec(_spec)
    _modules["uvicorn.main"] = None
    _late = {name: _Module(name) for name in _LATE if name not in _modules}
    _modules |= _late
    vars(http).update(client=_modules["http.client"], cookies=_modules["http.cookies"])

import jinja2  # noqa: E402, F401 - while others stand for what these would load
import starlette.applications  # noqa: E402
import starlette.staticfiles  # noqa: E402, F401
import uvicorn.protocols.http.httptools_impl  # noqa: E402, F401
from uvicorn.config import Config  # noqa: E402
from uvicorn.server import Server  # noqa: E402

if _LEAN:
    _modules["uvicorn"].Config = Config
    for _name in _late:
        if isinstance(_modules[_name], _Module):
            del _modules[_name]

__all__ = ["Config", "Server"]
