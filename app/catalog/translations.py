"""The languages a catalog is translated to: each makes a further shop of the same goods."""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple, cast

from app.catalog.feed import MOST_PRODUCTS, stock, unsorted_in
from app.catalog.json_product import Fields
from app.catalog.json_shop import LOCALE, MOST_UNREAD, About
from app.catalog.problems import (
    WHOLE_FILE,
    InvalidProduct,
    Note,
    Report,
    attempt,
    shown,
)
from app.catalog.text import LONGEST_DESCRIPTION, plain, slug
from app.domain.catalog import Brand, Product, Shop, Variant

MOST_LANGUAGES = 12
_MOST_WORDS = 2_000
_LONGEST_ID = 40
_LONGEST_TAG = 20
_TEXTS = ("title", "description", "image_alt")


def translated(shop: Shop, about: About) -> tuple[Shop, ...]:
    """Return the shop once more for each language that its translations can be used in.

    `about` has them by BCP 47 tag. Ids, prices, stock, pictures, tags (but not their names) and
    checkout are the shop's, and so is every text without a translation. Goods of all languages
    count as goods of the file.
    """
    shops: dict[str, Shop] = {}
    most = min(MOST_LANGUAGES, MOST_PRODUCTS // len(shop.products) - 1)
    for tag, given in about.fields.items():
        if not LOCALE.fullmatch(tag) or tag.lower() in (shop.locale.lower(), *shops):
            reason = f"{shown(tag)!r} is no language that the shop is not in already"
        elif not isinstance(given, dict):
            reason = f"{tag} must be an object, not {shown(given)}"
        elif len(shops) >= most:
            reason = (
                f"{tag} is left out: a shop has at most {MOST_LANGUAGES} and, in all languages"
                f" together, {MOST_PRODUCTS} products"
            )
        else:
            shops[tag.lower()] = _shop_in(tag, shop, About(given, about.report))
            continue
        about.report.add(WHOLE_FILE, f"translations: {reason}")
    return tuple(shops.values())


def _shop_in(tag: str, shop: Shop, about: About) -> Shop:
    own, language = about.part("shop"), slug(tag)[:_LONGEST_TAG]
    words = {unsorted_in(shop.locale): unsorted_in(tag), **_words(tag, about)}
    texts = _Texts(tag, words, _by_id(tag, shop, about), about.report)
    tags = {name for item in shop.products.values() for name in item.tags}
    home = shop.id[: _LONGEST_ID - 1 - len(language)].rstrip("-")
    made = shop._replace(
        id=f"{home}-{language}",
        name=own.text("name", shop.name),
        tagline=own.text("tagline", shop.tagline),
        brand=_brand(shop.brand, own.part("brand"), tag),
        locale=tag,
        tag_names={name: words[name] for name in tags if name in words},
    )
    own.report_unread(f"translations, {tag}, shop")
    about.report_unread(f"translations, {tag}")
    return stock(made, map(texts.product, shop.products.values()))


def _brand(brand: Brand, about: About, tag: str) -> Brand:
    """Return the brand with what it bans and vouches for in this language as well."""
    translated = brand._replace(
        tone=about.text("tone", brand.tone),
        banned_words=(*brand.banned_words, *about.texts("banned_words")),
        allowed_claims=(*brand.allowed_claims, *about.texts("allowed_claims")),
    )
    about.report_unread(f"translations, {tag}, brand")
    return translated


def _words(tag: str, about: About) -> Mapping[str, str]:
    """Return what categories, tags, and options and their values are called in the language."""
    words: dict[str, str] = {}
    given = about.part("words").fields
    for name, translated in list(given.items())[:_MOST_WORDS]:
        if isinstance(translated, str) and plain(translated):
            words[plain(name)] = plain(translated)
        else:
            about.report.add(WHOLE_FILE, f"translations, {tag}: {shown(name)!r} must become text")
    if len(given) > _MOST_WORDS:
        about.report.add(WHOLE_FILE, f"translations, {tag}: has more than {_MOST_WORDS} words")
    return words


def _by_id(tag: str, shop: Shop, about: About) -> Mapping[str, object]:
    """Return the texts of products by their ids; what is not sold is reported."""
    texts = {plain(name): given for name, given in about.part("products").fields.items()}
    for name in [name for name in texts if name not in shop.products][:MOST_UNREAD]:
        about.report.add(WHOLE_FILE, f"translations, {tag}: nothing of this id is sold", name)
    return texts


class _Texts(NamedTuple):
    tag: str
    words: Mapping[str, str]
    products: Mapping[str, object]
    report: Report

    def product(self, item: Product) -> Product:
        """Return a product in the language; one whose texts cannot be used keeps its own."""
        given = self.products.get(item.id, {})
        note = partial(self._note, item)
        read = partial(_with_texts, item, given, note)
        return self._with_words(attempt(read, note, "is not translated") or item, note)

    def _note(self, item: Product, reason: str) -> None:
        self.report.add(WHOLE_FILE, f"translations, {self.tag}: {reason}", item.id)

    def _with_words(self, item: Product, note: Note) -> Product:
        values = {form.values for form in item.variants}
        if len({tuple(map(self._translated, texts)) for texts in values}) < len(values):
            note("keeps its options: two variants would be called the same")
            return item._replace(category=self._translated(item.category))
        return item._replace(
            category=self._translated(item.category),
            options=tuple(dict.fromkeys(map(self._translated, item.options))),
            option_names=tuple(map(self._translated, item.option_names)),
            variants=tuple(self._variant(form, item) for form in item.variants),
        )

    def _variant(self, form: Variant, item: Product) -> Variant:
        form = form._replace(values=tuple(map(self._translated, form.values)))
        if form.picture is None or item.id not in self.products:
            return form
        return form._replace(picture=form.picture._replace(alt=f"{item.title}, {form.label}"))

    def _translated(self, word: str) -> str:
        return self.words.get(word, word)


def _with_texts(item: Product, given: object, note: Note) -> Product:
    if not isinstance(given, dict):
        raise InvalidProduct(f"must be an object, not {shown(given)}")
    for name in [name for name in given if name not in _TEXTS][:MOST_UNREAD]:
        note(f"the key {shown(name)!r} is not read")
    fields = Fields(given, note)
    title, picture = fields.text("title"), item.picture
    if picture is not None:
        alt = fields.text("image_alt") or title or picture.alt
        picture = picture._replace(alt=alt)
    text = fields.text("description", LONGEST_DESCRIPTION) or item.kept_description
    return item._replace(title=title or item.title, description=cast("str", text), picture=picture)
