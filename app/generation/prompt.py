"""Persona + component library + products -> what we ask the model.

The instructions come first and are the same for every page of a library, so that a provider's
prefix cache can serve them; shop and products follow; the persona, which changes most, is last.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from app.catalog.ranking import pinned, rank
from app.domain.catalog import Product, Shop
from app.domain.llm import Prompt
from app.domain.page import ComponentSpec
from app.domain.persona import Persona
from app.generation.requirements import requirements_text
from app.rendering.language import formats_of

if TYPE_CHECKING:
    from pydantic import BaseModel

_PIECE = r"[A-Za-z]{1,6}|\d{1,3}|[^\sA-Za-z\d]|\n"
_SMALL_SHOP = 8
"""With fewer products, lists may be shorter than their components say."""

MOST_TOKENS = 2_000
"""Tokens of a page's prompt, by our own count."""

MOST_CATEGORIES = 20
"""Categories that a prompt names."""

_OWN = (
    "This shopper viewed, put into basket or bought what the notes say so of: "
    "lead with what was not bought yet."
)
_MOST_WORDS = 12
_MOST_OPTIONS = 3
_MOST_TAGS = 4
_LONGEST_BEGINNING, _LONGEST_TEXT = 80, 120


def instructions(storefront: str, places: tuple[str, str], kinds: Iterable[ComponentSpec]) -> str:
    """Return the stable part: the designer's text with rules and components in their places."""
    rules, components = places
    described = "\n".join(describe(kind) for kind in kinds)
    return storefront.replace(rules, requirements_text()).replace(components, described)


def describe(kind: ComponentSpec) -> str:
    """Return a component as the model is told of it: purpose, slots, props with their limits."""
    schema = schema_of(kind.props)
    required = set(schema.get("required", ()))
    purpose = " ".join(str(schema.get("description", "")).split())
    place = "" if kind.slots == (kind.name,) else f" (slot {' or '.join(kind.slots)})"
    lines = [f"# {kind.name}{place}", purpose]
    lines += [_prop(name, value, name in required) for name, value in schema["properties"].items()]
    return "\n".join(lines) + "\n"


@lru_cache(64)
def schema_of(props: type[BaseModel]) -> Mapping[str, Any]:
    """Return the schema of a component's props, which takes longer to make than to draw it."""
    return props.model_json_schema()


class SlotRequest(NamedTuple):
    """Which slots are asked for, and why what came before was refused (props and codes).

    What is `optional` is left out where nothing fits.
    """

    slots: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()


def build_prompt(
    shop: Shop, persona: Persona, stable: str, personas: Mapping[str, str], wanted: SlotRequest
) -> Prompt:
    """Return the whole of what is asked for one page, or for those slots of it.

    The catalog's texts of the products take what the rest leaves of MOST_TOKENS.
    """
    products = rank(shop, persona)
    currencies = {item.price.currency for item in products}
    unit = f" in {currencies.pop()}" if len(currencies) == 1 else ""
    rows = [_row(item, persona.interests.reason(item.id), priced=not unit) for item in products]
    parts = [
        _shop_lines(shop),
        "\n".join([f"Products (id | title | category | price{unit} | notes):", *rows]),
        *_small_shop(shop),
        *_pinned(shop, wanted.slots),
        personas[persona.type].strip() + _leanings(shop, persona),
        *([_OWN] if persona.interests.own else []),
        _slots_wanted(wanted),
        *([f"Refused before: {'; '.join(wanted.reasons)}."] if wanted.reasons else []),
    ]
    tokens = _tokens_of_stable(stable)
    room = MOST_TOKENS - tokens - sum(map(count_tokens, parts)) - 2 * len(parts)
    texts = _catalog_texts(products, room)
    if texts:
        parts.insert(2, "\n".join(texts))
    request = "\n\n".join(parts)
    tokens += count_tokens(request)
    return Prompt(
        stable, request, shop, persona, products, wanted.slots, tokens, optional=wanted.optional
    )


def _slots_wanted(wanted: SlotRequest) -> str:
    slots = f"Write one component for each of these slots: {', '.join(wanted.slots)}."
    optional = [slot for slot in wanted.slots if slot in wanted.optional]
    return f"{slots} Optional: {', '.join(optional)}." if optional else slots


