"""Turns: who is waited for goes first, but not for ever, and the others come one by one."""

from __future__ import annotations

import asyncio

import pytest

from app.util.turns import Turns

pytestmark = pytest.mark.anyio


async def loop_once() -> None:
    await asyncio.sleep(0)


async def test_work_begins_after_all_who_are_waited_for() -> None:
    turns = Turns(longest=30)
    with turns.ahead():
        with turns.ahead():
            work = asyncio.create_task(turns.turn())
            await loop_once()
        for _ in range(5):
            await loop_once()
        assert not work.done(), "one is still ahead"
    await work


async def test_work_does_not_wait_for_ever() -> None:
    turns = Turns(longest=0.01)
    with turns.ahead():
        await turns.turn()


async def test_between_two_pieces_of_work_the_loop_looks_for_others() -> None:
    turns, done = Turns(), []

    async def work(name: str) -> None:
        await turns.turn()
        done.append(name)

    pieces = [asyncio.create_task(work(name)) for name in "abc"]
    longest, before = 0, 0
    while not all(piece.done() for piece in pieces):
        await loop_once()
        longest, before = max(longest, len(done) - before), len(done)
    assert done == ["a", "b", "c"]
    assert longest == 1, "two in one go would hold up who has come meanwhile"
