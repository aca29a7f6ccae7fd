"""Keeps feeds on the disk as they were read last: opening one takes far less than reading it."""

from __future__ import annotations

import os
import pickle
import secrets
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import cached_property
from hashlib import file_digest, sha256
from io import BufferedRandom, BufferedReader
from itertools import chain, count, islice, repeat
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from app.catalog.feed import Feed
from app.catalog.ranking import rank
from app.catalog.search import search_index
from app.catalog.stored_text import SHORTEST, StoredText, Texts, store
from app.domain.catalog import Goods, Product, Shop
from app.domain.persona import PERSONA_TYPES, Persona

Stamp = tuple[int, ...]
"""By what it is seen that a file, or what lies beside it, has changed."""

_SUFFIX, _UNFINISHED = ".feed", ".new"
_OWNER_ONLY = 0o600
_SEAL = "blake2b"
_SEAL_BYTES = 64
_SIZE_BYTES = 8
_MUCH = 4 * 1024 * 1024
_FILE = b"file"
"""What stands for the file itself where texts and numbers are read from it."""


_FRAME = 100
"""Values that are read at a time: nothing else runs meanwhile, since they are read in C."""

_OURS = {
    *("app.domain.catalog", "app.domain.merchandising", "app.catalog.feed", "app.catalog.listing"),
    *("app.catalog.search", "app.util.lazy", "app.catalog.compiled"),
}
_LIBRARIES = {
    *(("decimal", "Decimal"), ("array", "_array_reconstructor"), ("array", "array")),
    *(("builtins", "str"), ("app.catalog.stored_text", "StoredNumbers")),
}
"""What a feed may be made of: nothing else is loaded, whatever the file says."""

_UNREADABLE = (pickle.UnpicklingError, OSError, EOFError, LookupError, TypeError, ValueError)


