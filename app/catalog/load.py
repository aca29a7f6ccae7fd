"""All catalogs of this installation: one file, or a folder in which each file is a shop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from app.catalog.feed import Feed, Terms
from app.catalog.json_feed import read_json
from app.catalog.numbers import CURRENCY
from app.catalog.problems import WHOLE_FILE, CatalogError, shown
from app.catalog.shopify_feed import read_shopify
from app.catalog.text import plain, slug
from app.domain.catalog import FeedIssue, Shop

_READERS: Mapping[str, Callable[[Path, Terms], Feed]] = {
    ".json": read_json,
    ".csv": read_shopify,
}
_SMALL = {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
_NAMELESS = "shop"


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

    def read(file: Path) -> Feed:
        reader = _READERS.get(file.suffix.lower())
        if reader is None:
            raise _error(file, "is neither a folder nor a .json or .csv file")
        shop_id, name = shop_id_of(file.stem), shop_name_of(file.stem)
        return reader(file, Terms(currency, pictures_base, shop_id, name))

    if not _is_folder(path):
        return _opened(path, [read(path)], {})
    feeds, skipped = _read_folder(path, read)
    return _opened(path, feeds, skipped)


def shop_id_of(stem: str) -> str:
    """Return a shop's id where its feed has none, from its file: "Home & Co" -> "home-co"."""
    return slug(stem) or _NAMELESS


def shop_name_of(stem: str) -> str:
    """Return a shop's name likewise: "shopify-home-and-garden" -> "Home and Garden"."""
    words = plain(stem).replace("_", "-").replace("-", " ").split()
    if len(words) > 1 and words[0].lower() == "shopify":
        words = words[1:]
    return " ".join(_titled(word, first=at == 0) for at, word in enumerate(words)) or "Shop"


def _titled(word: str, *, first: bool) -> str:
    return word if word.lower() in _SMALL and not first else word[:1].upper() + word[1:]


def _read_folder(
    folder: Path, read: Callable[[Path], Feed]
) -> tuple[list[Feed], dict[str, list[FeedIssue]]]:
    """Return what could be read, and for the files that could not, why."""
    feeds: dict[str, Feed] = {}
    skipped: dict[str, list[FeedIssue]] = {}
    for path in _files(folder):
        try:
            feed = read(path)
        except CatalogError as error:
            skipped.setdefault(shop_id_of(path.stem), []).extend(_of_file(path, error.problems))
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
