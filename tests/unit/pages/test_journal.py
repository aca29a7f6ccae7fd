"""The journal: any number of readers, each from where it was, none able to hold up another."""

from __future__ import annotations

import asyncio

import pytest

from app.domain.events import Event
from app.pages.journal import JournalFull, JournalLimits, PageJournal, PageTaken
from tests.support.clock import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(clock: Clock) -> PageJournal:
    made = PageJournal(clock, JournalLimits(events=5, pages=3, keep_ended=60))
    made.open("page", "me")
    return made


async def read_all(journal: PageJournal, after: int = 0) -> list[str]:
    return [event.data async for batch in journal.read("page", after) for event in batch]


def write(journal: PageJournal, *words: str) -> None:
    for word in words:
        journal.append("page", [("component", word)])


async def test_every_reader_sees_every_event_whenever_it_joins(journal: PageJournal) -> None:
    write(journal, "a")
    early = asyncio.create_task(read_all(journal))
    await asyncio.sleep(0)
    write(journal, "b")
    await asyncio.sleep(0)
    journal.append("page", [("ready", "end")])
    assert await early == ["a", "b", "end"]
    assert await read_all(journal) == ["a", "b", "end"]


async def test_a_reader_who_returns_sees_only_what_it_missed(journal: PageJournal) -> None:
    write(journal, "a", "b", "c")
    journal.append("page", [("ready", "end")])
    whole = ["a", "b", "c", "end"]
    for at, event in enumerate(journal.events("page")):
        assert await read_all(journal, event.id) == whole[at + 1 :]


async def test_what_is_an_owners_alone_comes_first_and_is_none_of_the_events_that_are_shared(
    journal: PageJournal,
) -> None:
    early = asyncio.create_task(read_all(journal))
    await asyncio.sleep(0)
    journal.begin_with("page", [("component", "own"), ("component", "mine")])
    write(journal, "a")
    journal.append("page", [("ready", "end")])
    assert await early == await read_all(journal) == ["own", "mine", "a", "end"]
    assert await read_all(journal, after=1) == ["mine", "a", "end"]
    first, last = journal.events("page")
    assert await read_all(journal, first.id) == [last.data]


async def test_it_knows_the_events_of_a_page_by_their_ids(journal: PageJournal) -> None:
    write(journal, "a", "b", "c")
    ids = [event.id for event in journal.events("page")]
    assert all(journal.contains("page", id_) for id_ in ids)
    assert not any(journal.contains("page", id_) for id_ in (0, ids[0] - 1, ids[-1] + 1))
    assert not journal.contains("another", ids[0])


async def test_ids_only_grow_even_when_the_clock_goes_back(
    journal: PageJournal, clock: Clock
) -> None:
    write(journal, "a")
    clock.now = 0.0
    write(journal, "b", "c")
    ids = [event.id for event in journal.events("page")]
    assert ids == sorted(set(ids))


async def test_a_page_composed_anew_has_greater_ids(clock: Clock) -> None:
    old, new = PageJournal(clock), PageJournal(clock)
    old.open("page", "me")
    write(old, *"abcdef")
    clock.now += 1
    new.open("page", "me")
    write(new, "x")
    assert new.events("page")[0].id > old.events("page")[-1].id


async def test_a_page_has_a_bounded_number_of_events_and_still_an_end(
    journal: PageJournal,
) -> None:
    write(journal, *"abcde")
    with pytest.raises(JournalFull):
        write(journal, "f")
    journal.append("page", [("error", "end")])
    assert await read_all(journal) == [*"abcde", "end"]


async def test_an_abandoned_page_lets_its_readers_go_without_a_last_word(
    journal: PageJournal,
) -> None:
    write(journal, "a")
    reader = asyncio.create_task(read_all(journal))
    await asyncio.sleep(0)
    journal.discard("page")
    assert await reader == ["a"]
    assert journal.owner("page") is None


async def test_ended_pages_are_dropped_after_their_time(journal: PageJournal, clock: Clock) -> None:
    journal.append("page", [("ready", "end")])
    clock.now += 59
    journal.sweep()
    assert journal.owner("page") == "me"
    clock.now += 2
    journal.sweep()
    assert journal.owner("page") is None


async def test_there_are_never_more_pages_than_the_bound(journal: PageJournal) -> None:
    for name in "abcdef":
        journal.open(name, "me")
        journal.append(name, [("ready", "end")])
    kept = [name for name in "abcdef" if journal.owner(name)]
    assert kept == ["e", "f"]
    assert journal.owner("page") == "me", "a page that has not ended stays"


async def test_one_write_of_several_entries_wakes_readers_once(journal: PageJournal) -> None:
    batches: list[tuple[Event, ...]] = []

    async def gather() -> None:
        async for batch in journal.read("page", 0):
            batches.append(batch)  # noqa: PERF401 - the batches as they come are the point

    reader = asyncio.create_task(gather())
    await asyncio.sleep(0)
    journal.append("page", [("component", "a"), ("progress", "b")])
    await asyncio.sleep(0)
    journal.append("page", [("ready", "end")])
    await reader
    assert [len(batch) for batch in batches] == [2, 1]


async def test_readers_of_a_published_page_see_what_has_been_shared(journal: PageJournal) -> None:
    wanted: list[str] = []
    journal.begin("page", floor=10**18, publish=lambda: wanted.append("publish"))
    reading = asyncio.create_task(read_all(journal))
    write(journal, "a", "b")
    assert wanted == ["publish", "publish"]
    assert [event.id > 10**18 for event in journal.events("page")] == [True, True]
    journal.show("page", 1)
    await asyncio.sleep(0)
    journal.give_up("page")
    with pytest.raises(PageTaken):
        write(journal, "c")
    assert not await journal.settled("page")
    first = journal.events("page")[0].id
    theirs = [Event(first, "component", "a"), Event(first + 1, "ready", "end")]
    journal.mirror("page", theirs)
    await asyncio.sleep(0)
    assert not reading.done(), "the last word is for its own process to say"
    journal.show("page", 2)
    assert await reading == ["a", "end"]


async def test_who_joins_before_another_process_has_answered_sees_what_it_missed(
    journal: PageJournal,
) -> None:
    journal.open("page", "me", joining=True)
    returned = asyncio.create_task(read_all(journal, after=7))
    await asyncio.sleep(0)
    journal.mirror("page", [Event(5, "component", "a"), Event(7, "component", "b")])
    journal.mirror("page", [Event(7, "component", "b"), Event(9, "ready", "end")])
    journal.show("page", 3)
    assert await returned == ["end"]
