"""What happens to one page, as its journal keeps it."""

from typing import Literal, NamedTuple, Protocol

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


class Lease(Protocol):
    """The right to compose the page under a key, as far as its `holder` knows.

    Of the page's events `length` are shared: who finds more there, and not its own name, has lost
    the lease and is to `lose` it. Who wants it no longer may `leave` it to others.
    """

    key: str
    holder: str
    length: int

    def lose(self) -> None: ...

    async def leave(self) -> None: ...
