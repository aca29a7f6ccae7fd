"""All catalogs of this installation: one file, or a folder in which each file is a shop."""

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypedDict, Unpack

from app.catalog.compiled import Stamp
from app.catalog.feed import Feed, Terms
from app.catalog.feed_text import open_text, size_of
from app.catalog.images import folder_of, index_of
from app.catalog.json_feed import read_json
from app.catalog.language_feeds import language_files, with_languages, without_languages
from app.catalog.merchandising import read_rules, rules_path
from app.catalog.numbers import CURRENCY
from app.catalog.problems import WHOLE_FILE, CatalogError, shown
from app.catalog.shop_file import is_shop_file, read_about, shop_files
from app.catalog.text import plain, slug
from app.domain.catalog import FeedIssue, Shop
from app.util.memory import memory_left


def _read_other(path: Path, terms: Terms) -> Feed:
    """Read what is not our own JSON."""
    from app.catalog import merchant_feed, shopify_feed  # noqa: PLC0415 - not every shop needs them

    ending = path.suffix.lower()
    if ending == ".xml":
        return merchant_feed.read_merchant_xml(path, terms)
    if ending == ".jsonl":
        return shopify_feed.read_shopify_lines(path, terms)
    text = open_text(path)
    begins = text.beginning
    if named := _NO_TABLES.get(begins.lstrip()[:1]):
        raise CatalogError.of(path, f"is {named}, whatever its name says")
    if merchant_feed.LAYOUT.fits(begins) and not shopify_feed.LAYOUT.fits(begins):
        return merchant_feed.read_merchant_table(text, path, terms)
    return shopify_feed.read_shopify(text, path, terms)


_NAMED_ALONE = ".txt"
"""What Google calls its tables, and everybody their notes: in a folder it is no feed."""

_READERS: Mapping[str, Callable[[Path, Terms], Feed]] = {
    ".json": read_json,
    **dict.fromkeys((".jsonl", ".csv", ".tsv", _NAMED_ALONE, ".xml"), _read_other),
}
_NO_TABLES = {"{": "JSON", "[": "JSON", "<": "XML"}
_MIB = 1024 * 1024
_MEMORY_A_BYTE = 3
"""Bytes that what is read takes for each of the file, where its texts are held as well."""

_SMALL_ENOUGH = 8 * _MIB
_KINDS = ".json, .jsonl, .csv, .tsv, .txt or .xml"
_SAYS_WHAT = frozenset(
    "catalog catalogue export feed google merchant product products shop shopify".split()  # noqa: SIM905
)
"""What files are called that do not say whose they are, as products_export_1 (2)."""

