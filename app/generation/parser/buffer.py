"""The text of one component as it is read: rebuilt token by token, then taken for a proposal."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping

from app.domain.page import Proposal, Refusal

_TYPE = re.compile(r'"type":"([a-z][a-z0-9_-]{0,39})"')


class ComponentBuffer:
    """Gathers the text of the component that is open, within `limit` characters.

    A draft that was broken is read on to its end, since what follows it must be found, and is
    refused with the first fault's code.
    """

    def __init__(self, limit: int) -> None:
        self.comma = False
        self.open = False
        self._limit = limit
        self._begin()

    def _begin(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._fault = ""

    def begin(self) -> None:
        """Start a component; what was gathered before was its wrapper's."""
        self.open = True
        self.comma = False
        self._begin()

    @property
    def next_piece(self) -> int:
        """The number the next bracket will have, whose comma is still to be written."""
        return len(self._pieces) + (1 if self.comma else 0)

    def write(self, text: str) -> None:
        """Add a token's text."""
        if not self.open:
            return
        self._length += len(text)
        if self._length > self._limit:
            self.fail("COMPONENT_TOO_LONG")
        else:
            self._pieces.append(text)

    def write_item(self, text: str) -> None:
        """Add what a comma may stand before."""
        if self.comma:
            self.comma = False
            self.write(",")
        self.write(text)

    def fail(self, code: str) -> None:
        """Refuse the component, once it has closed."""
        if self.open and not self._fault:
            self._fault = code

    def split(self, piece: int) -> list[str]:
        """Take away and return what was gathered from a piece on."""
        tail, self._pieces = self._pieces[piece:], self._pieces[:piece]
        return tail

    def drop_comma(self) -> None:
        """Take back a comma that nothing follows."""
        self.comma = False
        if self._pieces and self._pieces[-1] == ",":
            self._pieces.pop()

    def end(self) -> tuple[str, str]:
        """Finish the component: return its text and the code of its first fault, if any."""
        text, fault = "".join(self._pieces), self._fault
        self.open = False
        self._begin()
        return text, fault


def read_proposal(text: str, repairs: Counter[str]) -> Proposal | Refusal:
    """Take a component's JSON for a proposal; `repairs` counts what had to be overlooked."""

    def merged(pairs: list[tuple[str, object]]) -> dict[str, object]:
        value = dict(pairs)
        if len(value) != len(pairs):
            repairs["DUPLICATE_KEY"] += 1
        return value

    try:
        value = json.loads(text, strict=False, object_pairs_hook=merged)
    except (ValueError, RecursionError):
        return Refusal("MALFORMED_JSON", type_in(text))
    kind, config, name = value.get("type"), value.get("config"), value.get("id", "")
    if not isinstance(kind, str) or not kind:
        return Refusal("NO_TYPE")
    if config is None:
        repairs["FLAT_CONFIG"] += 1
        config = {key: value[key] for key in value if key not in ("type", "id", "config")}
    if not isinstance(config, Mapping):
        return Refusal("MALFORMED_CONFIG", type_in(text))
    return Proposal(kind, name if isinstance(name, str) else "", config)


def type_in(text: str) -> str:
    """Return the type a component's text names, if it is fit to be repeated."""
    found = _TYPE.search(text)
    return found.group(1) if found else ""
