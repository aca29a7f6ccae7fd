"""`wandstore check FEED`: what of a feed can be sold, and by kind what cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.support.server import ROOT


def check(feed: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", "check", feed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_says_how_many_can_be_sold_and_by_kind_why_others_cannot(tmp_path: Path) -> None:
    bad = [f"bad-{at},Bad,dear-{at}" for at in range(7)]
    feed = tmp_path / "corner.csv"
    lines = ["Handle,Title,Variant Price", "mug,Mug,9", *bad, ",Nameless,9", "jug,Jug,12"]
    feed.write_text("\n".join(lines))
    ended = check(feed)
    assert ended.returncode == 1
    first, *kinds = ended.stdout.splitlines()
    assert first == "Corner: 2 products can be sold"
    assert "7 x variant is not sold: price '...' is not a number: line 3 (bad-0), 4" in kinds[0]
    assert kinds[0].endswith("7 (bad-4), ...")
    assert "1 x has no handle: line 10" in kinds
    feed.write_text("Handle,Title,Variant Price\nmug,Mug,9\n")
    assert check(feed).returncode == 0


def test_a_feed_of_nothing_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "corner.xml").write_text("<rss><channel/></rss>")
    ended = check(tmp_path / "corner.xml")
    assert ended.returncode == 2
    assert ended.stdout == ""
    reading, line = ended.stderr.splitlines()
    assert reading == "reading corner.xml"
    assert line.startswith("nothing can be sold: ")
    assert "holds no product that can be sold" in line
