"""A catalog read again: only what has changed, and never less than what was good before."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.catalog.compiled import CompiledFeeds
from app.catalog.load import load_catalogs
from app.catalog.problems import CatalogError
from tests.support.catalogs import Write

MUG = "Handle,Title,Variant Price\nmug,Mug,9\n"
JUG = "Handle,Title,Variant Price\njug,Jug,12\n"


def test_only_a_file_that_has_changed_is_read_again(write: Write, tmp_path: Path) -> None:
    write("a.csv", MUG)
    write("b.csv", MUG)
    before = load_catalogs(tmp_path)
    write("b.csv", JUG)
    after = load_catalogs(tmp_path, known=before.sources)
    assert after.shops["a"] is before.shops["a"]
    assert list(after.shops["b"].products) == ["jug"]


def test_a_picture_that_comes_is_seen(write: Write, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    path = write(
        "a.json",
        '{"products": [{"id": "mug", "title": "Mug", "price": 9, "image": "pictures/mug.svg"}]}',
    )
    before = load_catalogs(path)
    assert before.default.products["mug"].picture is None
    write("pictures/mug.svg", "<svg/>")
    picture = load_catalogs(path, known=before.sources).default.products["mug"].picture
    assert picture is not None
    assert picture.url == "/pictures/a/mug.svg"


@pytest.mark.parametrize("text", ["", "Handle\n", "Handle,Title,Variant Price\nmug,Mug,nothing\n"])
def test_a_file_gone_bad_keeps_its_shop_and_says_why(
    write: Write, tmp_path: Path, text: str
) -> None:
    before = load_catalogs(write("a.csv", MUG))
    write("a.csv", text)
    after = load_catalogs(tmp_path / "a.csv", known=before.sources)
    assert after.default is before.default
    (error,) = after.errors
    assert error.path.name == "a.csv"
    assert "a.csv is sold from as it was before: " in after.problems["a"][-1].reason
    write("a.csv", JUG)
    mended = load_catalogs(tmp_path / "a.csv", known=after.sources)
    assert list(mended.default.products) == ["jug"]
    assert mended.errors == ()
    assert mended.problems["a"] == ()


def test_a_file_that_is_taken_away_takes_its_shop_with_it_but_not_the_last(
    write: Write, tmp_path: Path
) -> None:
    write("a.csv", MUG)
    write("b.csv", JUG)
    before = load_catalogs(tmp_path)
    (tmp_path / "b.csv").unlink()
    after = load_catalogs(tmp_path, known=before.sources)
    assert list(after.shops) == ["a"]
    (tmp_path / "a.csv").unlink()
    with pytest.raises(CatalogError, match="holds no catalog"):
        load_catalogs(tmp_path, known=after.sources)


def test_what_has_not_changed_is_not_held_twice(write: Write, tmp_path: Path) -> None:
    write("a.csv", f"{MUG}jug,Jug,12\n")
    before = load_catalogs(tmp_path)
    write("a.csv", f"{MUG}jug,Jug,13.50\n")
    sold, now = (
        before.default.products,
        load_catalogs(tmp_path, known=before.sources).default.products,
    )
    assert now["mug"] is sold["mug"]
    assert now["jug"].price > sold["jug"].price


def test_a_feed_is_read_again_once_a_sale_of_it_begins_or_ends(
    write: Write, tmp_path: Path
) -> None:
    hour, now = 3600, int(time.time())
    head = "id\ttitle\tprice\tsale_price\tsale_price_effective_date\n"

    def sale(begins: int, ends: int) -> str:
        dates = "/".join(datetime.fromtimestamp(now + at, UTC).isoformat() for at in (begins, ends))
        return f"mug-{begins}\tMug\t9 EUR\t5 EUR\t{dates}\n"

    past, on, ahead = sale(-2 * hour, -hour), sale(-hour, 2 * hour), sale(hour, 3 * hour)
    for rows, until in ((past, math.inf), (on, 2 * hour), (ahead, hour), (on + ahead, hour)):
        path = write("a.tsv", head + rows)
        catalogs = load_catalogs(path)
        source = catalogs.sources[path]
        feed_now = source.feed
        assert feed_now is not None
        assert feed_now.until - now == until
        assert load_catalogs(path, known=catalogs.sources).default is catalogs.default
    assert feed_now is not None
    over = feed_now._replace(until=now - 1)
    again = load_catalogs(path, known={path: source._replace(feed=over)})
    assert again.default is not catalogs.default
    kept = CompiledFeeds(tmp_path / "kept", "EUR")
    for feed, is_kept in ((feed_now, True), (over, False)):
        kept.write(path, source.stamp, feed)
        assert kept.has(path, source.stamp) is is_kept


def test_of_a_file_that_changes_while_it_is_read_nothing_is_sold_until_it_is_read_again(
    write: Write,
) -> None:
    path = write("a.csv", MUG)
    before = load_catalogs(path)
    write("a.csv", JUG)

    def export(text: str) -> str:
        write("a.csv", MUG.replace("9", "10"))
        return text

    torn = load_catalogs(path, known=before.sources, keep_text=export)
    assert torn.default is before.default
    assert "has changed while it was read" in str(torn.errors[0])
    after = load_catalogs(path, known=torn.sources)
    assert after.default.products["mug"].price.amount == 10
    assert not after.errors
    first = load_catalogs(path, keep_text=export)
    assert not first.sources[path].is_as(before.sources[path].stamp), "it is read again as well"
