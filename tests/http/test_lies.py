"""A model that lies in every way the gold set knows, in every language: nothing of it is shown.

A way is a kind of lie beside a product. That the rules find each lie of the set is held beside them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model
from tests.support.sampling import hurried, sampled
from tests.support.shopper_client import Shopper, stream_of
from tests.support.stored import forget_layouts
from tools.eval_copy import CORPORA, Sentence, read_sentences

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "ja", "ar")
AN_ANSWER = 30
"""Lies of one answer, which may hold 32 components. Each page has two: its hero is asked for again."""


def catalog_of(language: str) -> dict[str, object]:
    """Return the small catalog that the sentences of a language are about."""
    shop = json.loads((CORPORA / "copy_catalog.json").read_text("utf-8"))[language]
    products = []
    for name, facts in shop["products"].items():
        title, category, *description = re.split(r"\. |。", facts)
        words = {"title": title, "category": category, "description": ". ".join(description)}
        products.append({"id": name, "price": 9, **words})
    about = {"id": "small", "name": "Small", "locale": language, "currency": shop["currency"]}
    return {"shop": about, "products": products}


def lying(lies: Sequence[Sentence]) -> Scenario:
    """Return an answer of one hero for each lie."""
    components = [hero(lie) for lie in lies]
    text = json.dumps({"components": components}, ensure_ascii=False)
    return Scenario(text, delta_chars=2_000)


def hero(lie: Sentence) -> dict[str, object]:
    config = {
        "product_id": lie.about,
        "eyebrow": lie.about,
        "headline": lie.about,
        "text": lie.text,
        "link_text": lie.about,
    }
    return {"type": "hero", "id": "hero", "config": config}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_lie_reaches_a_page(
    serve: StartServer, model: Model, tmp_path: Path, language: str
) -> None:
    catalog = tmp_path / "small.json"
    catalog.write_text(json.dumps(catalog_of(language), ensure_ascii=False), "utf-8")
    server = serve(
        WANDSTORE_CATALOG=str(catalog), WANDSTORE_PAGE_MEMORY_SECONDS="0", **model.environment
    )
    told, refused, shown = 0, 0, []
    for lies in batches(language):
        model.play(lying(lies[:AN_ANSWER]), lying(lies[AN_ANSWER:]))
        forget_layouts(server)
        with Shopper(server) as shopper:
            stream = stream_of(shopper.store().text)
            seen = str([event.payload for event in shopper.follow(stream)])
            page = shopper.store().text
            notes = shopper.trace(stream)["notes"]
        told += len(lies)
        refused += sum(note["what"] == "refused" for note in notes)
        shown += [lie.text for lie in lies if lie.text in page or lie.text in seen]
    assert refused >= told > 50
    assert shown == []


def batches(language: str) -> Iterator[Sequence[Sentence]]:
    """Yield a lie of each kind beside each product of a language, a page each; in a hurry a few."""
    sentences = read_sentences(CORPORA / "copy.jsonl")
    lies = [it for it in sentences if it.language == language and not it.admit]
    of_each = list({(it.kind, it.about): it for it in lies}.values())
    told = sampled(lies) if hurried() else of_each
    for start in range(0, len(told), 2 * AN_ANSWER):
        yield told[start : start + 2 * AN_ANSWER]
