"""What copy may say beside the catalog's own text, in which words, however they are written."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from app.catalog.load import load_catalogs
from app.content.prompts import load_words
from app.generation.copy import PropsContext, load_rules
from app.generation.copy.lexicon import Lexicons, lexicon_of, unreadable
from app.generation.copy.rules import CopyRules
from app.generation.copy.shop import ShopCopy
from app.settings import ROOT
from tests.support.cases import each
from tests.support.sampling import sampled
from tools.eval_copy import (
    CORPORA,
    WRONGLY_REFUSED,
    judge,
    lexicons,
    rates,
    read_sentences,
)

LEXICONS = lexicons()
ENGLISH = CopyRules(LEXICONS, language="en-GB", currency="SEK")
BOARD = (
    "Oak Board. 30 x 40 cm, holds 1,500 g. Three hooks. Made in Portugal, guaranteed for two years."
)


def codes(text: str, rules: CopyRules = ENGLISH, facts: str = BOARD) -> set[str]:
    return {finding.code for finding in rules.check(text, [facts])}


@each(
    "text",
    [
        "A **bold** word",
        "Oak, *softly oiled*.",
        "A _quiet_ word",
        "A `quiet` word",
        "A ~~loud~~ word",
        "## Oak to cut on",
        "#cosy evenings",
        "From @lamps with light",
        "A board for [Your Name]",
        "A board for %s",
        "A board for %(name)s",
        "A board for %name%",
    ],
)
def test_markdown_is_markup(text: str) -> None:
    assert codes(text) == {"MARKUP_IN_COPY"}


def test_an_asterisk_inside_a_word_or_of_the_catalog_is_no_markup() -> None:
    german = CopyRules(LEXICONS, language="de", currency="EUR")
    assert codes("Für Leser*innen und Freund_innen.", german) == set()
    assert codes("Zur Lampe *Dusk* ein Buch.", german) == {"MARKUP_IN_COPY"}
    assert codes("Zur Lampe *Dusk* ein Buch.", german, "Lampe *Dusk*") == set()


@each(
    "text",
    ["undefined", "None.", "null", "NaN", "N/A", "TBD", "...", "--", '""', "string", "NaN of light", "TODO: text"],
)  # fmt: skip
def test_what_a_program_leaves_where_nothing_was_written_is_no_copy(text: str) -> None:
    assert "TASK_IN_COPY" in codes(text)


@each(
    ("language", "text"),
    [
        ("en", "Sure, here is the headline"),
        ("en", "I'm sorry, but I can't help with that."),
        ("de", "Leider kann ich das nicht schreiben."),
        ("fr", "Voici le texte"),
        ("es", "Lo siento, pero no puedo."),
        ("it", "Ecco il testo"),
        ("nl", "Hier is de tekst"),
        ("pl", "Oto nagłówek"),
    ],
)
def test_what_a_model_says_to_who_asks_it_is_no_copy(language: str, text: str) -> None:
    assert "TASK_IN_COPY" in codes(text, CopyRules(LEXICONS, language=language))


@each(
    ("language", "text"),
    [
        ("en", "Quiet, if undefined hours"),
        ("en", "None so quiet: true to its word, i.e. oak"),
        ("en", "Here is the board, e.g. for bread"),
        ("de", "Null Blendung, z.B. am Abend"),
        ("es", "Todo"),
        ("en", "THE OAK BOARD"),
        ("nl", "De leeslamp, vóór het slapen"),
        ("it", "LA SERA"),
    ],
)
def test_copy_may_hold_words_that_a_program_or_an_article_might_be(
    language: str, text: str
) -> None:
    assert codes(text, CopyRules(LEXICONS, language=language)) == set()


@each(
    ("language", "text"),
    [
        ("nl", "Dé leeslamp."),
        ("nl", "Hét licht voor lezers"),
        ("nl", "Dit is DE leeslamp"),
        ("en", "THE lamp for readers"),
        ("de", "Das ist DIE Leselampe."),
        ("fr", "C'est LA lampe."),
        ("es", "Es LA lámpara."),
        ("it", "È LA lampada."),
    ],
)
def test_an_article_that_is_stressed_says_that_there_is_no_other(language: str, text: str) -> None:
    rules = CopyRules(LEXICONS, language=language)
    assert codes(text, rules) == {"SUPERLATIVE_NOT_STATED"}
    assert codes(text, rules, text) == set(), "the catalog says so"


@each(
    ("language", "text"),
    [
        ("en", "Lifts your mood"),
        ("de", "Hebt die Stimmung"),
        ("fr", "Remonte le moral"),
        ("es", "Levanta el ánimo"),
        ("it", "Migliora l'umore"),
        ("nl", "Verbetert je humeur"),
        ("pl", "Poprawia nastrój"),
        ("de", "Auch in Grün"),
        ("es", "También en verde"),
    ],
)
def test_what_lifts_the_mood_or_comes_in_another_colour_is_a_claim(
    language: str, text: str
) -> None:
    assert codes(text, CopyRules(LEXICONS, language=language), "") == {"CLAIM_NOT_STATED"}


@each(
    ("language", "text"),
    [
        ("de", "Ganz ohne Plastik"),
        ("fr", "Sans plastique"),
        ("nl", "Verpakt zonder plastic"),
        ("fr", "En imitation cuir"),
        ("es", "De imitación cuero"),
        ("de", "Es eilt"),
        ("en", "Our latest lamp"),
    ],
)
def test_no_harmless_phrase_hides_a_whole_claim(language: str, text: str) -> None:
    rules = CopyRules(LEXICONS, language=language)
    assert codes(text, rules, "")
    assert codes(text, rules, f"{text}.") == set()


@each(
    ("language", "hour", "lamp"),
    [
        ("en", "For the longest evenings of the year.", "For the brightest lamp of the year."),
        ("de", "Für die längsten Abende des Jahres.", "Die wärmste Lampe des Jahres."),
        ("fr", "Pour les plus longues soirées de l'année.", "La plus douce des lampes."),
        ("fr", "L'heure la plus calme du jour.", "La lampe la plus calme du jour."),
        ("es", "Para las noches más largas del año.", "La lámpara más suave del año."),
        ("it", "Per l'ora più quieta del giorno.", "La lampada più calda dell'anno."),
        ("nl", "Voor de langste avonden van het jaar.", "De warmste lamp van het jaar."),
    ],
)
def test_a_superlative_may_be_said_of_an_hour_but_of_no_product(
    language: str, hour: str, lamp: str
) -> None:
    rules = CopyRules(LEXICONS, language=language)
    assert codes(hour, rules, "") == set()
    assert "SUPERLATIVE_NOT_STATED" in codes(lamp, rules, "")


@each(
    ("language", "text"),
    [
        ("de", "Für einen Tag im Freien."),
        ("en", "For a day outside."),
        ("es", "Para un día fuera."),
        ("fr", "Pour un jour dehors."),
        ("it", "Per un giorno fuori."),
        ("nl", "Voor een dag op pad."),
        ("nl", "Voor een uur en een jaar."),
    ],
)
def test_an_article_is_no_number_of_what_it_stands_before(language: str, text: str) -> None:
    assert codes(text, CopyRules(LEXICONS, language=language, currency="EUR")) == set()


def test_of_the_gold_set_nothing_untrue_is_admitted_and_hardly_anything_true_refused() -> None:
    sentences = read_sentences(CORPORA / "copy.jsonl")
    assert min(Counter(it.admit for it in sentences).values()) >= 1000
    judged = list(judge(sampled(sentences)))
    assert [it.sentence for it in judged if it.wrong and not it.findings] == [], "untrue, admitted"
    _, refused = rates(judged)
    assert refused.part <= WRONGLY_REFUSED


@each(
    "text",
    [
        "30 x 40 cm of oak",
        "0.4 m across, 30 cm deep",
        "Forty centimetres long",
        "Carries 1.5 kg of bread",
        "Three hooks",
        "With 3 hooks",
        "A two-year guarantee",
        "A thousand thanks",
    ],
)
def test_a_number_that_the_catalog_states_may_be_said_in_any_of_its_forms(text: str) -> None:
    assert codes(text) == set()


@each(
    "text",
    [
        "45 cm wide",
        "For ten thousand kitchens",
        "40 kg of bread",
        "30 %",
        "Thirty percent",
        "Model 1899",
        "Four hooks, 4 screws",
        "Yours for four fifty",
        "Forty-nine, and worth it",
    ],
)
def test_a_number_of_something_else_is_refused(text: str) -> None:
    assert codes(text) == {"NUMBER_NOT_STATED"}


def test_parts_scents_colours_and_services_are_claims() -> None:
    claims = {
        "With a wide handle": "A board with a handle.",
        "Smells of cedar": "Scented with cedar.",
        "Available in sage": "Colour: sage.",
        "Folds flat": "It folds flat.",
        "We engrave your initials": "We engrave your initials.",
        "New in our range": "New in our range.",
        "We taste each one": "We taste each one.",
    }
    assert {text for text in claims if codes(text) != {"CLAIM_NOT_STATED"}} == set()
    assert {text for text, facts in claims.items() if codes(text, facts=facts)} == set()
    assert codes("Smells of cedar", facts="Scented with rose.") == {"CLAIM_NOT_STATED"}
    assert codes("Smells of Sunday, with a book") == set()


@each(
    "text",
    ["bara 149 kr", "SEK 149", "149 sek", "Rs. 499", "₺499", "499 zł", "twenty kronor", "5 € each"],
)
def test_an_amount_is_refused_in_any_currency(text: str) -> None:
    assert "PRICE_IN_COPY" in codes(text)


def test_an_amount_that_the_catalog_writes_may_be_said() -> None:
    assert codes("A card worth 50 euros", facts="Gift card of 50 €.") == set()
    assert codes("A card worth 50 dollars", facts="Gift card of 50 €.") == {"PRICE_IN_COPY"}


def test_a_word_for_a_currency_that_means_something_else_counts_where_it_is_the_shops_own() -> None:
    brazil = CopyRules(LEXICONS, language="en", currency="BRL")
    assert codes("Two real friends") == set()
    assert "PRICE_IN_COPY" in codes("Two real", brazil)


@each(
    "text",
    [
        "FREE shipping",
        "Fｒｅｅ ｓｈｉｐｐｉｎｇ",
        "fr\u200bee ship\u00adping",
        "free\u00a0shipping",
        "f\u0433ee shipping",  # a Cyrillic letter that looks like r
        "frée shîpping",
        "fr-ee ship-ping",
        "fr.ee ship*ping",
        "𝐟𝐫𝐞𝐞 𝐬𝐡𝐢𝐩𝐩𝐢𝐧𝐠",
        "ꜰʀᴇᴇ ꜱhipping",
        "Gratis Versand",
        "livraison gratuite",
        "送料無料",
        "شَحْنٌ مَجَّانِيٌّ",
        "شـــحـن مجانـي",
        "bezpłatna dostawa",
    ],
)
def test_an_offer_is_seen_however_it_is_written_and_in_whatever_language(text: str) -> None:
    assert codes(text) & {"OFFER_NOT_STATED", "DELIVERY_NOT_STATED"}


@pytest.mark.parametrize("text", ["f r e e", "f.r.e.e", "F_R_E_E", "м а г и я"])
def test_copy_is_not_spelled_letter_by_letter(text: str) -> None:
    assert codes(text) == {"SPACED_LETTERS"}


@pytest.mark.parametrize("digits", ["45", "４５", "٤٥", "४५", "𝟒𝟓", "④⑤"])
def test_digits_are_seen_in_every_script(digits: str) -> None:
    assert codes(f"Now {digits} wide") == {"NUMBER_NOT_STATED"}


def test_the_longer_phrase_counts_for_a_material() -> None:
    assert codes("Faux leather", facts="A strap of leather.") == {"CLAIM_NOT_STATED"}
    assert codes("Leather", facts="A strap of faux leather.") == {"CLAIM_NOT_STATED"}
    assert codes("Soft leather", facts="A strap of leather.") == set()


def test_a_claim_needs_the_same_meaning_and_the_same_words() -> None:
    assert codes("Organically grown", facts="Organic cotton.") == set()
    assert codes("A lifetime guarantee") == {"GUARANTEE_NOT_STATED"}
    assert codes("Made in Spain") == {"CLAIM_NOT_STATED"}


def test_exclamation_marks_and_pictures_are_refused_but_where_a_title_has_them() -> None:
    assert codes("Hello!") == {"EXCLAMATION_IN_COPY"}
    assert codes("Hallo！") == {"EXCLAMATION_IN_COPY"}
    assert codes("Say Wham! again", facts="The Wham! record") == set()
    assert codes("Sun ☀️ and tea 🫖") == {"EMOJI_IN_COPY"}
    assert codes("Brand® at 20°", facts="20°") == set()


def test_a_merchant_bans_words_and_vouches_for_claims() -> None:
    rules = CopyRules(
        LEXICONS,
        banned=["cheeky", "world peace", "(weird*"],
        allowed=["Free delivery from our shop in Leeds", "30 days to think"],
    )
    assert codes("A CHEEKY little cup", rules) == {"BANNED_WORD"}
    assert codes("World   peace and weirdness", rules) == {"BANNED_WORD"}
    assert codes("Free delivery, 30 days to think", rules) == set()
    assert "OFFER_NOT_STATED" in codes("A free cup", rules)


def test_a_word_means_nothing_in_a_language_that_is_not_spoken() -> None:
    italian = CopyRules(LEXICONS, language="it")
    assert codes("Pane, olio e sale grosso", italian) == set()
    assert "OFFER_NOT_STATED" in codes("Summer sale on all boards", ENGLISH)


def test_the_time_grows_with_the_length_and_not_faster() -> None:
    def seconds(text: str) -> float:
        began = time.process_time()
        ENGLISH.check(text)
        return time.process_time() - began

    for piece in ("free all of 2 ", "a-b.", "1,2.", "zweihundertfünfzig", "x" * 50, "無料で"):
        most = 20 * min(seconds(piece * 100 + str(it)) for it in range(3)) + 0.02
        assert any(seconds(piece * 800 + str(it)) < most for it in range(3)), piece


BROKEN = "[numbers]\n1 one\nsome many\n\n[offer]\nhalf price\n(open\nfree gift\n"


def test_a_line_that_cannot_be_read_is_named_and_costs_only_itself() -> None:
    found = unreadable(BROKEN)
    assert [line for line, _ in found] == [3, 7]
    assert all(reason for _, reason in found)
    rules = CopyRules(Lexicons({"en": BROKEN}), language="en", currency="EUR")
    assert codes("At half price", rules, "") == {"OFFER_NOT_STATED"}
    assert codes("With a free gift", rules, "") == {"OFFER_NOT_STATED"}


def test_each_of_a_groups_several_words_is_found_whatever_stands_for_its_first() -> None:
    rules = CopyRules(Lexicons({"en": "[offer]\n(prize*_win|*some_day)"}))
    for text in ("Prizes win", "Handsome day"):
        assert codes(text, rules, "") >= {"OFFER_NOT_STATED"}, text
    assert codes("Prizes lost", rules, "") == set()


@each("language", load_words(ROOT / "prompts"))
def test_every_line_of_our_lists_can_be_read(language: str) -> None:
    assert unreadable(load_words(ROOT / "prompts")[language]) == ()


def test_a_shop_without_lists_of_its_own_is_held_to_ours(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "de.txt").write_text("[offer]\nSchnäppchen\n")
    words = load_words(tmp_path)
    ours = load_words(ROOT / "prompts")
    assert words.keys() == ours.keys()
    assert words["fr"] == ours["fr"]
    assert words["de"].startswith("[offer]\nSchnäppchen\n")


def test_what_a_merchant_bans_or_vouches_for_counts_in_their_shop(tmp_path: Path) -> None:
    brand = {"banned_words": ["quirk*", "gadget"], "allowed_claims": ["Certified organic"]}
    about = {"locale": "en-GB", "currency": "GBP", "brand": brand}
    items = [{"id": "mug", "title": "Mug", "price": 9}]
    path = tmp_path / "shop.json"
    path.write_text(json.dumps({"shop": about, "products": items}))
    shop = load_catalogs(path).default
    copy = PropsContext(load_words(ROOT / "prompts"))(shop)["copy"]
    assert isinstance(copy, ShopCopy)

    def found(text: str) -> set[str]:
        return {finding.code for finding in copy(text, ["mug"])}

    assert found("A quirky gadget") == {"BANNED_WORD"}
    assert found("Certified organic") == set()
    assert found("Certified vegan") == {"CLAIM_NOT_STATED"}


def test_the_first_copy_that_is_judged_waits_for_no_list_of_words() -> None:
    words = {language: f"{text}\n" for language, text in load_words(ROOT / "prompts").items()}
    load_rules(words).join()
    read = lexicon_of.cache_info().misses
    banned = ("a word of this test",)
    rules = CopyRules(Lexicons(words), language="en-GB", currency="SEK", banned=banned)
    assert codes("Certified organic", rules) == {"CLAIM_NOT_STATED"}
    assert lexicon_of.cache_info().misses == read + 1, "but for the shop's own list"


def test_lists_of_a_brand_that_are_none_are_reported(tmp_path: Path) -> None:
    brand = {"banned_words": "cheap", "allowed_claims": [7]}
    about = {"locale": "not a locale", "brand": brand}
    items = [{"id": "mug", "title": "Mug", "price": 9}]
    path = tmp_path / "shop.json"
    path.write_text(json.dumps({"shop": about, "products": items}))
    catalogs = load_catalogs(path)
    reasons = " ".join(issue.reason for issues in catalogs.problems.values() for issue in issues)
    assert all(name in reasons for name in ("locale", "banned_words", "allowed_claims"))
    assert catalogs.default.locale == "en"
    assert catalogs.default.brand.banned_words == ()
