"""What happens to one page, as its journal keeps it."""

from __future__ import annotations

from typing import Literal, NamedTuple

EventName = Literal["component", "progress", "ready", "error"]


class Event(NamedTuple):
    """One entry of a page's journal. Ids only ever grow; `data` is JSON on one line."""

    id: int
    name: EventName
    data: str

    @property
    def ends_the_page(self) -> bool:
        """Whether nothing follows: the page is whole, or has failed."""
        return self.name in ("ready", "error")
