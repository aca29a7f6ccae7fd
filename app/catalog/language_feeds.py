"""Feeds of the same goods in other languages: products.de.csv beside products.csv."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from app.catalog.feed import UNSORTED, Feed, stock
from app.catalog.json_shop import About
from app.catalog.problems import WHOLE_FILE, CatalogError, Report
from app.catalog.shop_file import read_about
from app.catalog.translations import translated
from app.domain.catalog import FeedIssue, Product, Shop

_TAG = re.compile(r"[a-z]{2}(?:-[A-Za-z0-9]{2,8}){0,3}")
_HAS_ITS_OWN = ".json"
"""A catalog of ours says in itself what it is in other languages."""


def language_files(feed: Path, kinds: Collection[str]) -> dict[str, Path]:
    """Return the feeds that have a feed's goods in other languages, by their BCP 47 tags."""
    if feed.suffix.lower() == _HAS_ITS_OWN:
        return {}
    found: dict[str, Path] = {}
    for path in sorted(feed.parent.glob(f"{glob.escape(feed.stem)}.*")):
        tag = path.stem[len(feed.stem) + 1 :]
        if path.suffix.lower() in kinds and _TAG.fullmatch(tag):
            found.setdefault(tag, path)
    return found


def without_languages(feeds: list[Path]) -> list[Path]:
    """Return the feeds that are not those of another in a language."""
    stems = {path.stem for path in feeds if path.suffix.lower() != _HAS_ITS_OWN}
    parts = ((path, *path.stem.rpartition(".")) for path in feeds)
    return [path for path, stem, _, tag in parts if stem not in stems or not _TAG.fullmatch(tag)]


def with_languages(feed: Feed, files: dict[str, Path], read: Callable[[Path], Feed]) -> Feed:
    """Return a feed with its shop in further languages; one that cannot be read costs itself.

    A language's own shop file may have its name, tagline and brand.
    """
    given: dict[str, object] = {}
    problems = list(feed.problems)
    for tag, path in files.items():
        try:
            there, about = read(path), read_about(path, None, alone=False)
        except CatalogError as error:
            left_out = f"{tag} is left out: "
            found = [one._replace(reason=left_out + one.reason) for one in error.problems]
        else:
            found = list(there.problems)
            sold, named = feed.shop.products, there.shop.products
            for ids, others, reason in (
                (named, sold, "have ids of which the feed itself sells none"),
                (sold, named, "are not in it, and stay in the feed's own language"),
            ):
                if apart := [name for name in ids if name not in others]:
                    reason = f"{len(apart)} products {reason}"  # noqa: PLW2901
                    found.append(FeedIssue(WHOLE_FILE, reason, apart[0]))
            given[tag] = {"shop": about, **_texts(feed.shop, there.shop)}
        problems += (one._replace(file=path.name) for one in found)
    if not given:
        return feed._replace(problems=tuple(problems))
    store, goods, report = feed.shop.store or feed.shop.id, feed.shop.products, Report()
    shop = stock(feed.shop._replace(store=store), goods.values(), goods)
    translations = translated(shop, About(given, report))
    problems += report.problems()
    return feed._replace(shop=shop, translations=translations, problems=tuple(problems))


def _texts(shop: Shop, there: Shop) -> dict[str, object]:
    """Return what a feed says in its language, as a JSON catalog's translations do."""
    words: dict[str, str] = {}
    products: dict[str, object] = {}
    for item in shop.products.values():
        other = there.products.get(item.id)
        if other is None:
            continue
        alt = other.picture.alt if other.picture else ""
        texts = {"title": other.title, "description": other.description, "image_alt": alt}
        products[item.id] = texts
        for word, foreign in _words(item, other):
            if word not in ("", foreign) and foreign not in ("", UNSORTED):
                words.setdefault(word, foreign)
    return {"words": words, "products": products}


def _words(item: Product, other: Product) -> Iterable[tuple[str, str]]:
    """Yield what category, tags, options and values of a product are called in the other feed.

    Of lists that differ in length nobody knows what is what.
    """
    yield item.category, other.category
    lists = [(item.tags, other.tags), (item.option_names, other.option_names)]
    forms = {form.id: form for form in other.variants}
    known = [(form, forms.get(form.id)) for form in item.variants]
    if not any(there for _, there in known) and len(forms) == len(known):
        known = list(zip(item.variants, other.variants, strict=True))  # ids made of their values
    lists += [(form.values, there.values) for form, there in known if there]
    for ours, theirs in lists:
        if len(ours) == len(theirs):
            yield from zip(ours, theirs, strict=True)
