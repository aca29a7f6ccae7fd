"""Copy in another language than the shop's: found where there is enough of it, and hardly else."""

from __future__ import annotations

import json
from collections import defaultdict

from app.generation.copy.rules import CopyRules
from tests.support.cases import each
from tests.support.sampling import sampled
from tools.eval_copy import CORPORA, lexicons, read_sentences

LEXICONS = lexicons()
CATALOG = json.loads((CORPORA / "copy_catalog.json").read_text("utf-8"))
RULES = {language: CopyRules(LEXICONS, language=language) for language in CATALOG}
SENTENCES = sampled(read_sentences(CORPORA / "copy.jsonl"))
LISTED = ("ar", "de", "en", "es", "fr", "it", "ja", "nl", "pl")
MOST_WRONGLY_REFUSED = 0.003
ENOUGH_WORDS = 9


def elsewhere(text: str, language: str, *facts: str) -> bool:
    return bool(RULES[language].language([text], facts))


def test_what_is_true_of_a_product_is_hardly_ever_taken_for_another_language() -> None:
    true = [it for it in SENTENCES if it.admit]
    facts = {it: CATALOG[it.language]["products"][it.about] for it in true}
    wrong = [it.text for it in true if elsewhere(it.text, it.language, facts[it])]
    assert len(wrong) <= MOST_WRONGLY_REFUSED * len(true), wrong


def test_what_is_long_enough_is_mostly_found_in_every_other_shop() -> None:
    found: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    for it in SENTENCES:
        is_enough = it.language == "ja" or len(it.text.split()) >= ENOUGH_WORDS
        for other in LISTED if it.language in LISTED and is_enough else ():
            if other != it.language:
                found[it.language, other].append(elsewhere(it.text, other))
    rates = [sum(each) / len(each) for each in found.values()]
    assert len(rates) == len(LISTED) * (len(LISTED) - 1)
    assert sum(rates) / len(rates) > 0.9


@each(
    ("language", "text"),
    [
        ("en", "Une lampe pour les soirs où l'on ne veut pas sortir."),
        ("en", "Лампа для тихих вечеров дома."),
        ("de", "A lamp for the quiet end of the shelf."),
        ("ja", "A lamp for the quiet end of the shelf."),
        ("ja", "Тихий свет для вечера"),
        ("ar", "A lamp for the quiet end of the shelf."),
        ("ar", "静かな夜のための明かり"),
        ("es", "静かな夜のための明かり"),
        ("ru", "A lamp for the quiet end"),
        ("ko", "A lamp for the quiet end"),
        ("sv", "Лампа для тихих вечеров дома."),
    ],
)
def test_another_language_is_known_by_its_letters_or_its_common_words(
    language: str, text: str
) -> None:
    assert elsewhere(text, language)


@each(
    ("language", "text", "fact"),
    [
        ("de", "A lamp for the quiet end of the shelf", "A lamp for the quiet end of the shelf."),
        ("ja", "Dusk Lamp Oak Edition", "Dusk Lamp Oak Edition"),
        ("ja", "Dusk Lamp、静かな夜に。", ""),
        ("ar", "Dusk Lamp", ""),
        ("de", "Das Buch „The End of the World“ für den Abend", ""),
        ("fr", "Le Wabi-Sabi 侘寂", ""),
        ("pt", "A lamp for the quiet end of the shelf", ""),
        ("en", "Voilà", ""),
        ("en", "", ""),
        ("ru", "Лампа Dusk Lamp", ""),
        ("ka", "ნათურა წყნარი საღამოსთვის", ""),
    ],
)
def test_names_and_what_the_catalog_writes_itself_are_no_other_language(
    language: str, text: str, fact: str
) -> None:
    assert CopyRules(LEXICONS, language=language).language([text], [fact]) == ()
