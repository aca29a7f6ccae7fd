"""The variants of a product as its page offers them."""

from __future__ import annotations

from app.domain.catalog import Product, Variant


def choices_of(item: Product) -> list[tuple[str, list[Variant]]]:
    """Return the variants to choose from, those together that differ in their last option alone.

    Each group has its heading: what its variants share, and the name of what they differ in.
    """
    groups: dict[tuple[str, ...], list[Variant]] = {}
    for form in item.variants if len(item.variants) > 1 else ():
        groups.setdefault(form.values[:-1], []).append(form)
    names = item.option_names
    return [
        (", ".join(filter(None, [*map(_option, names, shared), *names[-1:]])), forms)
        for shared, forms in groups.items()
    ]


def options_of(item: Product) -> dict[str, list[str]]:
    """Return what a product can be had in, by the option's name; empty where it has none."""
    if not item.option_names:
        return {"": list(item.options)} if item.options else {}
    forms = [form for form in item.variants if form.available] or item.variants
    return {
        name: list(dict.fromkeys(form.values[at] for form in forms if form.values[at]))
        for at, name in enumerate(item.option_names)
    }


def _option(name: str, value: str) -> str:
    return f"{name}: {value}" if name and value else value
