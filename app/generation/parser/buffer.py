"""The text of one component as it is read, rebuilt token by token."""

from __future__ import annotations

from app.generation.parser.proposal import type_in


class ComponentBuffer:
    """Gathers the text of the component that is open, within `limit` characters.

    A component that was broken is read on to its end, since what follows it must be found, and is
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

    def type_from(self, piece: int) -> str:
        """Return the type that the text names from a piece on, if it is fit to be repeated."""
        return type_in("".join(self._pieces[piece:]))

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
