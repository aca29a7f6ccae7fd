"""Imports props from texts, under names of their own, so that no module is ever half-loaded.

A component's module can be imported again by itself. When a module changes that others build on,
all are imported anew, into a package with a fresh name; the old one stays as it was.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from itertools import count
from pathlib import Path
from types import CodeType, ModuleType

from app.workbench.reload.runaway import time_limit

_NUMBERS = count(1)


class Package(MetaPathFinder, Loader):
    """A package of modules whose texts are at hand. `close` takes it out of the interpreter."""

    def __init__(self, folder: Path, texts: Mapping[str, str]) -> None:
        self.name = f"designed_{next(_NUMBERS)}"
        self.texts = {name: text for name, text in texts.items() if name.endswith(".py")}
        self._folder = folder
        package = ModuleType(self.name)
        package.__path__ = []
        sys.modules[self.name] = package
        sys.meta_path.insert(0, self)

    def module(self, stem: str) -> ModuleType:
        """Return a module, imported unless it has been.

        Raises:
            Exception: whatever its code raises.
        """
        return importlib.import_module(f"{self.name}.{stem}")

    def current(self, stem: str, text: str) -> ModuleType:
        """Return a module as of this text, imported again where that is another; else it stays.

        Raises:
            Exception: whatever its code raises.
        """
        name, texts = f"{self.name}.{stem}", self.texts
        if texts.get(f"{stem}.py") == text:
            return self.module(stem)
        old, self.texts = sys.modules.pop(name, None), {**texts, f"{stem}.py": text}
        try:
            return self.module(stem)
        except BaseException:
            self.texts = texts
            sys.modules.pop(name, None)
            if old is not None:
                sys.modules[name] = old
            raise

    def leans_on(self, stem: str) -> bool:
        """Say whether a module of the package imports this one."""
        leaning = re.compile(
            rf"^\s*from \.(?:{re.escape(stem)}\b| import .*\b{re.escape(stem)}\b)", re.MULTILINE
        )
        return any(leaning.search(text) for text in self.texts.values())

    def close(self) -> None:
        """Forget the package; classes that came from it live on with those who use them."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name in [name for name in sys.modules if name.split(".")[0] == self.name]:
            del sys.modules[name]

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of this package comes from."""
        package, _, stem = fullname.partition(".")
        if package != self.name or f"{stem}.py" not in self.texts:
            return None
        return spec_from_loader(fullname, self, origin=str(self._folder / f"{stem}.py"))

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's code.

        Raises:
            RanAway: it does not end, or would end the program.
        """
        with time_limit():
            exec(self._code(module), module.__dict__)  # noqa: S102 - importing is running

    def _code(self, module: ModuleType) -> CodeType:
        stem = module.__name__.partition(".")[2]
        path = str(self._folder / f"{stem}.py")
        return compile(self.texts[f"{stem}.py"], path, "exec", dont_inherit=True)
