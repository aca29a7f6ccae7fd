"""Reads components out of what models write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.domain.limits import ParseLimits
    from app.generation.parser.parser import ProposalParser


def build_parser(limits: ParseLimits, known: Iterable[str]) -> ProposalParser:
    """Return what reads an answer. `known` are the kinds of components and the slots."""
    from app.generation.parser.parser import ProposalParser  # noqa: PLC0415 - see load_rules
    from app.generation.parser.proposal import Names  # noqa: PLC0415 - likewise

    return ProposalParser(limits, Names(known=frozenset(known)))
