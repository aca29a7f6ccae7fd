"""Templates compiled once a process: the folders of tests are copies, and most of them the same."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

from jinja2 import Environment

Compile = Callable[..., Any]


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