class CompiledFeeds:
    """A file for each feed in `folder`. What is read differently with other `terms` is not taken.

    Nor is what another version of this program has written. Descriptions of more than so `much`
    (characters) are left on the disk until they are asked for.
    """

    def __init__(self, folder: Path, terms: str, *, much: int = _MUCH) -> None:
        self.folder = folder
        self._terms = terms
        self._much = much

    def has(self, file: Path, stamp: Stamp | None = None) -> bool:
        """Say whether there is a feed of a file, as it was at a stamp."""
        with suppress(*_UNREADABLE), self._place(file).open("rb") as source:
            source.seek(_SEAL_BYTES)
            known = self._known(source)
            return known is not None and stamp in (None, known)
        return False

    def read(
        self, file: Path, before: Feed | None = None, *, pause: Callable[[], object] = int
    ) -> tuple[Stamp, Feed] | None:
        """Return what is kept of a file, and its stamp then; None where nothing can be used.

        The stamp is empty where the file is to be read again. Of what was sold `before`, what is
        still the same is kept, and takes no memory twice. `pause` is called every so often, and
        what it raises is raised.
        """
        shops = (before.shop, *before.translations) if before is not None else ()
        with suppress(*_UNREADABLE), self._place(file).open("rb") as source:
            stamp = self._known(source) if _is_whole(source) else None
            if stamp is not None:
                return stamp, _read(source, [shop.products for shop in shops], pause)
        return None

    def bare(self, file: Path) -> Feed | None:
        """Return what is kept of a file beside its products."""
        with suppress(*_UNREADABLE), self._place(file).open("rb") as source:
            if _is_whole(source) and self._known(source) is not None:
                return _read_bare(source)
        return None

    def write(self, file: Path, stamp: Stamp, feed: Feed) -> None:
        """Keep a feed, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        place = self._place(file)
        self.folder.mkdir(parents=True, exist_ok=True)
        written = self._begun(place)
        fresh = Path(written.name)
        try:
            with written:
                written.write(bytes(_SEAL_BYTES))
                pickle.dump((self._print, stamp, feed.until), written)
                _write(written, feed, self._much)
                written.seek(_SEAL_BYTES)
                seal = file_digest(written, _SEAL).digest()
                written.seek(0)
                written.write(seal)
                written.flush()
                os.fsync(written.fileno())
                fresh.replace(place)  # before it is closed, or it might be swept
        finally:
            fresh.unlink(missing_ok=True)  # on a full disk it would take what room is left

    def sweep(self, files: Iterable[Path]) -> None:
        """Remove what is kept of all but these files, and what nobody goes on writing."""
        wanted = {self._place(file) for file in files}
        for place in self.folder.glob(f"*{_SUFFIX}"):
            if place not in wanted:
                place.unlink(missing_ok=True)
        for place in self.folder.glob(f"*{_UNFINISHED}"):
            with suppress(FileNotFoundError, BlockingIOError), place.open("rb") as unfinished:
                flock(unfinished, LOCK_EX | LOCK_NB)
                place.unlink(missing_ok=True)

    def _begun(self, place: Path) -> BufferedRandom:
        """Return a new file that is ours until it is closed, also by a kill: it is being written.

        Whoever sweeps may take it away before it is locked.
        """
        while True:
            fresh = place.with_suffix(f".{secrets.token_hex(8)}{_UNFINISHED}")
            written = fresh.open("x+b")
            os.fchmod(written.fileno(), _OWNER_ONLY)
            flock(written, LOCK_EX)
            if os.fstat(written.fileno()).st_nlink:
                return written
            written.close()

    def _place(self, file: Path) -> Path:
        called = file.name.lstrip(".")  # as a file is before it takes the place of another
        name = sha256(os.fsencode(file.resolve().with_name(called))).hexdigest()[:16]
        return self.folder / f"{name}{_SUFFIX}"

    def _known(self, source: BinaryIO) -> Stamp | None:
        """Return the stamp of a feed; empty where it is over, None where it is not ours."""
        written_by, stamp, until = _Unpickler(source, []).load()
        if written_by != self._print:
            return None
        return stamp if time.time() < until else ()

    @cached_property
    def _print(self) -> str:
        """What tells this program from one that reads feeds in another way."""
        digest = sha256(f"{sys.version}\0{self._terms}".encode())
        rooms = (Path(__file__).parents[1] / room for room in ("catalog", "domain", "util"))
        for module in chain.from_iterable(sorted(room.glob("*.py")) for room in rooms):
            digest.update(module.read_bytes())
        return digest.hexdigest()


def prepare(shop: Shop) -> None:
    """Make what the first search or page of a large shop would else wait for."""
    search_index(shop).prepare()
    for kind in PERSONA_TYPES:
        rank(shop, Persona(kind))


def _is_whole(source: BufferedReader) -> bool:
    """Say whether a file begins with the digest of the rest; go on to where that begins."""
    seal = source.read(_SEAL_BYTES)
    is_whole = file_digest(source, _SEAL).digest() == seal
    source.seek(_SEAL_BYTES)
    return is_whole


def _write(target: BinaryIO, feed: Feed, much: int) -> None:
    """Write what products have in common, they themselves, and what is made of all of them.

    What has been named stands for itself from then on.
    """
    places: dict[int, object] = {}
    place = count()

    def write(values: Iterable[object], size: int = _FRAME) -> None:
        rest = iter(values)
        while frame := tuple(islice(rest, size)):
            _Pickler(target, places).dump(frame)
        _Pickler(target, places).dump(())

    def name(values: Collection[object]) -> None:
        places.update(zip(map(id, values), place))  # noqa: B905 - there is no last place

    shops = (feed.shop, *feed.translations)
    pictures = None if feed.pictures is None else str(feed.pictures)
    first, *others = (shop._replace(products={}) for shop in shops)
    bare = feed._replace(shop=first, translations=tuple(others), pictures=None)
    _Pickler(target, places).dump((bare, pictures))
    everything = chain.from_iterable(shop.products.values() for shop in shops)
    texts = [item.kept_description for item in everything]
    is_much = sum(map(len, texts)) > much
    apart = [text for text in texts if is_much and len(text) >= SHORTEST]
    with _apart(target):
        for shop in shops if apart else ():
            search_index(shop).store(target)
        for text in apart:
            places[id(text)] = store(str(text), target)
    for shop in shops:
        prepare(shop)
        products, goods = shop.products.values(), shop.products
        for common in (_texts, _values):
            shared = _repeated(chain.from_iterable(map(common, products)))
            write(shared)
            name(shared)
        write(products)
        for text in apart if shop is shops[-1] else ():  # which nobody names from now on
            places.pop(id(text), None)
        name(products)
        write(goods.all_derived().items() if isinstance(goods, Goods) else (), 1)


@contextmanager
def _apart(target: BinaryIO) -> Iterator[None]:
    """Have what is written meanwhile passed over by who reads, behind the number of its bytes."""
    begun = target.tell()
    target.write(bytes(_SIZE_BYTES))
    yield
    ended = target.tell()
    target.seek(begun)
    target.write((ended - begun - _SIZE_BYTES).to_bytes(_SIZE_BYTES, sys.byteorder))
    target.seek(ended)


def _read(
    source: BinaryIO, before: Sequence[Mapping[str, Product]], pause: Callable[[], object]
) -> Feed:
    """Read what was written; of what was sold before, what is the same stands for it."""
    known: list[Any] = []

    def frames() -> Iterator[tuple[Any, ...]]:
        while frame := _Unpickler(source, known, texts).load():
            yield frame
            pause()

    bare = _read_bare(source)
    source.seek(int.from_bytes(source.read(_SIZE_BYTES), sys.byteorder), os.SEEK_CUR)
    texts = Texts(source)
    shops: list[Shop] = []
    for shop, sold in zip((bare.shop, *bare.translations), chain(before, repeat({}))):  # noqa: B905 - endless
        for _ in (_texts, _values):
            for frame in frames():
                known += frame
        products: dict[str, Product] = {}
        for frame in frames():
            items = [_one_of(sold.get(item.id), item) for item in frame]
            products.update((item.id, item) for item in items)
            known += items
        goods = Goods(products, chain.from_iterable(frames()))
        shops.append(shop._replace(products=goods))
    return bare._replace(shop=shops[0], translations=tuple(shops[1:]))


def _one_of(sold: Product | None, item: Product) -> Product:
    """Return what was sold before where it is the same, with its text where that is from now on."""
    if sold is None or sold != item:
        return item
    before, now = sold.kept_description, item.kept_description
    if isinstance(before, StoredText) and isinstance(now, StoredText):
        before.move(now)
    return sold if type(before) is type(now) else item


def _read_bare(source: BinaryIO) -> Feed:
    """Read the beginning of what was written: a feed with nothing on its shelves."""
    feed: Feed
    feed, pictures = _Unpickler(source, []).load()
    return feed._replace(pictures=None if pictures is None else Path(pictures))


def _texts(item: Product) -> Iterator[object]:
    """Yield the texts of a product that others may have as well."""
    yield from (item.category, item.vendor, *item.tags, *item.options, *item.option_names)
    for form in item.variants:
        yield from form.values


def _values(item: Product) -> Iterator[object]:
    """Yield what else of a product others may have as well."""
    yield from (item.price, item.compare_at, item.tags, item.options, item.option_names)
    for form in item.variants:
        yield from (form.values, form.price, form.compare_at)


def _repeated(values: Iterable[object]) -> list[object]:
    """Return what comes twice, once."""
    once: dict[int, object] = {}
    again: dict[int, object] = {}
    for value in values:
        if value:
            (again if id(value) in once else once)[id(value)] = value
    return list(again.values())


class _Pickler(pickle.Pickler):
    """Writes a value, and in it the place of what has been named instead of that."""

    def __init__(self, target: BinaryIO, places: Mapping[int, object]) -> None:
        super().__init__(target, pickle.HIGHEST_PROTOCOL)
        self._places = places

    def persistent_id(self, value: object) -> object:
        if isinstance(value, Texts):
            return _FILE
        return self._places.get(id(value))

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, MappingProxyType):
            return _frozen, (dict(value),)
        if isinstance(value, StoredText):  # of a feed that has too few to leave them on the disk
            return str, (str(value),)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Reads a value that names others by their place among those known, or among the texts."""

    def __init__(self, source: BinaryIO, known: list[Any], texts: Texts | None = None) -> None:
        super().__init__(source)
        self._known = known
        self._texts = texts

    def persistent_load(self, place: Any) -> Any:
        if isinstance(place, bytes) and self._texts is not None:
            return StoredText(self._texts, place) if place != _FILE else self._texts
        return self._known[place]

    def find_class(self, module: str, name: str) -> Any:
        if module in _OURS or (module, name) in _LIBRARIES:
            found = super().find_class(module, name)
            if found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a feed")


def _frozen(values: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(values)
