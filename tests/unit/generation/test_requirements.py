"""What the prompt asks of a model and what is checked of its answer are the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.domain.catalog import Brand, Shop
from app.domain.page import Proposal, Refusal
from app.generation.copy import context_of_model
from app.generation.requirements import REQUIREMENTS, requirements_text
from app.generation.validate import validate
from app.settings import ROOT
from tests.support.cases import each
from tests.support.factories import product, shop
from tests.support.props import LIBRARY, props_context

SPECS = LIBRARY.specs
SHOP: Shop = shop(
    *(product(f"thing-{at}") for at in range(9)), product("gone", available=False)
)._replace(brand=Brand(banned_words=("artisanal",)))
VALID: dict[str, dict[str, object]] = {
    "hero": {
        "product_id": "thing-1",
        "eyebrow": "New here",
        "headline": "A lamp to read by",
        "text": "It stands quietly beside the chair.",
        "link_text": "See the lamp",
    },
    "grid": {
        "title": "For the evening",
        "text": "All good.",
        "product_ids": [f"thing-{at}" for at in range(8)],
    },
    "cta": {
        "headline": "There is a kettle on",
        "text": "Come through to the kitchen.",
        "link_text": "Come in",
        "category": SHOP.categories()[0],
    },
}
BREACHES: dict[str, tuple[str, dict[str, object]]] = {
    "UNKNOWN_PRODUCT": ("hero", {"product_id": "made-up"}),
    "UNKNOWN_CATEGORY": ("cta", {"category": "Nowhere"}),
    "REPEATED_NAME": ("grid", {"product_ids": ["thing-1"] * 8}),
    "SOLD_OUT_LEADS": ("hero", {"product_id": "gone"}),
    "MISSING_PROP": ("hero", {"headline": ...}),
    "EXTRA_PROP": ("hero", {"price": "9"}),
    "INVALID_PROP": ("hero", {"headline": ["a", "list"]}),
    "COPY_TOO_LONG": ("hero", {"headline": "long " * 40}),
    "COPY_TOO_SHORT": ("hero", {"headline": ""}),
    "LIST_TOO_LONG": ("grid", {"product_ids": [f"thing-{at % 9}" for at in range(60)]}),
    "LIST_TOO_SHORT": ("grid", {"product_ids": []}),
    "NUMBER_NOT_STATED": ("hero", {"text": "It is 45 cm wide."}),
    "PRICE_IN_COPY": ("hero", {"text": "Yours for 149 kr."}),
    "OFFER_NOT_STATED": ("hero", {"text": "Now at half price."}),
    "DELIVERY_NOT_STATED": ("hero", {"text": "Delivered tomorrow."}),
    "GUARANTEE_NOT_STATED": ("hero", {"text": "With a lifetime guarantee."}),
    "STOCK_NOT_STATED": ("hero", {"text": "Only three left."}),
    "URGENCY_NOT_STATED": ("hero", {"text": "Hurry while you can."}),
    "CLAIM_NOT_STATED": ("hero", {"text": "Medically proven to help you sleep."}),
    "CLAIM_LIKELY": ("hero", {"text": "Nobody builds lamps like this any more."}),
    "SUPERLATIVE_NOT_STATED": ("hero", {"text": "The best lamp in the world."}),
    "URL_IN_COPY": ("hero", {"text": "See www.elsewhere.example"}),
    "MARKUP_IN_COPY": ("hero", {"text": "<b>Bold</b> words"}),
    "EMOJI_IN_COPY": ("hero", {"text": "Warm light \U0001f525"}),
    "EXCLAMATION_IN_COPY": ("hero", {"text": "Made to be kept!"}),
    "HIDDEN_CHARACTERS": ("hero", {"text": "zero\u200bwidth"}),
    "SPACED_LETTERS": ("hero", {"text": "It is f r e e of frills."}),
    "BANNED_WORD": ("hero", {"text": "An artisanal lamp."}),
    "TASK_IN_COPY": ("hero", {"text": "The user wants something quiet."}),
    "OTHER_LANGUAGE": (
        "hero",
        {
            "eyebrow": "Für den Abend",
            "headline": "Ein Licht zum Lesen",
            "text": "Es steht auf dem Tisch und ist nicht zu hell.",
            "link_text": "Zur Lampe",
        },
    ),
    "SHOPPER_DESCRIBED": ("hero", {"text": "For a bargain hunter like you."}),
}
"""A prop that breaks each rule: what is `...` is left out."""


def verdict(kind: str, change: dict[str, object]) -> object:
    config = {name: value for name, value in {**VALID[kind], **change}.items() if value is not ...}
    context = context_of_model(props_context(SHOP))
    return validate(Proposal(kind, kind, config), SPECS, context, set())


@pytest.mark.parametrize("kind", VALID)
def test_what_keeps_to_every_rule_is_admitted(kind: str) -> None:
    assert not isinstance(verdict(kind, {}), Refusal)


@each("code", BREACHES)
def test_what_breaks_a_rule_is_refused_for_it(code: str) -> None:
    found = verdict(*BREACHES[code])
    assert isinstance(found, Refusal)
    assert found.code == code


def test_a_line_in_another_language_is_none_beside_others_in_the_shops() -> None:
    assert not isinstance(verdict("hero", {"headline": "کتاب‌های خوب برای خانه"}), Refusal)


def test_a_text_that_is_long_enough_has_a_language_of_its_own() -> None:
    text = "Es steht auf dem Tisch und ist für den Abend nicht zu hell, aber hell genug."
    found = verdict("hero", {"text": text})
    assert isinstance(found, Refusal)
    assert (found.code, found.where) == ("OTHER_LANGUAGE", "hero.text")


def test_every_rule_that_the_prompt_states_has_a_check() -> None:
    stated = {code for requirement in REQUIREMENTS for code in requirement.codes}
    assert stated == set(BREACHES)


def test_every_check_of_copy_and_props_is_stated_in_the_prompt() -> None:
    stated = {code for requirement in REQUIREMENTS for code in requirement.codes}
    checks = [*(ROOT / "app/generation/copy").glob("*.py"), ROOT / "app/generation/validate.py"]
    checks.append(ROOT / "components" / "fields.py")
    of_the_answer = {"UNKNOWN_COMPONENT", "SLOT_TAKEN"}
    repairs = {"TYPE_SPELLING", "PROP_SPELLING", "NESTED_CONFIG", "NAME_AS_NUMBER", "NAME_WRAPPED"}
    assert set().union(*map(codes_in, checks)) == stated | of_the_answer | repairs


def codes_in(path: Path) -> set[str]:
    """Return the codes of refusals that a module knows."""
    return set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', path.read_text()))


def test_the_prompt_says_each_rule_as_a_sentence() -> None:
    lines = requirements_text().splitlines()
    assert all(line.startswith("- ") and line.endswith(".") for line in lines)
    said = " ".join(line.removeprefix("- ") for line in lines)
    assert all(it.text.rstrip(".,") in said for it in REQUIREMENTS)
