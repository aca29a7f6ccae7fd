"""An open bracket in a model's JSON, and the words that stand for values in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.generation.parser.names import role_of

CLOSES = {"{": "}", "[": "]"}

_FOREIGN = {"True": "true", "False": "false", "None": "null", "undefined": "null"}
_PLAIN = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(slots=True)
class Frame:
    """An open bracket: where its text starts in the component's, and what may come next in it.

    `expects` is one of key, colon, value, comma. `key` is the last one read, of a list the one it
    stands under, and `role` what that stands for. `typed` says that a type was read, or that the
    key above is one.
    """

    kind: str
    start: int
    expects: str
    under_config: bool
    key: str = ""
    role: str = ""
    keys: set[str] = field(default_factory=set)
    typed: bool = False
    wrapper: bool = False

    def expect_item(self) -> None:
        """Expect another item: a comma was read, or is missing."""
        self.expects = "key" if self.kind == "{" else "value"

    def expect_value_of(self, key: str) -> None:
        """Note a key, whose colon and value come next."""
        self.key = key
        self.role = role_of(key)
        self.keys.add(key)
        self.expects = "colon"

    @property
    def unfinished(self) -> bool:
        """Whether a key stands without its value."""
        return self.expects == "colon" or (self.kind == "{" and self.expects == "value")


def as_json(word: str) -> tuple[str, bool] | None:
    """Return a bare word as JSON and whether it was foreign; None where it is no value."""
    if _PLAIN.fullmatch(word):
        return word, False
    return (_FOREIGN[word], True) if word in _FOREIGN else None
