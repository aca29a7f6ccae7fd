"""The shop's tables: the SQL of SQLite, D1, the Worker and PostgreSQL, and what is done with it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.domain.facts import CHECKOUT, MAX_FACTS, Fact
from app.domain.persona import NEWCOMER, Persona, Shopper
from app.metrics.registry import Metrics
from app.storage.db import insights_sql as insights
from app.storage.db.rows import (
    Generation,
    PageViews,
    Row,
    ShopperHistory,
    Visited,
    read_facts,
    read_persona,
)
from app.storage.measured import measured

VIEW_DAYS = 400
"""Days for which counts of views are kept."""

UPSERT_SHOPPER = """
INSERT INTO shoppers (id, shop_id, created_at, last_seen_at) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at
"""
SELECT_PERSONA = """
SELECT personas.type, personas.confidence, personas.signals FROM shoppers
JOIN personas ON personas.hash = shoppers.current_persona_hash AND personas.shopper_id = shoppers.id
WHERE shoppers.id = ? AND shoppers.shop_id = ?
"""
SELECT_LATEST_SHOPPERS = """
SELECT latest.id, personas.type, personas.confidence, personas.signals
FROM (SELECT * FROM shoppers ORDER BY last_seen_at DESC LIMIT 1000) AS latest
LEFT JOIN personas ON personas.hash = latest.current_persona_hash
    AND personas.shopper_id = latest.id
