"""Templates compiled once a process: the folders of tests are copies, and most of them the same."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from types import CodeType
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template

from app.settings import ROOT

Compile = Callable[..., Any]
Load = Callable[..., Template]


def known_by_source(compile_template: Compile) -> Compile:
    """Return `Environment.compile` as it is, but for what it has compiled before elsewhere."""
    kept: dict[object, CodeType] = {}

    def compile_or_take(
        jinja: Environment, source: str, name: str = "", filename: str = "<template>", **how: Any
    ) -> CodeType:
        key = (source, name, jinja.autoescape, jinja.trim_blocks, *jinja.filters, *how.items())
        if key not in kept:
            kept[key] = compile_template(jinja, source, name, filename, **how)
        return _lying_in(filename, kept[key])

    return compile_or_take


def _lying_in(file: str, code: CodeType) -> CodeType:
    """Return code as it would be had it been compiled from this file."""
    constants = (_lying_in(file, it) if isinstance(it, CodeType) else it for it in code.co_consts)
    return code.replace(co_filename=file, co_consts=tuple(constants))


def known_by_name(load: Load) -> Load:
    """Return `FileSystemLoader.load` as it is, but for the project's own, which no test changes."""
    kept: dict[str, CodeType] = {}
    folder = [str(ROOT / "components")]

    def load_or_take(
        loader: FileSystemLoader,
        jinja: Environment,
        name: str,
        names: MutableMapping[str, Any] | None = None,
    ) -> Template:
        if loader.searchpath != folder or not jinja.bytecode_cache:
            return load(loader, jinja, name, names)
        if name not in kept:
            source, file, _ = loader.get_source(jinja, name)
            bucket = jinja.bytecode_cache.get_bucket(jinja, name, file, source)
            kept[name] = bucket.code or jinja.compile(source, name, file)
        return jinja.template_class.from_code(jinja, kept[name], names or {})

    return load_or_take
