"""What sounds like a claim is refused though no list has a word for it."""

from __future__ import annotations

from app.generation.copy.classifier import LANGUAGES, WEIGHTS, classifier
from app.generation.copy.rules import CopyRules, Finding
from tools.eval_copy import CORPORA, judge, lexicons, rates, read_sentences
from tools.train_copy import digest, learn, written

ENGLISH = CopyRules(lexicons(), language="en-GB", currency="EUR", banned=["cheeky"])
LAMP = "Dusk Lamp. Lamps. A table lamp with a brass stem and a linen shade. 12 watts, dimmable."
UNHEARD = "Nobody builds lamps like this any more."


def weighed(text: str, facts: str = LAMP, rules: CopyRules = ENGLISH) -> tuple[Finding, ...]:
    return rules.weigh(text, [facts], classifier())


def test_what_no_list_knows_is_refused_with_the_words_that_it_is_for() -> None:
    assert ENGLISH.check(UNHEARD, [LAMP]) == ()
    (found,) = weighed(UNHEARD)
    assert found.code == "CLAIM_LIKELY"
    assert set(found.words.split()) <= set(UNHEARD.lower().strip(".").split())
    assert found.words


def test_what_a_list_finds_passes_where_it_sounds_like_no_claim_at_all() -> None:
    plain = "A kitchen that smells of thyme."
    assert [found.code for found in ENGLISH.check(plain, [LAMP])] == ["CLAIM_NOT_STATED"]
    assert weighed(plain) == ()


def test_a_place_and_what_helps_the_climate_are_claims_however_plain_it_sounds() -> None:
    for language, text in {
        "en": "Olive oil from Greece",
        "de": "Wolle aus Neuseeland",
        "fr": "Laine d'Écosse",
        "pl": "Dąb ze Szwecji",
        "it": "Buona per il pianeta",
    }.items():
        rules = CopyRules(lexicons(), language=language, currency="EUR")
        assert [found.code for found in weighed(text, rules=rules)][:1] == ["CLAIM_NOT_STATED"], (
            text
        )
        assert weighed(text, text, rules) == ()


def test_to_save_energy_is_a_claim_and_to_save_space_is_none() -> None:
    for language, claim, plain in (
        ("en", "Saves energy", "Saves space on the desk"),
        ("de", "Spart Strom", "Spart Platz auf dem Tisch"),
        ("fr", "Économise l'énergie", "Économise la place sur le bureau"),
        ("es", "Ahorra energía", "Ahorra espacio en la mesa"),
        ("it", "Risparmia energia", "Risparmia spazio sul tavolo"),
        ("nl", "Bespaart energie", "Bespaart ruimte op het bureau"),
        ("pl", "Oszczędza prąd", "Oszczędza miejsce na stole"),
        ("ar", "يوفر الطاقة", "يوفر المساحة على الطاولة"),
    ):
        rules = CopyRules(lexicons(), language=language, currency="EUR")
        assert "CLAIM_NOT_STATED" in {found.code for found in weighed(claim, rules=rules)}, claim
        assert rules.check(plain, [LAMP]) == (), plain


def test_a_number_an_amount_a_banned_word_and_a_picture_are_refused_however_it_sounds() -> None:
    for text, code in {
        "A cup for the 45 minutes before the news.": "NUMBER_NOT_STATED",
        "A cup for the hour before the news, 5 euros.": "PRICE_IN_COPY",
        "A cheeky cup for the hour before the news.": "BANNED_WORD",
        "A cup for the hour before the news ☕": "EMOJI_IN_COPY",
    }.items():
        assert code in {found.code for found in weighed(text)}, text


def test_of_several_sentences_one_that_sounds_like_a_claim_is_enough() -> None:
    assert weighed("One page more, then sleep.") == ()
    assert weighed(f"One page more, then sleep. {UNHEARD}") == weighed(UNHEARD)


