"""All catalogs of this installation: one file, or a folder in which each file is a shop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from app.catalog.feed import Feed, Terms
from app.catalog.json_feed import read_json
from app.catalog.names import shop_id_of
from app.catalog.numbers import CURRENCY
from app.catalog.problems import WHOLE_FILE, CatalogError, shown
from app.catalog.shopify_feed import read_shopify
from app.domain.catalog import FeedIssue, Shop

_READERS: Mapping[str, Callable[[Path, Terms], Feed]] = {
    ".json": read_json,
    ".csv": read_shopify,
}


class Catalogs(NamedTuple):
    """The shops by id. `pictures` has the folder of each shop's own pictures, where it has one.

    `problems` has an entry for each file, under its shop's id, or, for a file that was skipped,
    under the id its name would have given it.
    """

    shops: Mapping[str, Shop]
    default: Shop
    problems: Mapping[str, tuple[FeedIssue, ...]]
    pictures: Mapping[str, Path | None]


def load_catalogs(
    path: Path, *, currency: str = "USD", pictures_base: str = "/pictures"
) -> Catalogs:
    """Read a JSON catalog, a Shopify export, or a folder of those.

    In a folder the first file by name is the default shop, and a file that cannot be used is
    reported and skipped. `currency` (ISO 4217) is that of feeds that do not name one; local
    pictures get addresses under `pictures_base`/SHOP.

    Raises:
        CatalogError: there is no shop to open; the message names file, line and reason.
    """
    if not CURRENCY.fullmatch(currency):
        raise _error(path, f"currency {shown(currency)!r} is not three capital letters")
    terms = Terms(currency, pictures_base)
    if not _is_folder(path):
        return _opened(path, [_read(path, terms)], {})
    feeds, skipped = _read_folder(path, terms)
    return _opened(path, feeds, skipped)


def _read(path: Path, terms: Terms) -> Feed:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise _error(path, "is neither a folder nor a .json or .csv file")
    return reader(path, terms)


def _read_folder(folder: Path, terms: Terms) -> tuple[list[Feed], dict[str, list[FeedIssue]]]:
    """Return what could be read, and for the files that could not, why."""
    feeds: dict[str, Feed] = {}
    skipped: dict[str, list[FeedIssue]] = {}
    for path in _files(folder):
        try:
            feed = _read(path, terms)
        except CatalogError as error:
            skipped.setdefault(shop_id_of(path), []).extend(_of_file(path, error.problems))
            continue
        if feed.shop.id in feeds:
            twice = FeedIssue(WHOLE_FILE, f"another file has the shop id {feed.shop.id!r}")
            skipped.setdefault(feed.shop.id, []).extend(_of_file(path, [twice]))
        feeds.setdefault(feed.shop.id, feed)
    return list(feeds.values()), skipped


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:
        raise _error(path, error.strerror or "cannot be read") from error


def _files(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in _READERS]
    except OSError as error:
        raise _error(folder, error.strerror or "cannot be read") from error
    return sorted(path for path in found if not path.name.startswith("."))


def _of_file(path: Path, problems: Iterable[FeedIssue]) -> list[FeedIssue]:
    """Return the problems of a skipped file, each naming it."""
    return [
        FeedIssue(problem.line, f"{path.name} is skipped: {problem.reason}", problem.product)
        for problem in problems
    ]


def _opened(path: Path, feeds: list[Feed], skipped: Mapping[str, list[FeedIssue]]) -> Catalogs:
    if not feeds:
        reasons = tuple(problem for problems in skipped.values() for problem in problems)
        none = FeedIssue(WHOLE_FILE, "the folder holds no catalog that can be sold from")
        raise CatalogError(path, (none, *reasons))
    problems = {feed.shop.id: feed.problems for feed in feeds}
    for shop_id, reasons_to_skip in skipped.items():
        problems[shop_id] = (*problems.get(shop_id, ()), *reasons_to_skip)
    return Catalogs(
        shops=MappingProxyType({feed.shop.id: feed.shop for feed in feeds}),
        default=feeds[0].shop,
        problems=MappingProxyType(problems),
        pictures=MappingProxyType({feed.shop.id: feed.pictures for feed in feeds}),
    )


def _error(path: Path, reason: str) -> CatalogError:
    return CatalogError(path, (FeedIssue(WHOLE_FILE, reason),))