WHERE latest.shop_id = ?
"""
UPSERT_PERSONA = """
INSERT INTO personas (hash, shopper_id, type, confidence, signals, created_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (hash, shopper_id) DO UPDATE SET confidence = excluded.confidence,
    signals = excluded.signals
"""
SET_CURRENT_PERSONA = """
UPDATE shoppers SET current_persona_hash = ? WHERE id = ?
    AND NOT EXISTS (SELECT 1 FROM signals WHERE shopper_id = ? AND id > ?)
"""
DELETE_OLD_PERSONAS = """
DELETE FROM personas WHERE shopper_id = ? AND hash NOT IN
    (SELECT current_persona_hash FROM shoppers
        WHERE id = ? AND current_persona_hash IS NOT NULL)
    AND hash NOT IN
    (SELECT hash FROM personas WHERE shopper_id = ? ORDER BY created_at DESC LIMIT 20)
"""
UPSERT_GENERATION = """
INSERT INTO ui_generations
    (id, shopper_id, persona_hash, status, kv_key, started_at, completed_at, error_message, model,
    prompt_tokens, cached_tokens, completion_tokens, decision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, completed_at = excluded.completed_at,
    error_message = excluded.error_message, model = excluded.model,
    prompt_tokens = excluded.prompt_tokens, cached_tokens = excluded.cached_tokens,
    completion_tokens = excluded.completion_tokens, decision = excluded.decision
"""
INSERT_EXPOSURE = """
INSERT INTO exposures (experiment, shopper_id, shop_id, arm, persona, at)
VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (experiment, shopper_id) DO NOTHING
"""
# The values of a row are [slot, component, product, place, shown, clicked]. A visitor counts on
# the page with which their exposures were noted, a moment before in the same transaction.
ADD_VIEWS = """
INSERT INTO views (shop_id, day, arm, persona, decision, slot, component, product, place, shown,
    clicked, visitors, clickers)
SELECT ?, ?, ?, ?, ?, json_extract(value, '$[0]'), json_extract(value, '$[1]'),
    json_extract(value, '$[2]'), CAST(json_extract(value, '$[3]') AS INTEGER),
    CAST(json_extract(value, '$[4]') AS INTEGER), CAST(json_extract(value, '$[5]') AS INTEGER),
    CASE WHEN CAST(json_extract(value, '$[4]') AS INTEGER) > 0 THEN visitor.new ELSE 0 END,
    CASE WHEN CAST(json_extract(value, '$[5]') AS INTEGER) > 0 THEN visitor.new ELSE 0 END
FROM json_each(?), (SELECT COUNT(DISTINCT shopper_id) AS new FROM exposures
    WHERE shopper_id = ? AND at = ?) AS visitor WHERE true
ON CONFLICT (shop_id, day, arm, persona, decision, slot, component, product, place)
DO UPDATE SET shown = views.shown + excluded.shown, clicked = views.clicked + excluded.clicked,
    visitors = views.visitors + excluded.visitors, clickers = views.clickers + excluded.clickers
"""
COUNT_CHECKOUT = "UPDATE exposures SET checkouts = checkouts + 1 WHERE shopper_id = ?"
DELETE_OLD_VIEWS = "DELETE FROM views WHERE shop_id = ? AND day < ?"
# An order that is stored already is not inserted again.
INSERT_FACT = """
INSERT INTO signals (shopper_id, at, kind, fact) SELECT shopper_id, at, kind, fact
FROM (SELECT ? AS shopper_id, ? AS at, ? AS kind, ? AS fact) AS new WHERE NOT EXISTS
    (SELECT 1 FROM signals AS known
        WHERE known.shopper_id = new.shopper_id AND known.kind = 'purchase'
        AND json_extract(known.fact, '$.order') = json_extract(new.fact, '$.order'))
"""
DELETE_OLD_FACTS = f"""
DELETE FROM signals WHERE shopper_id = ? AND id NOT IN
    (SELECT id FROM signals WHERE shopper_id = ?
        ORDER BY kind = 'purchase' DESC, id DESC LIMIT {MAX_FACTS})
"""  # noqa: S608 - a number of ours
# By shopper alone: an id belongs to one shop, since the cookie's signature covers both.
SELECT_FACTS = "SELECT id, fact FROM signals WHERE shopper_id = ? ORDER BY id"
# The newest facts of a shop: the products that its shoppers viewed or bought lately.
SELECT_LATEST_FACTS = """
SELECT signals.shopper_id, signals.fact FROM signals
JOIN shoppers ON shoppers.id = signals.shopper_id
WHERE shoppers.shop_id = ? AND signals.kind IN ('view', 'add_to_basket', 'purchase')
ORDER BY signals.id DESC LIMIT 8000
"""
SELECT_CURRENT_HASH = "SELECT current_persona_hash FROM shoppers WHERE id = ?"

_SLICE = 50
"""Shoppers that are forgotten in one go, with up to 200 facts and some 20 personas each."""

_LARGE_SLICE = 500
DELETE_UNSEEN_SHOPPERS = f"""
DELETE FROM shoppers WHERE id IN
    (SELECT id FROM shoppers WHERE last_seen_at < ? ORDER BY last_seen_at LIMIT {_SLICE})
RETURNING id
"""  # noqa: S608 - a number of ours
DELETE_OLD_GENERATIONS = f"""
DELETE FROM ui_generations WHERE id IN
    (SELECT id FROM ui_generations WHERE started_at < ? ORDER BY started_at LIMIT {_LARGE_SLICE})
RETURNING id
"""  # noqa: S608 - likewise
# The oldest facts have the lowest ids, so that no index by time is needed to find them.
DELETE_LONG_PAST_FACTS = f"""
DELETE FROM signals WHERE at < ? AND id IN
    (SELECT id FROM signals ORDER BY id LIMIT {_LARGE_SLICE})
RETURNING id
"""  # noqa: S608 - likewise
DELETE_SHOPPER = "DELETE FROM shoppers WHERE id = ?"
INSERT_FORGOTTEN = """
INSERT INTO forgotten (shopper_id, at) VALUES (?, ?)
ON CONFLICT (shopper_id) DO UPDATE SET at = excluded.at
"""
SELECT_LATEST_FORGOTTEN = "SELECT shopper_id, at FROM forgotten ORDER BY at DESC LIMIT 100"
DELETE_OLD_FORGOTTEN = "DELETE FROM forgotten WHERE at < ? RETURNING shopper_id"
_FORGOTTEN = """(SELECT shopper_id FROM forgotten
    WHERE shopper_id IN (SELECT value FROM json_each(?)))
"""
# Deletes what the same transaction wrote of shoppers who have been erased meanwhile.
DELETE_FORGOTTEN = f"DELETE FROM shoppers WHERE id IN {_FORGOTTEN}"  # noqa: S608 - SQL of ours
DELETE_FORGOTTEN_GENERATIONS = f"""
DELETE FROM ui_generations WHERE shopper_id IN {_FORGOTTEN} RETURNING kv_key
"""  # noqa: S608 - likewise
SELECT_ALL_OF = {
    "shoppers": "SELECT * FROM shoppers WHERE id = ?",
    "personas": "SELECT * FROM personas WHERE shopper_id = ? ORDER BY created_at",
    "signals": "SELECT * FROM signals WHERE shopper_id = ? ORDER BY id",
    "ui_generations": "SELECT * FROM ui_generations WHERE shopper_id = ? ORDER BY started_at",
    "exposures": "SELECT * FROM exposures WHERE shopper_id = ? ORDER BY at",
}
"""What each table has of one shopper. Personas, signals and exposures go with their shopper."""

DELETE_GENERATIONS_OF = "DELETE FROM ui_generations WHERE shopper_id = ? RETURNING kv_key"
_CHECKED = Visited("health", "health", "")


class Statement(NamedTuple):
    """SQL with the values of its question marks."""

    sql: str
    params: Sequence[str | int | float | None]


class ShopRepository(ABC):
    """The tables of `migrations/`. Every method may raise StorageError.

    Rows of several shoppers are written in one order, so that processes never wait for each other
    in a circle.
    """

    _metrics: Metrics | None = None

    def measure(self, metrics: Metrics) -> None:
        """Measure from now on what reading and writing takes."""
        self._metrics = metrics

    @abstractmethod
    async def _transact(self, work: Sequence[Statement]) -> Sequence[Sequence[Row]]:
        """Run statements in one transaction; return the rows of each."""

    async def _run(self, *work: Statement) -> Sequence[Sequence[Row]]:
        if self._metrics is None:
            return await self._transact(work)
        operation = "read" if only_reads(work) else "write"
        return await measured(self._metrics, "database", operation, self._transact(work))

    async def persona_of(self, shopper_id: str, shop_id: str) -> Persona:
        """Return a shopper's current persona; the newcomer where the shop knows nothing of them."""
        (rows,) = await self._run(Statement(SELECT_PERSONA, (shopper_id, shop_id)))
        return read_persona(rows[0]) if rows else NEWCOMER

    async def latest_shoppers(self, shop_id: str) -> Sequence[Shopper]:
        """Return who of the shoppers seen last was in a shop, with their current personas."""
        (rows,) = await self._run(Statement(SELECT_LATEST_SHOPPERS, (shop_id,)))
        return [Shopper(row["id"], shop_id, read_persona(row)) for row in rows]

    async def facts_of(self, shopper_id: str) -> Sequence[Fact]:
        """Return what is kept of what a shopper did, the oldest first."""
        (rows,) = await self._run(Statement(SELECT_FACTS, (shopper_id,)))
        return read_facts(rows)

    async def latest_facts(self, shop_id: str) -> Sequence[Row]:
        """Return rows of shoppers and what they did with products of late, the newest first."""
        (rows,) = await self._run(Statement(SELECT_LATEST_FACTS, (shop_id,)))
        return rows

    async def set_persona(
        self, visited: Visited, persona: Persona, persona_hash: str, last_fact_id: int
    ) -> None:
        """Make a persona the shopper's current one and forget those of long ago.

        A persona judged by facts up to `last_fact_id` gives way where newer ones have come since:
        whoever noted those has them all.
        """
        shopper = visited.shopper_id
        signals = json.dumps(persona.signals._asdict(), ensure_ascii=False)
        row = (persona_hash, shopper, persona.type, persona.confidence, signals, visited.at)
        await self._run(
            _upsert_shopper(visited),
            Statement(UPSERT_PERSONA, row),
            Statement(SET_CURRENT_PERSONA, (persona_hash, shopper, shopper, last_fact_id)),
            Statement(DELETE_OLD_PERSONAS, (shopper, shopper, shopper)),
            _unless_forgotten([shopper]),
        )

    async def add_facts(self, visited: Visited, facts: Iterable[Fact]) -> ShopperHistory:
        """Note what a shopper did; return all that is kept of what they did."""
        shopper, at = visited.shopper_id, visited.at
        *_, kept, current = await self._run(
            _upsert_shopper(visited),
            *(Statement(INSERT_FACT, (shopper, at, item.kind, item.as_json())) for item in facts),
            Statement(DELETE_OLD_FACTS, (shopper, shopper)),
            _unless_forgotten([shopper]),
            Statement(SELECT_FACTS, (shopper,)),
            Statement(SELECT_CURRENT_HASH, (shopper,)),
        )
        persona_hash = current[0]["current_persona_hash"] if current else None
        newest = kept[-1]["id"] if kept else 0
        return ShopperHistory(read_facts(kept), persona_hash, newest)

    async def add_views(
        self,
        visited: Visited,
        seen: PageViews,
        exposures: Iterable[tuple[str, str]],
    ) -> None:
        """Count what a shopper saw of a store page, and which arms (experiment, arm) it was of."""
        shopper, shop, at = visited
        rows = json.dumps(sorted(seen.rows), ensure_ascii=False)
        await self._run(
            _upsert_shopper(visited),
            *(
                Statement(INSERT_EXPOSURE, (experiment, shopper, shop, arm, seen.persona, at))
                for experiment, arm in exposures
            ),
            Statement(ADD_VIEWS, (shop, *seen[:-1], rows, shopper, at)),
            *(Statement(COUNT_CHECKOUT, (shopper,)) for row in seen.rows if row[0] == CHECKOUT),
            Statement(DELETE_OLD_VIEWS, (shop, seen.day - VIEW_DAYS)),
            _unless_forgotten([shopper]),
        )

    async def counts(self, shop_id: str, since_day: int) -> list[Sequence[Row]]:
        """Return what insights are made of, in the order of their Counts."""
        seen = (shop_id, since_day)
        return list(
            await self._run(
                Statement(insights.SELECT_OUTCOMES, (shop_id,)),
                Statement(insights.SELECT_SLOTS, seen),
                Statement(insights.SELECT_PRODUCTS, seen),
                Statement(insights.SELECT_COSTS, (shop_id,)),
                Statement(insights.SELECT_DECISIONS, seen),
                Statement(insights.SELECT_ORIGINS, (shop_id,)),
                Statement(insights.SELECT_BOUGHT, (shop_id,)),
                Statement(insights.SELECT_DAYS, (shop_id, shop_id, since_day)),
            )
        )

    async def places(
        self, shop_id: str, since_day: int, slots: Iterable[str], most: int
    ) -> Sequence[Row]:
        """Return what was shown and clicked at so many leading places of these slots."""
        params = (shop_id, since_day, most, json.dumps(list(slots)))
        (rows,) = await self._run(Statement(insights.SELECT_PLACES, params))
        return rows

    async def record(
        self, visits: Iterable[Visited], generations: Iterable[Generation]
    ) -> Sequence[str]:
        """Write who was here and what was composed, but for who was erased meanwhile.

        Return the keys of pages that were composed for those.
        """
        seen, composed = sorted(visits), sorted(generations)
        *_, pages = await self._run(
            *map(_upsert_shopper, seen),
            *(Statement(UPSERT_GENERATION, tuple(item)) for item in composed),
            _unless_forgotten([item.shopper_id for item in seen]),
            _unless_forgotten([item.shopper_id for item in composed], DELETE_FORGOTTEN_GENERATIONS),
        )
        return [row["kv_key"] for row in pages]

    async def retire(self, shoppers_before: str, records_before: str, forgotten_before: str) -> int:
        """Forget some of the shoppers not seen since, with all that is theirs, and some records.

        Facts go by the shoppers' time, whoever they are of. Return how many rows were found.
        """
        removed = await self._run(
            Statement(DELETE_UNSEEN_SHOPPERS, (shoppers_before,)),
            Statement(DELETE_LONG_PAST_FACTS, (shoppers_before,)),
            Statement(DELETE_OLD_GENERATIONS, (records_before,)),
            Statement(DELETE_OLD_FORGOTTEN, (forgotten_before,)),
        )
        return sum(map(len, removed))

    async def export(self, shopper_id: str) -> dict[str, Sequence[Row]]:
        """Return a shopper's rows by table."""
        found = await self._run(*(Statement(sql, (shopper_id,)) for sql in SELECT_ALL_OF.values()))
        return dict(zip(SELECT_ALL_OF, found, strict=True))

    async def erase(self, shopper_id: str, at: str) -> Sequence[str]:
        """Delete a shopper's rows in every table, and what is written of them from now on.

        Return the keys of pages that were composed for them.
        """
        *_, pages = await self._run(
            Statement(INSERT_FORGOTTEN, (shopper_id, at)),
            Statement(DELETE_SHOPPER, (shopper_id,)),
            Statement(DELETE_GENERATIONS_OF, (shopper_id,)),
        )
        return [row["kv_key"] for row in pages]

    async def latest_erased(self) -> set[tuple[str, str]]:
        """Return who was erased last, and when."""
        (rows,) = await self._run(Statement(SELECT_LATEST_FORGOTTEN, ()))
        return {(row["shopper_id"], row["at"]) for row in rows}

    async def check(self) -> None:
        """Write something and take it back, to see that it can be done."""
        await self._run(
            _upsert_shopper(_CHECKED), Statement(DELETE_SHOPPER, (_CHECKED.shopper_id,))
        )


def only_reads(work: Iterable[Statement]) -> bool:
    """Say whether nothing of this changes anything."""
    return all(statement.sql.lstrip().startswith(("SELECT", "WITH")) for statement in work)


def erases(work: Iterable[Statement]) -> bool:
    """Say whether this erases a shopper, which nobody may write beside.

    Where one transaction is written after the other, as in SQLite and D1, nobody does.
    """
    return any(statement.sql == INSERT_FORGOTTEN for statement in work)


def _unless_forgotten(shoppers: Sequence[str], sql: str = DELETE_FORGOTTEN) -> Statement:
    return Statement(sql, (json.dumps(shoppers),))


def _upsert_shopper(visited: Visited) -> Statement:
    at = visited.at
    return Statement(UPSERT_SHOPPER, (visited.shopper_id, visited.shop_id, at, at))