def test_what_the_catalog_says_word_for_word_is_no_claim_whatever_it_sounds_like() -> None:
    facts = f"{LAMP} Unlike others, {UNHEARD.lower()} Not fit for cellars that nobody builds."
    assert weighed(UNHEARD, facts) == ()
    assert weighed(f"One page more. {UNHEARD}", facts) == ()


def test_a_part_of_what_the_catalog_says_is_weighed_as_it_may_say_the_opposite() -> None:
    japanese = CopyRules(lexicons(), language="ja", currency="JPY")
    prize = "ロンドン・ハニーショー金賞"
    assert weighed(f"{prize}。", f"はちみつ。500 g瓶。{prize}。", japanese) == ()
    assert weighed(f"{prize}。", f"はちみつ。500 g瓶。{prize}ではない。", japanese)


def test_a_promise_sounds_no_better_for_the_other_words_that_the_catalog_has() -> None:
    facts = f"{LAMP} Free returns within 60 days."
    assert weighed("Free returns for ever.", facts)
    arabic = CopyRules(lexicons(), language="ar", currency="SAR")
    assert weighed("توصيل مجاني أيضا.", "مصباح من الفولاذ. إرجاع مجاني خلال 60 يوما.", arabic)


def test_a_superlative_is_no_more_stated_by_the_plain_word_than_it_sounds_better_for_it() -> None:
    for language, plain, most, copy in (
        ("en", "A soft throw.", "The softest throw we sell.", "The softest throw"),
        ("de", "Eine helle Lampe.", "Die hellste Lampe bei uns.", "Unsere hellste Lampe"),
        ("fr", "Une laine douce.", "La plus douce des laines.", "La laine la plus douce"),
        ("es", "Una manta cálida.", "La manta más cálida.", "La manta más cálida"),
        ("it", "Una coperta calda.", "La coperta più calda.", "La coperta più calda"),
        ("nl", "Een warme deken.", "De warmste deken.", "Onze warmste deken"),
    ):
        rules = CopyRules(lexicons(), language=language, currency="EUR")
        found = {it.code for it in weighed(copy, plain, rules)}
        assert found == {"SUPERLATIVE_NOT_STATED"}, copy
        assert weighed(copy, most, rules) == (), copy


def test_a_language_that_nothing_was_learned_of_is_left_to_the_lists() -> None:
    swedish = CopyRules(lexicons(), language="sv", currency="SEK")
    assert weighed("Ingen bygger sådana lampor längre.", "", swedish) == ()


def test_text_in_other_letters_is_left_to_the_lists_whatever_name_is_in_it() -> None:
    text = "Zqhero \u06a9\u062a\u0627\u0628\u200c\u0647\u0627\u06cc \u062e\u0648\u0628 \u0628\u0631\u0627\u06cc \u062e\u0627\u0646\u0647"
    assert weighed(text) == ENGLISH.check(text, [LAMP])


def test_what_was_learned_is_of_the_sentences_and_words_that_there_are() -> None:
    assert classifier().digest == digest(), "make train-copy"


def test_what_is_learned_is_told_apart() -> None:
    weights, bias = learn([([1, 2], True), ([2, 3], False)] * 20)
    assert weights[1] > 0 > weights[3]
    assert abs(weights[2]) < weights[1]
    assert len(written(weights, bias, bytes(32))) == len(WEIGHTS.read_bytes())


def test_sentences_that_nothing_was_learned_from_are_judged_better_than_by_the_lists_alone() -> (
    None
):
    """The lists alone admit 59 of the 149 that are untrue, and refuse 6 of the 150 true ones."""
    unseen = read_sentences(CORPORA / "copy_unseen.jsonl")
    learned = {(it.language, it.text) for it in read_sentences(CORPORA / "copy.jsonl")}
    assert not {(it.language, it.text) for it in unseen} & learned
    assert {it.language for it in unseen} <= LANGUAGES
    admitted, refused = rates(list(judge(unseen)))
    assert admitted.part <= 0.27
    assert refused.part <= 0.06