def _catalog_texts(products: Iterable[Product], room: int) -> list[str]:
    """Return what the catalog says of the first products, as far as there is room for it."""
    lines = ["What the catalog says of them:"]
    room -= count_tokens(lines[0])
    for item in products:
        text = " ".join((_clipped(item.description), *item.options[:_MOST_OPTIONS])).strip()
        line = f"{item.id}: {_quoted(text, _LONGEST_TEXT)}"
        room -= count_tokens(line) + 1
        if room < 0:
            break
        if text:
            lines.append(line)
    return lines if len(lines) > 1 else []


def _clipped(text: str) -> str:
    """Return the beginning of a description, to the end of a sentence or at least of a word."""
    if len(text) <= _LONGEST_BEGINNING:
        return text
    beginning = text[: _LONGEST_BEGINNING + 1]
    sentence = max(beginning.rfind(". "), beginning.rfind("。"))
    if sentence > _LONGEST_BEGINNING // 3:
        return beginning[: sentence + 1]
    return beginning.rpartition(" ")[0] or beginning[:_LONGEST_BEGINNING]


def count_tokens(text: str) -> int:
    """Estimate the tokens of a text: a word a token for every six letters, a sign a token.

    Providers count with tables of their own and say so with each answer; this is for comparing.
    """
    return len(re.findall(_PIECE, text))


_tokens_of_stable = lru_cache(16)(count_tokens)


def _prop(name: str, schema: Mapping[str, Any], required: bool) -> str:
    kind = _kind_of(schema)
    optional = "" if required else ", optional"
    return f"- {name}: {kind}{optional}. {schema.get('description', '')}".rstrip()


def _kind_of(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        minimum, maximum = schema.get("minItems", 0), schema.get("maxItems", "any number")
        return f"list of {minimum} to {maximum}"
    if "maxLength" in schema:
        return f"text up to {schema['maxLength']}"
    return str(schema.get("type", "value")).replace("string", "text")


def _shop_lines(shop: Shop) -> str:
    brand, language = shop.brand, formats_of(shop.locale).english
    lists = {
        "Categories": shop.categories()[:MOST_CATEGORIES],
        "Banned words": brand.banned_words[:_MOST_WORDS],
        "You may claim": brand.allowed_claims[:_MOST_WORDS],
    }
    return "\n".join(
        [
            f"Shop: {_quoted(shop.name)}, {_quoted(shop.tagline)}",
            f"Write in {language} ({shop.locale}). Tone: {_quoted(brand.tone)}",
            *(
                f"{name}: {', '.join(map(_quoted, texts))}"
                for name, texts in lists.items()
                if texts
            ),
        ]
    )


def _small_shop(shop: Shop) -> list[str]:
    sold = len(shop.products)
    if sold >= _SMALL_SHOP:
        return []
    return [
        f"The shop sells nothing else: a list of products may have {max(sold // 2, 1)} or more."
    ]


def _pinned(shop: Shop, slots: Iterable[str]) -> list[str]:
    """Say what the merchant has pinned to these slots: copy is to fit it."""
    pins = {slot: [item.id for item in pinned(shop, slot)] for slot in slots}
    places = [f"{slot}: {', '.join(names)}" for slot, names in pins.items() if names]
    return [f"Begin with these products: {'; '.join(places)}."] if places else []


def _row(item: Product, reason: str, *, priced: bool) -> str:
    """Return what a model is told of a product: in place of its tags why it is among them."""
    price = f"{item.price.amount:f}".removesuffix(".00") + f" {item.price.currency}" * priced
    tags = ", ".join(item.tags[:_MOST_TAGS])
    notes = [reason] if reason else [_quoted(tags)] * bool(tags)
    notes += ["reduced"] if item.compare_at else []
    notes += [] if item.available else ["sold out"]
    notes += [] if item.picture else ["no picture"]
    title, category = _quoted(item.title), _quoted(item.category)
    return f"{item.id} | {title} | {category} | {price} | {', '.join(notes)}"


def _leanings(shop: Shop, persona: Persona) -> str:
    """Say what the signals tell in the catalog's words; a signal's own text is not passed on."""
    sold = {name.lower(): name for name in shop.categories()}
    named = (name.lower() for name in persona.signals.category_preferences)
    liked = [_quoted(sold[name]) for name in dict.fromkeys(named) if name in sold]
    lines = [f"\nSensitivity to price: {persona.signals.price_sensitivity}."]
    lines += [f"\nLeans towards: {', '.join(liked[:3])}."] if liked else []
    return "".join(lines)


def _quoted(text: str, longest: int = 80) -> str:
    """Return a text of the feed as data: in quotes, on one line, of bounded length."""
    return json.dumps(" ".join(text.split())[:longest], ensure_ascii=False)
