"""What happens to one page, as its journal keeps it."""

from __future__ import annotations

from typing import Literal, NamedTuple

EventName = Literal["component", "progress", "ready", "error"]

_LAST = ("ready", "error")


class Event(NamedTuple):
    """One entry of a page's journal. Ids only ever grow; `data` is JSON on one line."""

    id: int
    name: EventName
    data: str

    @property
    def ends_the_page(self) -> bool:
        """Whether nothing follows: the page is whole, or has failed."""
        return self.name in _LAST


LEFT: Literal["left"] = "left"


class SharedEvent(NamedTuple):
    """An event as processes share it, with what it takes to go on from there: `note`, JSON.

    One named LEFT is for them alone: whoever composed the page has put it down.
    """

    id: int
    name: EventName | Literal["left"]
    data: str
    note: str = ""

    @property
    def ends_the_page(self) -> bool:
        """Whether nothing follows."""
        return self.name in _LAST
