"""`wandstore import FEED`: what it keeps, and what it says that it did not take."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import pytest

from app.catalog.importer import Progress
from app.catalog.problems import CatalogError
from app.content.import_feed import import_feed
from app.settings import Settings
from app.util.errors import OperatorError

CSV = "Handle,Title,Variant Price\nmug,Mug,9\nbad,Bad,dear\n"


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: what is said is what is tested."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where the files of the test's folder are had over HTTP."""
    handler = partial(Silent, directory=os.fspath(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.process
def test_any_feed_is_kept_with_a_report_and_nothing_is_written_by_a_check(
    tmp_path: Path, address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "corner.csv").write_text(CSV)
    (tmp_path / "empty.xml").write_text("<rss><channel/></rss>")
    for at, feed in enumerate((f"{tmp_path}/feeds", f"{address}/feeds/corner.csv")):
        settings = Settings(data=tmp_path / f"data-{at}")
        assert import_feed(settings, feed, only_checks=True) == 1
        assert not settings.data.exists()
        assert import_feed(settings, feed, only_checks=False) == 1
        assert len(list((settings.data / "catalogs").iterdir())) == 1
        said = capfd.readouterr()
        assert said.out.count("1 products can be sold\n") == 2
        assert "1 x variant is not sold: price 'dear' is not a number: line 3 (bad)" in said.out
        assert said.err.startswith("reading ")
    (tmp_path / "feeds" / "corner.csv").write_text(CSV.replace("dear", "8"))
    assert import_feed(settings, f"{tmp_path}/feeds/corner.csv", only_checks=False) == 0
    for nothing in ("empty.xml", "nowhere"):
        with pytest.raises(CatalogError):
            import_feed(settings, f"{tmp_path}/{nothing}", only_checks=False)
    with pytest.raises(CatalogError, match="HTTP 404"):
        import_feed(settings, f"{address}/nowhere", only_checks=False)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("feed", ["http://user:s3cret@corner.example/feed.csv", "ftp://s3cret/a"])
def test_an_address_that_is_not_fetched_is_told_and_not_repeated(tmp_path: Path, feed: str) -> None:
    with pytest.raises(OperatorError, match="begins with https://") as raised:
        import_feed(Settings(data=tmp_path / "data"), feed, only_checks=True)
    assert "s3cret" not in str(raised.value)


def test_a_terminal_is_shown_a_bar_that_fills_and_a_log_a_line_for_each_file() -> None:
    terminal, log = Terminal(), StringIO()
    for target in (terminal, log):
        progress = Progress(target)
        for step in range(1_001):
            progress(Path("feeds/corner.csv"), step / 1_000)
    bars = terminal.getvalue().split("\r")[1:]
    assert len(bars) == 101
    assert bars[50] == f"corner.csv [{'#' * 20}{' ' * 20}]  50 %"
    assert bars[-1].endswith("] 100 %\n")
    assert log.getvalue() == "reading corner.csv\n"
