"""What a component's props are validated against: what a shop sells, and what its copy may say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from threading import Thread
from typing import TYPE_CHECKING

from app.domain.catalog import Product, Shop

if TYPE_CHECKING:
    from app.generation.copy.lexicon import Lexicons
    from app.generation.copy.rules import CopyRules, Finding


def load_rules(words: Mapping[str, str]) -> Thread:
    """Load what reads answers and judges copy, which only composing needs, in whatever thread.

    The lists of words are not needed before a model's first component is there: they are read in
    the thread that is returned, as the event loop would stand still for as long.
    """
    import app.generation.copy.rules  # noqa: PLC0415 - loaded when first needed
    import app.generation.parser.parser  # noqa: F401, PLC0415 - likewise
    from app.generation.copy.classifier import classifier  # noqa: PLC0415 - likewise
    from app.generation.copy.lexicon import lexicon_of  # noqa: PLC0415 - likewise

    def read() -> None:
        classifier()
        for language, text in words.items():
            lexicon_of(language, text)

    thread = Thread(target=read, name="words", daemon=True)
    thread.start()
    return thread


class ShopCopy:
    """Judges copy beside the texts of what a component names, and those of the shop itself."""

    def __init__(self, rules: CopyRules, shop: Shop) -> None:
        self._rules = rules
        self._shop = shop

    def __call__(self, text: str, products: Iterable[str]) -> tuple[Finding, ...]:
        """Return what copy says that it may not in a component that names these products."""
        return self._rules.check(text, self._facts(products))

    def of_model(self, text: str, products: Iterable[str]) -> tuple[Finding, ...]:
        """Return the same of what a model wrote, which is weighed as well."""
        from app.generation.copy.classifier import classifier  # noqa: PLC0415 - loaded when needed

        return self._rules.weigh(text, self._facts(products), classifier())

    def language(self, texts: Iterable[str], products: Iterable[str]) -> tuple[Finding, ...]:
        """Return what shows that the texts of a component are in another language, likewise."""
        return self._rules.language(texts, self._facts(products))

    def _facts(self, products: Iterable[str]) -> Iterator[str]:
        shop, named = self._shop, list(products)
        yield from (facts_of(shop.products[product]) for product in named)
        yield str(len(named))
        yield " . ".join((shop.name, shop.tagline, *shop.categories()))


class PropsContext:
    """Returns the context of a shop in which pydantic validates props, by these word lists."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = tuple(words.items())

    def __call__(self, shop: Shop) -> dict[str, object]:
        """Return what the shop sells, and the judge of its copy."""
        currency = next((item.price.currency for item in shop.products.values()), "")
        brand = shop.brand
        rules = _rules(self._words, shop.locale, currency, brand.banned_words, brand.allowed_claims)
        copy = ShopCopy(rules, shop)
        return {"products": shop.products, "categories": shop.categories(), "copy": copy}


@lru_cache(64)
def _rules(
    words: tuple[tuple[str, str], ...],
    locale: str,
    currency: str,
    banned: tuple[str, ...],
    allowed: tuple[str, ...],
) -> CopyRules:
    """Return the rules of a shop, the same however often a site is built."""
    from app.generation.copy.rules import CopyRules  # noqa: PLC0415 - loaded when first needed

    return CopyRules(
        _lexicons(words), language=locale, currency=currency, banned=banned, allowed=allowed
    )


@lru_cache(4)
def _lexicons(words: tuple[tuple[str, str], ...]) -> Lexicons:
    from app.generation.copy.lexicon import Lexicons  # noqa: PLC0415 - loaded when first needed

    return Lexicons(dict(words))


def context_of_model(context: Mapping[str, object]) -> Mapping[str, object]:
    """Return the context for what a model proposes: in the shop's language, and weighed.

    The house may speak English, where nobody has translated its copy, and people wrote it.
    """
    copy = context.get("copy")
    if not isinstance(copy, ShopCopy):
        return context
    return {**context, "copy": copy.of_model, "language": copy.language}


def facts_of(product: Product) -> str:
    """Return all that the catalog says of a product in words."""
    texts = (product.title, product.category, product.description, product.vendor)
    return " . ".join((*texts, *product.tags, *product.options))
