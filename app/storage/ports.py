"""The ports to storage, where there is more than one implementation or a stand-in."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.domain.events import Lease, SharedEvent
from app.domain.facts import Fact
from app.domain.limits import Claim, Verdict
from app.domain.persona import Persona
from app.storage.db.rows import ShopperHistory, Visited


class Pool(NamedTuple):
    """Connections to a server that are `busy` and `idle`, and calls `waiting` for one."""

    busy: int
    idle: int
    waiting: int


class Kv(Protocol):
    """Pairs with a time to live in seconds. Reading and writing may raise StorageError."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, ttl: int) -> object: ...

    async def delete(self, key: str) -> None: ...


class SharedLedgers(Protocol):
    """What all processes have spent, by account. Either may raise StorageError, done or not.

    Where payments are `leased`, who holds no page's lease pays for none.
    """

    leased: bool

    async def take(self, claims: Sequence[Claim], lease: Lease | None) -> Verdict: ...

    async def give_back(self, accounts: Sequence[str], minute: int, tokens: int) -> None: ...


class EdgeFiles(Protocol):
    """What is served without us, by name and key. Either may raise StorageError, done or not.

    What cannot be put is an InvalidPair.
    """

    async def known(self) -> tuple[str, dict[str, str]]: ...

    async def put(self, name: str, key: str, data: bytes | None) -> None: ...


LOST, GAP = -1, -2
"""Why events are not added: another composes the page, or some that were added are gone."""


class Held(NamedTuple):
    """A page that is `ours` to compose, or another's for so many seconds if they do not renew it.

    `events` are those after the ones that were known; of `length` in all. `floor` is what ids of
    further ones go beyond.
    """

    ours: bool
    floor: int
    length: int
    seconds: float
    events: Sequence[SharedEvent]


class FactStore(Protocol):
    """Keeps what shoppers did, and the personas that follow from it."""

    async def add_facts(self, visited: Visited, facts: Sequence[Fact]) -> ShopperHistory: ...

    async def set_persona(
        self, visited: Visited, persona: Persona, persona_hash: str, last_fact_id: int
    ) -> None: ...