_SMALL = {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
_NAMELESS = "shop"


class Source(NamedTuple):
    """A file as it was read last: what is sold of it, and why it cannot be used as it is now.

    One that is `outdated` was read before it had this stamp.
    """

    stamp: Stamp
    feed: Feed | None
    error: CatalogError | None = None
    outdated: bool = False

    def is_as(self, stamp: Stamp) -> bool:
        """Say whether a file that has this stamp need not be read."""
        is_over = self.feed is not None and self.feed.until <= time.time()
        return self.stamp == stamp and not is_over


class Catalogs(NamedTuple):
    """The shops by id. `pictures` has the folder of each shop's own pictures, where it has one.

    A file that is translated makes a shop for each language, with the pictures of the first.
    `problems` has an entry for each file, under its shop's id, or, for a file that was skipped,
    under the id its name would have given it. `sources` are the files that were read, `errors`
    what is wrong with those that cannot be used as they are now.
    """

    shops: Mapping[str, Shop]
    default: Shop
    problems: Mapping[str, tuple[FeedIssue, ...]]
    pictures: Mapping[str, Path | None]
    sources: Mapping[Path, Source]
    errors: tuple[CatalogError, ...] = ()


class Reading(TypedDict, total=False):
    """How a catalog is read.

    `currency` (ISO 4217) is that of feeds that do not name one. A file that has not changed since
    it was `known` is not read again, and one that has gone bad since keeps its feed of then.
    `shop_file` says whose a feed is that has no such file beside it. What `memory` (bytes left, or
    None) cannot hold is not read. `progress` is called with the file that is read and how much of
    it has been, up to 1. `keep_text` may put a long text elsewhere.
    """

    currency: str
    known: Mapping[Path, Source]
    shop_file: Path | None
    memory: Callable[[], int | None]
    progress: Callable[[Path, float], object]
    keep_text: Callable[[Any], Any]


def load_catalogs(path: Path, **reading: Unpack[Reading]) -> Catalogs:
    """Read a JSON catalog, Shopify's products, a Google Merchant feed, or a folder of those.

    In a folder the first file by name is the default shop, and a file that cannot be used is
    reported and skipped. Beside a feed may lie the merchant's rules, the same feed in other
    languages (NAME.TAG), and what goes before what the feed says of its shop: NAME.shop.json, or
    shop.json where there is no other feed.

    Raises:
        CatalogError: there is no shop to open; the message names file, line and reason.
    """
    return _opened(path, dict(read_sources(path, **reading)))


def read_sources(
    path: Path,
    *,
    currency: str = "USD",
    known: Mapping[Path, Source] = MappingProxyType({}),
    shop_file: Path | None = None,
    memory: Callable[[], int | None] = memory_left,
    progress: Callable[[Path, float], object] = lambda *_: None,
    keep_text: Callable[[Any], Any] | None = None,
) -> Iterator[tuple[Path, Source]]:
    """Read the files of a catalog one after the other, as `Reading` says.

    Raises:
        CatalogError: the folder cannot be read, or the currency is none.
    """
    if not CURRENCY.fullmatch(currency):
        raise CatalogError.of(path, f"currency {shown(currency)!r} is not three capital letters")

    def read(file: Path, earlier: Feed | None) -> Feed:
        about = read_about(file, shop_file, alone=len(found) == 1)
        feed = read_one(file, about, earlier)
        feed = with_languages(feed, language_files(file, _READERS), read_one)
        return _with_rules(feed, rules_path(file, alone=file == path), earlier)

    def read_one(
        file: Path,
        about: Mapping[str, object] = MappingProxyType({}),
        earlier: Feed | None = None,
    ) -> Feed:
        reader = _READERS.get(file.suffix.lower())
        if reader is None:
            raise CatalogError.of(file, f"is neither a folder nor a {_KINDS} file")
        if keep_text is None:
            _hold(file, memory())
        shop_id, name = shop_id_of(file.stem), _shop_name(file)
        terms = Terms(currency, shop_id, name, about, progress=partial(progress, file))
        if keep_text is not None:
            terms = terms._replace(keep_text=keep_text)
        if earlier is not None:
            terms = terms._replace(before=earlier.shop.products, known=earlier.known)
        return reader(file, terms)

    found = stamps(path, shop_file)
    for file, stamp in found.items():
        yield file, _source(file, stamp, read, known, partial(_stamp, file, shop_file))


def stamps(path: Path, shop_file: Path | None = None) -> dict[Path, Stamp]:
    """Return the files of a catalog in their order, each with its stamp; arguments as above.

    Raises:
        CatalogError: the folder cannot be read.
    """
    files = _files(path)
    return {file: (len(files) == 1, *_stamp(file, shop_file)) for file in files}


def shop_id_of(stem: str) -> str:
    """Return a shop's id where its feed has none, from its file: "Home & Co" -> "home-co"."""
    return slug(stem) or _NAMELESS


def shop_name_of(stem: str) -> str:
    """Return a shop's name likewise: "shopify-home-and-garden" -> "Home and Garden"."""
    words = plain(stem).replace("_", "-").replace("-", " ").split()
    if len(words) > 1 and words[0].lower() == "shopify":
        words = words[1:]
    titled = (
        word if at and word.lower() in _SMALL else word[:1].upper() + word[1:]
        for at, word in enumerate(words)
    )
    return " ".join(titled) or "Shop"


def _shop_name(file: Path) -> str:
    """Return a shop's name from its file, or from the folder where that says only what it is."""
    says_what = _SAYS_WHAT.issuperset(re.findall(r"[^\W\d_]+", file.stem.lower()))
    return shop_name_of((says_what and file.absolute().parent.name) or file.stem)


def _stamp(file: Path, shop_file: Path | None) -> Stamp:
    """Return what tells a file from its earlier self: what lies beside it counts as well."""
    stamp: list[int] = []
    pictures, languages = folder_of(file), language_files(file, _READERS).values()
    words = ((path, shop_files(path)[0]) for path in languages)
    own = (pictures, index_of(pictures), rules_path(file, alone=True))
    beside = (*own, *shop_files(file), *chain(*words))
    for path in (file, *beside, *([shop_file] if shop_file else [])):
        try:
            found = path.stat()
            stamp += (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            stamp += (0, 0, 0)
    return tuple(stamp)


def _hold(file: Path, left: int | None) -> None:
    """Refuse a file that memory cannot hold, with what is made of it, rather than be killed."""
    with suppress(OSError):
        needed = size_of(file) * _MEMORY_A_BYTE
        if left is not None and left < needed > _SMALL_ENOUGH:
            in_mib = f"about {needed // _MIB} MiB of memory, and {left // _MIB} MiB are left"
            raise CatalogError.of(file, f"needs {in_mib}")


def _source(
    file: Path,
    stamp: Stamp,
    read: Callable[[Path, Feed | None], Feed],
    known: Mapping[Path, Source],
    now: Callable[[], Stamp],
) -> Source:
    """Return what is sold of a file; of one that changes meanwhile it might be half of each."""
    earlier = known.get(file, Source((), None))
    if earlier.outdated or earlier.is_as(stamp):
        return earlier
    try:
        feed = read(file, earlier.feed)
    except CatalogError as error:
        bare = CatalogError(error.path, error.problems)  # its frames hold the file's text
        return Source(stamp, earlier.feed, bare)
    if now() == stamp[1:]:
        return Source(stamp, feed)
    if earlier.feed is None:
        return Source((), feed)
    return Source((), earlier.feed, CatalogError.of(file, "has changed while it was read"))


def _with_rules(feed: Feed, path: Path, earlier: Feed | None) -> Feed:
    """Return a feed with the merchant's rules; what is wrong with them is a problem of the feed.

    A slip of the pen that makes their whole file unreadable leaves those that held before.
    """
    rules, problems, unreadable = read_rules(path, feed.shop)
    if unreadable and earlier is not None:
        rules = earlier.shop.rules
    digest = hashlib.sha256(repr(rules).encode()).hexdigest()[:16] if rules else ""
    shop, *translations = (
        shop._replace(rules=rules, digest=shop.digest + digest)
        for shop in (feed.shop, *feed.translations)
    )
    problems = (*feed.problems, *problems)
    return feed._replace(shop=shop, problems=problems, translations=tuple(translations))


def _files(catalog: Path) -> list[Path]:
    """Return the feeds of a folder, or the one file that a catalog is."""
    try:
        if not catalog.is_dir():
            return [catalog]
        kinds = _READERS.keys() - {_NAMED_ALONE}
        found = [path for path in catalog.iterdir() if path.suffix.lower() in kinds]
    except OSError as error:
        raise CatalogError.of(catalog, error.strerror or "cannot be read") from error
    feeds = without_languages(sorted(path for path in found if not path.name.startswith(".")))
    return [path for path in feeds if not (len(feeds) > 1 and is_shop_file(path))]


def _opened(path: Path, sources: Mapping[Path, Source]) -> Catalogs:
    feeds: dict[str, Feed] = {}
    problems: dict[str, tuple[FeedIssue, ...]] = {}
    errors: list[CatalogError] = []
    for file, source in sources.items():
        feed, error = source.feed, source.error
        shop_id = feed.shop.id if feed is not None else shop_id_of(file.stem)
        found = feed.problems if feed is not None else ()
        if feed is not None and feeds.setdefault(shop_id, feed) is not feed:
            twice = FeedIssue(WHOLE_FILE, f"another file has the shop id {shop_id!r}")
            feed, found, error = None, (), CatalogError(file, (twice,))
        if error is not None:
            errors.append(error)
            fate = "is skipped" if feed is None else "is sold from as it was before"
            found = (*found, *_of_file(error, fate))
        problems[shop_id] = (*problems.get(shop_id, ()), *found)
    if not feeds:
        if path in sources:
            raise errors[0]
        none = FeedIssue(WHOLE_FILE, "the folder holds no catalog that can be sold from")
        reasons = (issue for error in errors for issue in _of_file(error, "is skipped"))
        raise CatalogError(path, (none, *reasons))
    for feed in tuple(feeds.values()):
        for shop in feed.translations:
            if feeds.setdefault(shop.id, made := Feed(shop, ())) is not made:
                taken = f"translations, {shop.locale}: another shop has the id {shop.id!r}"
                own = feed.shop.id
                problems[own] = (*problems[own], FeedIssue(WHOLE_FILE, taken))
    return Catalogs(
        shops=MappingProxyType({shop_id: feed.shop for shop_id, feed in feeds.items()}),
        default=next(iter(feeds.values())).shop,
        problems=MappingProxyType(problems),
        pictures=MappingProxyType({shop_id: feed.pictures for shop_id, feed in feeds.items()}),
        sources=MappingProxyType(dict(sources)),
        errors=tuple(errors),
    )


def _of_file(error: CatalogError, fate: str) -> Iterator[FeedIssue]:
    """Yield the problems of a file that cannot be used, each naming it and what becomes of it."""
    for problem in error.problems:
        yield problem._replace(reason=f"{error.path.name} {fate}: {problem.reason}")
