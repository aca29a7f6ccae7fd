"""The rules in a model's prompt, each with the codes of the refusals that enforce it."""

from __future__ import annotations

from typing import NamedTuple


class Requirement(NamedTuple):
    """A sentence of the prompt, and the codes by which what breaks it is refused."""

    text: str
    codes: tuple[str, ...]


REQUIREMENTS = (
    Requirement(
        "Use only product ids and category names from the lists, spelled exactly as there, each "
        "once in a list.",
        ("UNKNOWN_PRODUCT", "UNKNOWN_CATEGORY", "REPEATED_NAME"),
    ),
    Requirement(
        "What is marked sold out never leads: nothing shows it alone, nor a list of nothing else.",
        ("SOLD_OUT_LEADS",),
    ),
    Requirement(
        "Give every prop unless it is optional, and no other; stay within lengths in characters.",
        (
            *("MISSING_PROP", "EXTRA_PROP", "INVALID_PROP"),
            *("COPY_TOO_LONG", "COPY_TOO_SHORT", "LIST_TOO_LONG", "LIST_TOO_SHORT"),
        ),
    ),
    Requirement(
        "Copy says only what texts here say of its component's products: numbers, percentages, "
        "amounts,",
        ("NUMBER_NOT_STATED", "PRICE_IN_COPY"),
    ),
    Requirement(
        "offers, delivery, guarantees, stock and urgency,",
        (
            *("OFFER_NOT_STATED", "DELIVERY_NOT_STATED", "GUARANTEE_NOT_STATED"),
            *("STOCK_NOT_STATED", "URGENCY_NOT_STATED"),
        ),
    ),
    Requirement(
        "material, parts, origin, health, environment, service, awards, superlatives.",
        ("CLAIM_NOT_STATED", "CLAIM_LIKELY", "SUPERLATIVE_NOT_STATED"),
    ),
    Requirement(
        "Copy holds no other language, address, markup, emoji, exclamation mark, hidden or spaced "
        "letters or banned word.",
        (
            *("URL_IN_COPY", "MARKUP_IN_COPY", "EMOJI_IN_COPY", "EXCLAMATION_IN_COPY"),
            *("OTHER_LANGUAGE", "HIDDEN_CHARACTERS", "SPACED_LETTERS", "BANNED_WORD"),
        ),
    ),
    Requirement(
        "Copy neither tells the shopper what they are like nor names their type or this task.",
        ("SHOPPER_DESCRIBED", "TASK_IN_COPY"),
    ),
)
"""Sentences that end in a comma go on in the next."""


def requirements_text() -> str:
    """Return the requirements as a list for the prompt."""
    text = " ".join(requirement.text for requirement in REQUIREMENTS)
    return "\n".join(f"- {sentence.removesuffix('.')}." for sentence in text.split(". "))
