"""merchandising.toml -> the merchant's rules, checked by line, and as they hold at a moment."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import combinations
from math import ceil, isfinite
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from app.catalog.json_shop import LOCALE
from app.catalog.problems import shown
from app.catalog.toml_tables import Table, TomlFile, Unusable
from app.domain.catalog import FeedIssue, Goods, Product, Shop, Steering
from app.domain.merchandising import ACTIONS, PRODUCT_ACTIONS, Rule
from app.domain.persona import PERSONA_TYPES

FILE_NAME = "merchandising.toml"
MOST_RULES = 100
_MOST_PRIORITY = 1_000
_MOST_STOCK = 1_000_000
_KEYS = (*ACTIONS, "slot", "of", "persona", "locale", "from", "until", "priority", "note")


class RuleFile(NamedTuple):
    """The rules of a shop, what is wrong with their file, and whether all of it is unreadable."""

    rules: tuple[Rule, ...] = ()
    problems: tuple[FeedIssue, ...] = ()
    unreadable: bool = False


def rules_path(catalog: Path, *, alone: bool) -> Path:
    """Return where the rules of a catalog are: beside it, under its name where it is not alone."""
    own = catalog.with_name(f"{catalog.stem}.{FILE_NAME}")
    return catalog.with_name(FILE_NAME) if alone and not own.is_file() else own


def read_rules(path: Path, shop: Shop) -> RuleFile:
    """Read the rules of a shop; a rule that cannot be used costs only itself."""
    file = TomlFile(path)
    file.known(("timezone", "rule"))
    rules = tuple(file.each("rule", MOST_RULES, lambda table: _rule(table, shop, file)))
    for line, reason in _conflicts(rules):
        file.note(line, reason)
    return RuleFile(rules, file.problems, file.unreadable)


def _rule(table: Table, shop: Shop, file: TomlFile) -> Rule:
    table.only(_KEYS)
    actions = [action for action in ACTIONS if action in table.fields]
    if len(actions) != 1:
        raise Unusable(actions[1] if actions else "", f"one of {', '.join(ACTIONS)} is needed")
    action = actions[0]
    if (action == "pin") != ("slot" in table.fields):
        raise Unusable("slot", "a pin names its slot, and nothing else does")
    if (action == "share") != ("of" in table.fields):
        raise Unusable("of", "a share names what it is of, and nothing else does")
    begins, ends = table.period()
    least, most = (1, _MOST_STOCK) if action == "least_stock" else (0.01, 1)
    named = action if action in PRODUCT_ACTIONS else "of"
    return Rule(
        line=table.start,
        action=action,
        products=_products(table, named, shop, file) if named in table.fields else (),
        amount=0.0 if named == action else table.number(action, least, most),
        slot=table.text("slot"),
        personas=table.texts("persona", PERSONA_TYPES),
        locales=tuple(map(_tag, table.texts("locale"))),
        begins=begins,
        ends=ends,
        priority=table.whole("priority", -_MOST_PRIORITY, _MOST_PRIORITY),
    )


def _tag(text: str) -> str:
    """Return a language's tag as it is compared: `de_AT` and `de-at` are one."""
    tag = text.replace("_", "-").lower()
    if not LOCALE.fullmatch(tag):
        raise Unusable("locale", f"locale {shown(text)} is no tag of a language, such as de-AT")
    return tag


def _products(table: Table, key: str, shop: Shop, file: TomlFile) -> tuple[str, ...]:
    """Return the products that a rule names; what is not sold is reported and left out."""
    meant = {name: tuple(_meant(key, name, shop)) for name in table.texts(key)}
    to_do = "show" if key == "of" else key
    unknown = [f"there is no {shown(name)} to {to_do}" for name, ids in meant.items() if not ids]
    if len(unknown) == len(meant):
        raise Unusable(key, unknown[0])
    for reason in unknown:
        file.note(table.line_of(key), reason)
    return tuple(dict.fromkeys(name for ids in meant.values() for name in ids))


def _meant(action: str, name: str, shop: Shop) -> Iterator[str]:
    kind, colon, text = name.partition(":")
    if not colon:
        yield from (name,) if name in shop.products else ()
        return
    if action == "pin":
        raise Unusable(action, "a pin names products by their ids")
    wanted = text.strip().casefold()
    for item in shop.products.values():
        names = {"category": (item.category,), "tag": item.tags}.get(kind, ())
        if wanted in (given.casefold() for given in names):
            yield item.id


