"""A feed that is read by a process of its own: within bounds, once, and never half."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from app.catalog.importer import Importer
from app.catalog.load import Source, load_catalogs, stamps
from app.catalog.problems import CatalogError
from tools.support.server import ROOT

MIB = 1024 * 1024
importing = partial(Importer, currency="USD", large=0)


def feed(path: Path, products: int = 200, price: str = "9.00") -> Path:
    goods = [
        {"id": f"p{at}", "title": f"Thing {at}", "price": price, "description": "word " * 80}
        for at in range(products)
    ]
    path.write_text(json.dumps({"products": goods}))
    return path


def test_a_feed_is_read_once_and_opened_from_then_on(tmp_path: Path) -> None:
    path, folder = feed(tmp_path / "a.json"), tmp_path / "kept"
    first = importing(folder).sources(path, None, {})
    assert first[path].feed == load_catalogs(path).sources[path].feed
    cannot_read = importing(folder, longest=0)
    assert cannot_read.sources(path, None, {})[path] == first[path]
    feed(path, price="8.00")
    late = cannot_read.sources(path, None, {}, late=True)[path]
    assert late.outdated
    assert late.feed == first[path].feed
    with pytest.raises(CatalogError, match="took longer than 0 s"):
        cannot_read.sources(path, None, {path: late})
    again = importing(folder).sources(path, None, {path: late})[path]
    assert not again.outdated
    assert again == Source(stamps(path)[path], load_catalogs(path).sources[path].feed)


def test_a_feed_that_changes_before_it_is_read_is_not_read_beside_the_shop(tmp_path: Path) -> None:
    path, folder = feed(tmp_path / "a.json"), tmp_path / "kept"
    first = importing(folder).sources(path, None, {})
    feed(path, price="8.00")

    def export() -> None:
        feed(path, price="7.00")

    now = importing(folder, memory=export).sources(path, None, first)[path]
    assert now.outdated, "it is looked at again"
    assert now.feed is not None
    assert now.feed.shop.products["p0"].price.amount == 7


def test_one_file_that_cannot_be_read_leaves_the_others_to_be_read_apart(tmp_path: Path) -> None:
    folder = tmp_path / "shops"
    folder.mkdir()
    path = feed(folder / "a.json")
    (folder / "b.json").symlink_to("nowhere")
    read = importing(tmp_path / "kept").sources(folder, None, {})
    assert read[path].feed is not None
    assert "there is no such file" in str(read[folder / "b.json"].error)


def test_a_feed_that_has_become_small_is_read_beside_the_shop(tmp_path: Path) -> None:
    path, importer = feed(tmp_path / "a.json"), Importer(tmp_path / "kept", "USD", large=10_000)
    importer.sources(path, None, {})
    late = importer.sources(feed(path, 2), None, {}, late=True)
    assert len(load_catalogs(path, known=late).default.products) == 200
    known = importer.sources(path, None, late)
    assert len(load_catalogs(path, known=known).default.products) == 2


def test_what_cannot_be_sold_or_held_is_refused_in_a_line_and_what_was_there_stays(
    tmp_path: Path,
) -> None:
    path, folder = feed(tmp_path / "a.json"), tmp_path / "kept"
    first = importing(folder).sources(path, None, {})
    (place,) = folder.iterdir()
    kept = place.read_bytes()
    feed(path, price="dear")
    bad = importing(folder).sources(path, None, first)[path]
    assert bad.feed is first[path].feed
    assert "price 'dear' is not a number" in str(bad.error)
    (tmp_path / "a.merchandising.toml").write_text("[[rule]]\npin = 'p7'\nslot = 'hero'")
    ruled = importing(folder).sources(feed(path), None, first)
    (tmp_path / "a.merchandising.toml").write_text("[[rule")
    slipped = importing(folder).sources(path, None, ruled)[path].feed
    assert slipped is not None
    assert len(slipped.shop.rules) == 1, "a slip of the pen leaves the rules that held"
    kept = place.read_bytes()
    feed(path, 8_000, price="8.00")
    with pytest.raises(CatalogError, match="needs more memory than the 9 MiB that are left"):
        importing(folder, memory=lambda: 25 * MIB).sources(path, None, first)
    assert place.read_bytes() == kept
    narrow = importing(folder, memory=lambda: 3 * MIB)
    with pytest.raises(CatalogError, match="needs more memory than there is: 3 MiB are left"):
        narrow.sources(path, None, {}, late=True)
    refused = narrow.sources(path, None, {path: first[path]._replace(outdated=True)}, late=True)
    assert refused[path].feed is first[path].feed
    assert refused[path].error is not None


def test_a_reading_that_is_killed_is_told_and_leaves_no_half_feed(tmp_path: Path) -> None:
    path, folder = feed(tmp_path / "a.json"), tmp_path / "kept"
    over = importing(folder)
    over.stop()
    with pytest.raises(CatalogError, match="was ended by SIGKILL"):
        over.sources(path, None, {})
    assert not list(folder.glob("*.feed"))
    assert importing(folder).sources(path, None, {})[path].feed is not None


def test_where_nothing_can_be_kept_the_shop_reads_by_itself_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "kept").touch()
    assert importing(tmp_path / "kept").sources(feed(tmp_path / "a.json"), None, {}) == {}
    assert "a.json cannot be kept, and is read by the shop itself:" in caplog.text
    assert "File exists" in caplog.text


def test_the_command_takes_a_shops_folder_and_ends_with_what_became_of_its_feed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "oak-and-sons"
    folder.mkdir()
    (folder / "catalog.csv").write_text("Handle,Title,Variant Price\nmug,Mug,9\nbad,Bad,dear\n")
    ended = subprocess.run(
        [sys.executable, "-m", "app", "import", folder],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.startswith("Oak and Sons: 1 products can be sold\n1 x ")
    assert ended.stderr == "reading catalog.csv\n"
    assert len(list((folder / "data" / "catalogs").glob("*.feed"))) == 1
