"""Jinja as every template here gets it, and what is compiled kept on the disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import CodeType

from jinja2 import (
    BaseLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    FunctionLoader,
    StrictUndefined,
)
from jinja2.bccache import Bucket

from app.util.folders import files_below


class CompiledTemplates(FileSystemBytecodeCache):
    """Keeps compiled templates where Python keeps its own, if it may write there.

    Each is loaded once for all languages, whose environments share it.
    """

    def __init__(self, folder: Path) -> None:
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
        super().__init__(str(folder), "%s.jinja-compiled")
        self._loaded: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a compiled template, if there is one."""
        bucket.code = self._loaded.get((bucket.key, bucket.checksum))
        if bucket.code is None:
            super().load_bytecode(bucket)
            self._loaded[bucket.key, bucket.checksum] = bucket.code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write a compiled template; where that cannot be done it is compiled again next time."""
        self._loaded[bucket.key, bucket.checksum] = bucket.code
        with suppress(OSError):
            super().dump_bytecode(bucket)


def environment(folder: Path, texts: Mapping[str, str] | None = None) -> Environment:
    """Return Jinja as every template here gets it: escaping on, nothing undefined.

    Templates are read from the folder, or taken from `texts` by their names in it.
    """
    on_disk = FileSystemLoader(folder, "utf-8-sig")
    return Environment(
        loader=on_disk if texts is None else _from_texts(folder, texts),
        bytecode_cache=CompiledTemplates(folder / "__pycache__"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def compile_all(folder: Path) -> None:
    """Compile a folder's templates; TemplateError, with file and line, where one cannot be."""
    templates = environment(folder)
    for path in files_below(folder, (".jinja",)):
        templates.get_template(path.relative_to(folder).as_posix())


def _from_texts(folder: Path, texts: Mapping[str, str]) -> BaseLoader:
    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        text = texts.get(name)
        return None if text is None else (text, str(folder / name), lambda: True)

    return FunctionLoader(load)