def _conflicts(rules: Iterable[Rule]) -> Iterator[tuple[int, str]]:
    """Yield the rules that say two things of one product at one time, with the same priority."""
    for first, second in combinations(rules, 2):
        if first.priority != second.priority or not overlap(first, second):
            continue
        if first.action in PRODUCT_ACTIONS and second.action in PRODUCT_ACTIONS:
            both = set(first.products).intersection(second.products)
            subject = shown(min(both)) if both and first.action != second.action else ""
        elif first.action == second.action == "share":
            apart = set(first.products).isdisjoint(second.products)
            subject = "one list" if apart and first.amount + second.amount > 1 else ""
        else:
            same = first.action == second.action and first.amount != second.amount
            subject = "the shop" if same else ""
        if subject:
            odds = (
                f"{second.action} of {subject} is at odds with {first.action} in line {first.line}"
            )
            yield second.line, f"{odds}, which holds: give one a priority"


def overlap(first: Rule, second: Rule) -> bool:
    """Return whether two rules can hold for one page at one moment."""
    together = (
        not one or not other or set(one) & set(other)
        for one, other in ((first.personas, second.personas), (first.locales, second.locales))
    )
    return all(together) and first.begins < second.ends and second.begins < first.ends


def rules_at(shop: Shop, persona_type: str, moment: float) -> tuple[Rule, ...]:
    """Return the rules that hold for a persona at a moment (Unix seconds), the strongest first."""
    locale = shop.locale.lower()
    spoken = {locale, locale.partition("-")[0]}
    holding = (
        rule
        for rule in shop.rules
        if rule.begins <= moment < rule.ends
        and (not rule.personas or persona_type in rule.personas)
        and (not rule.locales or not spoken.isdisjoint(rule.locales))
    )
    return tuple(sorted(holding, key=lambda rule: (-rule.priority, rule.line)))


def next_change(shop: Shop, moment: float) -> int:
    """Return when other rules will hold (Unix seconds, rounded up); 0 for never."""
    return ceil(min((edge for edge in _edges(shop) if moment < edge), default=0))


def latest_change(shop: Shop, moment: float) -> int:
    """Return since when the rules of a moment hold (Unix seconds, rounded up); 0 for always."""
    return ceil(max((edge for edge in _edges(shop) if edge <= moment), default=0))


def _edges(shop: Shop) -> Iterator[float]:
    edges = (edge for rule in shop.rules for edge in (rule.begins, rule.ends))
    return filter(isfinite, edges)


def changes(shop: Shop, moment: float) -> Iterator[int]:
    """Yield every moment after this one from which on other rules hold (Unix seconds)."""
    while moment := next_change(shop, moment):
        yield moment


def steer(shop: Shop, rules: tuple[Rule, ...]) -> Shop:
    """Return the shop as these rules have it, the strongest of them first.

    Of two that name one product the stronger holds. Rules that would leave nothing to sell exclude
    nothing.
    """
    if not rules:
        return shop
    actions: dict[str, str] = {}
    pins: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        if rule.action in PRODUCT_ACTIONS:
            held = [
                name
                for name in rule.products
                if actions.setdefault(name, rule.action) == rule.action
            ]
            if rule.action == "pin":
                pins[rule.slot] = tuple(dict.fromkeys((*pins.get(rule.slot, ()), *held)))
    least = next((rule.amount for rule in rules if rule.action == "least_stock"), 0)
    share = next((rule.amount for rule in rules if rule.action == "diversity"), 1)

    def stays(item: Product) -> bool:
        return actions.get(item.id) != "exclude" and (item.stock is None or item.stock >= least)

    items = [*filter(stays, shop.products.values())] or [*shop.products.values()]
    kept = {item.id: item for item in items}
    left, shares = 1.0, []
    for rule in rules:
        if rule.action == "share":
            part = min(rule.amount, left)
            shares.append(({name: kept[name] for name in rule.products if name in kept}, part))
            left -= part
    place = {"boost": -1, "bury": 1}
    ordered = sorted(items, key=lambda item: place.get(actions.get(item.id, ""), 0))
    return shop._replace(
        products=Goods({item.id: item for item in ordered}),
        digest=hashlib.sha256(repr((shop.digest, rules)).encode()).hexdigest()[:16],
        steering=Steering(
            MappingProxyType(pins),
            frozenset(name for name, action in actions.items() if action == "boost"),
            frozenset(name for name, action in actions.items() if action == "bury"),
            share,
            tuple(shares),
        ),
    )
