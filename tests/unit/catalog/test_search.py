"""What a search finds: in any spelling people are likely to use, and nothing at random."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.catalog.search import SearchIndex, fold
from tests.support.cases import each
from tests.support.factories import product

BRACELETS = [product(f"b{at}", title=f"Silver bracelet {at}", category="Jewels") for at in range(5)]
INDEX = SearchIndex(
    [
        *BRACELETS,
        product("candle", title="Beeswax candle", category="Épicerie fine", tags=("gift",)),
        product("jar", title="Jar", category="Épicerie fine", description="For berry jam."),
        product("dish", title="Crème brûlée dish", category="Cuisine", vendor="Ånger"),
        product("boxes", title="Box of glass", category="Men’s Wear"),  # noqa: RUF001
        product("band", title="Armband", category="Schmuck"),
        product("street", title="Straßenlampe", category="Łódź"),
        product("ring", title="Collar", category="Jewels"),
        product("tea", title="日本茶", category="お茶", description="ガラスの器"),
        product("book", title="می\u200cخواهم کِتاب", category="کتاب"),  # noqa: RUF001
    ]
)


def found(query: str, category: str = "") -> list[str]:
    return [item.id for item in INDEX.find(query, category).products]


@each(
    ("query", "ids"),
    [
        ("bracelet", [f"b{at}" for at in range(5)]),
        ("bracelets", [f"b{at}" for at in range(5)]),
        ("BRACELETS silver", [f"b{at}" for at in range(5)]),
        ("epicerie", ["candle", "jar"]),
        ("épicerie", ["candle", "jar"]),
        ("e\u0301picerie", ["candle", "jar"]),
        ("épiceries", ["candle", "jar"]),
        ("creme brulee", ["dish"]),
        ("anger", ["dish"]),
        ("candles", ["candle"]),
        ("berries", ["jar"]),
        ("glasses", ["boxes"]),
        ("mens", ["boxes"]),
        ("men's", ["boxes"]),
        ("armbänder", ["band"]),
        ("collares", ["ring"]),
        ("lampen", ["street"]),
        ("lodz", ["street"]),
        ("日本", ["tea"]),
        ("お茶", ["tea"]),
        ("ガラス", ["tea"]),
        ("میخواهم", ["book"]),
        ("کتاب", ["book"]),
        ("gift candle", ["candle"]),
        ("gift bracelet", []),
        ("submarine", []),
        ("beeswax-candle", ["candle"]),
        ("candle - beeswax", ["candle"]),
        ("-", []),
        ("", [item.id for item in INDEX.find("").products]),
    ],
)
def test_accents_case_and_number_make_no_difference(query: str, ids: list[str]) -> None:
    assert found(query) == ids


@pytest.mark.parametrize(
    ("query", "instead", "ids"),
    [
        ("braclet", "bracelet", [f"b{at}" for at in range(5)]),
        ("braecelt", "bracelet", [f"b{at}" for at in range(5)]),
        ("silvr bracelet", "silver bracelet", [f"b{at}" for at in range(5)]),
        ("epcierie", "epicerie", ["candle", "jar"]),
        ("candel", "candle", ["candle"]),
        ("beeswacks", "beeswax", ["candle"]),
        ("strassenlampen", "strassenlampe", ["street"]),
        ("the beeswax submarine", "beeswax", ["candle"]),
        ("submarine candel", "candle", ["candle"]),
    ],
)
def test_a_near_miss_finds_the_likest_word_and_says_so(
    query: str, instead: str, ids: list[str]
) -> None:
    near = INDEX.find(query)
    assert (near.instead, [item.id for item in near.products]) == (instead, ids)


@each(
    ("locale", "title", "queries"),
    [
        ("en", "Hand-knitted berry candle", ("knits", "knitting", "BERRIES", "candles")),
        ("de-AT", "Straßenlampe für große Häuser", ("Lampen", "Haus", "Haeuser", "grosses haus")),
        ("fr", "Bougie parfumée naturelle", ("bougies", "parfumés", "naturels", "PARFUMEES")),
        ("es", "Lámparas cerámicas", ("lámpara", "ceramica", "cerámico")),
        ("ar", "المصابيح الخزفية", ("مصابيح", "المصابيح", "خزفية")),
        ("nb", "Lampen", ("lampe", "lampene")),
        ("ja", "セラミックのランプ", ("ランプ", "セラミック")),
        ("zz", "Lamps", ("lamp",)),
        ("en", "Chef's knives, shelves and scarves", ("knife", "shelf", "scarf", '"knives"')),
        ("es", "Luces de lápiz", ("luz", "luces", "lapices")),
        ("ja", "コーヒーとりんご", ("こーひー", "リンゴ", "ｺｰﾋｰ")),
        ("ar", "قميص أحمر مريح", ("احمر", "أحمر", "قمـــيص")),
    ],
)
def test_the_endings_of_the_shops_language_make_no_difference(
    locale: str, title: str, queries: tuple[str, ...]
) -> None:
    items = (product(name, category="0", title=text) for name, text in (("a", title), ("b", "0")))
    index = SearchIndex(items, locale)
    missed = [query for query in queries if [it.id for it in index.find(query).products] != ["a"]]
    assert missed == []


def test_an_arabic_word_finds_its_broken_plural_and_the_other_way_round() -> None:
    for one, several in (
        ("كتاب", "كتب"),
        ("مصباح", "المصابيح"),
        ("كرسي", "كراسي"),
        ("قلم", "أقلام"),
    ):
        for title, query in ((one, several), (several, one)):
            near = SearchIndex([product("own", title=title), product("cup")], "ar").find(query)
            assert [item.id for item in near.products] == ["own"], query


@pytest.mark.parametrize(
    "query", ["xyz", "cat", "zzz bra", "e submarine", "submarines", "🙂", "'", "…"]
)
def test_what_is_like_nothing_finds_nothing_it_does_not_hold(query: str) -> None:
    near = INDEX.find(query)
    assert near.instead == ""
    assert len(near.products) in (0, len(INDEX.find("").products))


def test_a_search_stays_in_its_category() -> None:
    assert found("bracelets", "Jewels") == [f"b{at}" for at in range(5)]
    assert found("collar", "Jewels") == ["ring"]
    assert found("candle", "Jewels") == []


def test_what_is_called_so_goes_before_what_only_speaks_of_it() -> None:
    items = [
        product("towel", title="Towel", description="Hangs beside a lamp and a berry bowl."),
        product("shade", title="Lampshade", description="Berry red."),
        product("lamp", title="Berry lamp"),
        product("other", title="Lamp of oak", description="berries"),
    ]
    index = SearchIndex(items)
    assert [item.id for item in index.find("lamps").products] == ["shade", "lamp", "other", "towel"]
    both = [item.id for item in index.find("berries lamp").products]
    assert both == ["lamp", "towel", "shade", "other"]
    assert [item.id for item in index.find("lapm").products] == ["shade", "lamp", "other", "towel"]


def test_what_was_folded_before_is_found_again() -> None:
    assert found("epicerie") == found("epicerie") == ["candle", "jar"]


@each(
    ("text", "folded"),
    [
        ("Crème", "creme"),
        ("Ça İŞ \u0131spanak", "ca is ispanak"),
        ("Œuvre", "oeuvre"),
        ("ΆΛΦΑ", "αλφα"),
        ("ﬁne", "fine"),
        ("हिन्दी", "हिन्दी"),
        ("น้ำชา", "น้ําชา"),
        ("한국", "한국"),
        ("パン", "パン"),
    ],
)
def test_folding_takes_accents_and_leaves_what_makes_other_words(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("where", ["in memory", "on the disk"])
def test_a_word_is_found_in_whichever_products_hold_it_and_in_no_others(
    tmp_path: Path, where: str
) -> None:
    items = [
        product(f"p{at}", title=f"Thing {at}", description="even" if at % 2 == 0 else "odd")
        for at in range(500)
    ]
    index = SearchIndex(items)
    if where == "on the disk":
        with (tmp_path / "words").open("x+b") as file:
            file.write(b"what is there already")
            index.store(file, most_held=100)
        assert [*tmp_path.iterdir()] == [tmp_path / "words"]
    assert [item.id for item in index.find("even").products] == [
        f"p{at}" for at in range(0, 500, 2)
    ]
    assert [item.id for item in index.find("thing 499").products] == ["p499"]
    assert [item.id for item in index.find("odd 49").products] == [
        "p49",
        "p149",
        "p249",
        "p349",
        "p449",
        *(f"p{at}" for at in range(491, 500, 2)),
    ]


@pytest.mark.parametrize("query", ["\u2019", "\u0301", "\u00ad \u02bc"])
def test_what_has_no_letters_finds_nothing(query: str) -> None:
    assert found(query) == []
