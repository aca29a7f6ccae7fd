"""Bodies that are made once: by what tells them apart, and no more of them than fit."""

from __future__ import annotations

import gzip

from app.util.http_body import BodyCache, etag_of


def page(name: str) -> bytes:
    return name.encode() * 2_000


def test_a_body_is_compressed_and_tagged_once() -> None:
    cache = BodyCache(100_000)
    assert cache.get("a") is None
    made = cache.put("a", page("a"))
    assert cache.get("a") is made
    assert made.zipped is not None
    assert gzip.decompress(made.zipped) == made.plain == page("a")
    assert made.etag == etag_of(made.plain)


def test_beyond_the_bound_the_longest_unseen_goes() -> None:
    cache = BodyCache(5_000)
    for name in "ab":
        cache.put(name, page(name))
    cache.get("a")
    cache.put("c", page("c"))
    assert [cache.get(name) is not None for name in "abc"] == [True, False, True]


def test_a_key_that_is_put_again_takes_its_room_once() -> None:
    cache = BodyCache(5_000)
    cache.put("b", page("b"))
    for _ in range(10):
        cache.put("a", page("a"))
    assert [cache.get(name) is not None for name in "ab"] == [True, True]


def test_a_body_that_fits_nowhere_is_sent_all_the_same() -> None:
    cache = BodyCache(1_000)
    assert cache.put("a", page("a")).plain == page("a")
    assert cache.get("a") is None
