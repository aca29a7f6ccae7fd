"""Feeds that are kept on the disk: the same when they are opened, or not opened at all."""

from __future__ import annotations

import json
import pickle
from fcntl import LOCK_EX, flock
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import pytest

from app.catalog.compiled import CompiledFeeds, prepare
from app.catalog.feed import Feed
from app.catalog.listing import ListingQuery, filter_products
from app.catalog.load import load_catalogs
from app.catalog.ranking import rank
from app.domain.catalog import Goods
from app.domain.persona import PERSONA_TYPES, Persona
from app.settings import ROOT
from tests.support.catalogs import Write

MUG = "Handle,Title,Variant Price\nmug,Mug,9\njug,Jug,12\n"


def kept_in(folder: Path, terms: str = "USD") -> CompiledFeeds:
    return CompiledFeeds(folder / "kept", terms)


def test_a_feed_that_is_kept_sells_lists_and_finds_the_same(write: Write, tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    ours, theirs = load_catalogs(ROOT / "demo" / "catalog.json"), load_catalogs(write("a.csv", MUG))
    for file, source in (*ours.sources.items(), *theirs.sources.items()):
        assert source.feed is not None
        kept.write(file, source.stamp, source.feed)
        found = kept.read(file)
        assert found is not None
        assert found == (source.stamp, source.feed)
        for shop, there in zip(
            (source.feed.shop, *source.feed.translations),
            (found[1].shop, *found[1].translations),
            strict=True,
        ):
            assert isinstance(there.products, Goods)
            made = len(there.products.all_derived())
            prepare(there)
            assert len(there.products.all_derived()) == made, "it was made before"
            for kind in PERSONA_TYPES:
                assert rank(there, Persona(kind)) == rank(shop, Persona(kind))
            word = next(iter(shop.products.values())).title
            query = ListingQuery(query=word)
            assert filter_products(there, query) == filter_products(shop, query)


def test_what_has_not_changed_is_not_held_twice(write: Write, tmp_path: Path) -> None:
    kept, path = kept_in(tmp_path), write("a.csv", MUG)
    before = load_catalogs(path).sources[path].feed
    now = load_catalogs(write("a.csv", MUG.replace("12", "13"))).sources[path]
    assert now.feed is not None
    kept.write(path, now.stamp, now.feed)
    found = kept.read(path, before)
    assert found is not None
    assert before is not None
    assert found[1].shop.products["mug"] is before.shop.products["mug"]
    assert found[1].shop.everything()[0] is before.shop.products["mug"]
    assert found[1].shop.products["jug"].price.amount == 13


def test_long_descriptions_stay_on_the_disk_and_are_as_they_were(
    write: Write, tmp_path: Path
) -> None:
    told = "Fired twice, by hand (☕), in Lüneburg. " * 20

    kept = CompiledFeeds(tmp_path / "kept", "USD", much=0)

    def opened(price: int, before: Feed | None = None) -> tuple[Feed, Feed]:
        products = [
            {"id": name, "title": name, "price": cost, "description": f"{name}: {told}"}
            for name, cost in {"mug": 9, "jug": price}.items()
        ]
        path = write("shop.json", json.dumps({"products": products}))
        source = load_catalogs(path).sources[path]
        assert source.feed is not None
        kept.write(path, source.stamp, source.feed)
        found = kept.read(path, before)
        assert found is not None
        return source.feed, found[1]

    read, before = opened(12)
    assert before == read
    mug = before.shop.products["mug"]
    assert not isinstance(mug.kept_description, str)
    assert mug.description == f"mug: {told}".strip()
    assert (mug.is_told, repr(mug)) == (True, repr(read.shop.products["mug"]))
    read, now = opened(13, before)
    assert now == read
    assert now.shop.products["mug"] is mug
    assert mug.description == f"mug: {told}".strip(), "its file is open while it is sold"
    assert filter_products(now.shop, ListingQuery(query="Lüneburg")).total == 2


def test_what_is_damaged_or_was_read_otherwise_is_not_opened(write: Write, tmp_path: Path) -> None:
    kept, path = kept_in(tmp_path), write("a.csv", MUG)
    source = load_catalogs(path).sources[path]
    assert source.feed is not None
    assert kept.read(path) is None
    kept.write(path, source.stamp, source.feed)
    assert kept.has(path, source.stamp)
    assert not kept.has(path, (*source.stamp, 1))
    assert kept_in(tmp_path, "EUR").read(path) is None
    (place,) = (tmp_path / "kept").iterdir()
    whole = place.read_bytes()
    for cut in range(0, len(whole), 37):
        place.write_bytes(whole[:cut])
        assert kept.read(path) is None, cut
        place.write_bytes(whole[:cut] + bytes([whole[cut] ^ 1]) + whole[cut + 1 :])
        assert kept.read(path) is None, cut
    place.write_bytes(whole)
    assert kept.read(path) is not None


def test_what_somebody_else_has_written_runs_nothing(write: Write, tmp_path: Path) -> None:
    kept, path = kept_in(tmp_path), write("a.csv", MUG)
    source = load_catalogs(path).sources[path]
    assert source.feed is not None
    kept.write(path, source.stamp, source.feed)
    (place,) = (tmp_path / "kept").iterdir()
    for evil in (eval, pickle.loads, Path.home):
        content = pickle.dumps(evil)
        place.write_bytes(blake2b(content).digest() + content)
        assert kept.read(path) is None


def test_what_a_kill_left_unfinished_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    kept.folder.mkdir()
    (kept.folder / "a.1.new").touch()
    with (kept.folder / "b.2.new").open("wb") as written:
        flock(written, LOCK_EX)
        kept.sweep([])
    assert [path.name for path in kept.folder.iterdir()] == ["b.2.new"]


def test_what_is_swept_before_it_is_locked_is_begun_anew(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("a.csv", MUG)
    (source,) = load_catalogs(path).sources.values()
    assert source.feed is not None
    kept = kept_in(tmp_path)
    swept: list[BinaryIO] = []

    def lock_late(file: BinaryIO, how: int) -> None:
        if not swept:
            swept.append(file)
            kept.sweep([path])
        flock(file, how)

    monkeypatch.setattr("app.catalog.compiled.flock", lock_late)
    kept.write(path, (1,), source.feed)
    assert swept
    assert kept.has(path, (1,))
    assert [it.stat().st_mode & 0o777 for it in kept.folder.iterdir()] == [0o600]
