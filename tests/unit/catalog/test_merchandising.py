"""The merchant's rules: what is read of their file, when they hold, and what they make of a shop."""

from __future__ import annotations

from datetime import datetime
from math import inf
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.catalog.load import load_catalogs
from app.catalog.merchandising import (
    FILE_NAME,
    MOST_RULES,
    RuleFile,
    next_change,
    read_rules,
    rules_at,
    steer,
)
from app.catalog.problems import WHOLE_FILE
from app.catalog.ranking import rank, top_up
from app.domain.catalog import Shop
from app.domain.persona import NEWCOMER
from app.settings import ROOT
from tests.support.factories import product, shop

SHOP = shop(
    product("lamp-1", tags=("handmade",)),
    product("lamp-2"),
    product("lamp-3"),
    product("lamp-4"),
    product("cup-1", category="Cups", tags=("Handmade",)),
    product("cup-2", category="Cups", stock=2),
    product("vase-1", category="Vases", stock=9),
    product("gone", category="Vases", available=False, stock=0),
)
NOON = datetime(2026, 12, 1, 12, tzinfo=ZoneInfo("UTC")).timestamp()


def read(folder: Path, text: str, sold: Shop = SHOP) -> RuleFile:
    path = folder / "merchandising.toml"
    path.write_bytes(text.encode())
    return read_rules(path, sold)


def steered(folder: Path, text: str, persona: str = "newcomer", moment: float = NOON) -> Shop:
    """Return the shop as these rules have it, which must all be good."""
    rules, problems, _ = read(folder, text)
    assert not problems
    ruled = SHOP._replace(rules=rules)
    return steer(ruled, rules_at(ruled, persona, moment))


def candidates(sold: Shop, most: int = 20) -> list[str]:
    return [item.id for item in rank(sold, NEWCOMER, most)]


def shelf(sold: Shop, ids: tuple[str, ...] = (), size: int = 4, slot: str = "grid") -> list[str]:
    return [item.id for item in top_up(ids, sold, size, slot)]


def test_a_shop_without_rules_is_left_as_it_is(tmp_path: Path) -> None:
    assert read_rules(tmp_path / "merchandising.toml", SHOP) == RuleFile()
    assert steer(SHOP, ()) is SHOP


def test_what_is_pinned_leads_its_slot_and_is_offered_first(tmp_path: Path) -> None:
    sold = steered(tmp_path, '[[rule]]\npin = ["vase-1", "cup-1"]\nslot = "grid"')
    assert candidates(sold)[:2] == ["vase-1", "cup-1"]
    assert shelf(sold, ("lamp-1", "lamp-2", "lamp-3", "lamp-4"))[:3] == [
        "vase-1",
        "cup-1",
        "lamp-1",
    ]
    assert shelf(sold, ("lamp-1",), slot="recommendations")[0] == "lamp-1"


def test_what_is_sold_out_does_not_lead_although_it_is_pinned(tmp_path: Path) -> None:
    sold = steered(tmp_path, '[[rule]]\npin = "gone"\nslot = "grid"')
    assert "gone" not in shelf(sold)
    assert candidates(sold)[-1] == "gone"


def test_what_is_boosted_comes_before_all_that_is_not(tmp_path: Path) -> None:
    sold = steered(tmp_path, '[[rule]]\nboost = ["tag:handmade"]')
    assert set(candidates(sold, 2)) == {"lamp-1", "cup-1"}
    assert shelf(sold, ("lamp-2", "cup-1"), size=2) == ["cup-1", "lamp-2"]


def test_what_is_boosted_is_found_however_far_down_it_is(tmp_path: Path) -> None:
    large = shop(*(product(f"cup-{at}") for at in range(1_500)), product("jug", picture=None))
    rules = read(tmp_path, "[[rule]]\nboost = 'jug'", large).rules
    assert candidates(steer(large, rules), 1) == ["jug"]
    assert candidates(large, 1) != ["jug"]


def test_what_is_buried_comes_only_where_nothing_else_is_left(tmp_path: Path) -> None:
    sold = steered(tmp_path, '[[rule]]\nbury = ["category:lamps"]')
    named = ("lamp-1", "lamp-2", "lamp-3", "lamp-4")
    assert shelf(sold, named) == ["cup-1", "cup-2", "vase-1", "lamp-1"]
    assert set(candidates(sold, 3)) == {"cup-1", "cup-2", "vase-1"}


def test_what_is_excluded_is_nowhere(tmp_path: Path) -> None:
    sold = steered(tmp_path, '[[rule]]\nexclude = ["category:Lamps", "vase-1"]')
    assert set(sold.products) == {"cup-1", "cup-2", "gone"}
    assert set(shelf(sold, ("lamp-1", "vase-1"), size=9)) == {"cup-1", "cup-2", "gone"}


def test_rules_that_leave_nothing_to_sell_exclude_nothing(tmp_path: Path) -> None:
    sold = steered(
        tmp_path, '[[rule]]\nexclude = ["category:Lamps", "category:Cups", "category:Vases"]'
    )
    assert set(sold.products) == set(SHOP.products)


def test_no_category_has_more_than_its_share_while_there_are_others(tmp_path: Path) -> None:
    sold = steered(tmp_path, "[[rule]]\ndiversity = 0.5")
    named = ("lamp-1", "lamp-2", "lamp-3", "lamp-4")
    assert shelf(sold, named) == ["lamp-1", "lamp-2", "cup-1", "cup-2"]
    assert shelf(sold, named, size=7)[-1] == "lamp-4"


def test_products_have_at_least_their_share_of_a_list_as_far_as_there_are_any(
    tmp_path: Path,
) -> None:
    named = ("lamp-1", "lamp-2", "lamp-3", "lamp-4")
    part = "[[rule]]\nshare = {}\nof = {}\n"
    half = part.format(0.5, "'category:Cups'")
    assert shelf(steered(tmp_path, half), named) == ["lamp-1", "lamp-2", "cup-1", "cup-2"]
    assert shelf(steered(tmp_path, half), ("cup-2", *named))[:3] == ["cup-2", "lamp-1", "lamp-2"]
    assert shelf(steered(tmp_path, half), named, size=1) == ["lamp-1"], "half of one is none"
    most = part.format(1, "['category:Cups', 'gone']")
    assert shelf(steered(tmp_path, most), named) == ["cup-1", "cup-2", "lamp-1", "lamp-2"]
    two = half + part.format(0.25, "'vase-1'")
    assert shelf(steered(tmp_path, two), named) == ["lamp-1", "cup-1", "cup-2", "vase-1"]
    pin = f"{half}[[rule]]\npin = ['lamp-4', 'lamp-3', 'lamp-2']\nslot = 'grid'"
    assert shelf(steered(tmp_path, pin), named)[3:] == ["cup-1"], "what is pinned takes its place"
    buried = f"{half}[[rule]]\nbury = 'cup-1'"
    assert shelf(steered(tmp_path, buried), named) == ["lamp-1", "lamp-2", "cup-2", "lamp-3"]
    beyond = read(tmp_path, part.format(0.75, "'vase-1'") + part.format(0.75, "'cup-1'"))
    assert "share of one list is at odds with share in line 1" in beyond.problems[0].reason
    large = shop(*(product(f"cup-{at}") for at in range(1_500)), product("jug", picture=None))
    rules = read(tmp_path, part.format(0.05, "'jug'"), large).rules
    assert "jug" in candidates(steer(large, rules))
    assert "jug" in shelf(steer(large, rules), size=20)


def test_what_has_less_than_the_least_stock_is_not_shown(tmp_path: Path) -> None:
    sold = steered(tmp_path, "[[rule]]\nleast_stock = 3")
    assert set(SHOP.products) - set(sold.products) == {"cup-2", "gone"}


def test_a_rule_holds_for_its_personas_and_its_locale(tmp_path: Path) -> None:
    text = '[[rule]]\nexclude = "lamp-1"\npersona = ["collector"]\nlocale = "en"'
    assert "lamp-1" in steered(tmp_path, text).products
    assert "lamp-1" not in steered(tmp_path, text, "collector").products
    assert "lamp-1" in steered(tmp_path, text.replace('"en"', '"de"'), "collector").products


@pytest.mark.parametrize("locale", ["de_AT", "DE", "de-at"])
def test_a_locale_is_known_however_it_is_written(tmp_path: Path, locale: str) -> None:
    text = f'[[rule]]\nexclude = "lamp-1"\nlocale = "{locale}"'
    (tmp_path / FILE_NAME).write_text(text)
    shop = SHOP._replace(locale="de-AT")
    rules = read_rules(tmp_path / FILE_NAME, shop).rules
    assert rules_at(shop._replace(rules=rules), "collector", 0.0) == rules


def test_a_rule_until_the_last_day_of_all_never_ends(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('[[rule]]\nexclude = "lamp-1"\nuntil = 9999-12-31')
    assert [rule.ends for rule in read_rules(tmp_path / FILE_NAME, SHOP).rules] == [inf]


def test_of_two_rules_the_one_with_the_priority_holds(tmp_path: Path) -> None:
    text = '[[rule]]\nexclude = ["lamp-1"]\n[[rule]]\npin = "lamp-1"\nslot = "grid"\npriority = 1'
    assert shelf(steered(tmp_path, text))[0] == "lamp-1"
    assert "lamp-1" not in steered(tmp_path, text.replace("= 1", "= -1")).products


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Europe/Berlin", "America/Los_Angeles"])
def test_a_day_begins_and_ends_at_midnight_in_the_shops_time_zone(
    tmp_path: Path, zone: str
) -> None:
    text = (
        f'timezone = "{zone}"\n[[rule]]\nexclude = "lamp-1"\nfrom = 2026-12-01\nuntil = 2026-12-24'
    )
    ruled = SHOP._replace(rules=read(tmp_path, text).rules)
    begins = datetime(2026, 12, 1, tzinfo=ZoneInfo(zone)).timestamp()
    ends = datetime(2026, 12, 25, tzinfo=ZoneInfo(zone)).timestamp()
    for moment, holds in ((begins - 1, 0), (begins, 1), (ends - 1, 1), (ends, 0)):
        assert len(rules_at(ruled, "newcomer", moment)) == holds
    assert [next_change(ruled, moment) for moment in (begins - 1, begins, ends)] == [
        begins,
        ends,
        0,
    ]


def test_a_day_on_which_clocks_change_is_as_long_as_it_is(tmp_path: Path) -> None:
    """In some zones they do so at midnight, which then is not there, or is there twice."""
    for zone, day, hours in (
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/Los_Angeles", "2026-11-01", 25),
        ("Pacific/Auckland", "2026-09-27", 23),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("America/Santiago", "2026-09-06", 23),
        ("America/Havana", "2026-11-01", 25),
    ):
        text = f'timezone = "{zone}"\n[[rule]]\nexclude = "lamp-1"\nfrom = {day}\nuntil = {day}'
        (rule,) = read(tmp_path, text).rules
        assert rule.ends - rule.begins == hours * 3_600, zone
        edges = (rule.begins - 1, rule.begins, rule.ends - 1, rule.ends)
        local = [str(datetime.fromtimestamp(at, ZoneInfo(zone)).date()) == day for at in edges]
        assert local == [False, True, True, False], zone


def test_a_time_with_a_zone_of_its_own_is_that_time(tmp_path: Path) -> None:
    text = 'timezone = "Asia/Tokyo"\n[[rule]]\nexclude = "lamp-1"\nfrom = 2026-12-01T00:00:00Z'
    (rule,) = read(tmp_path, text).rules
    assert rule.begins == datetime(2026, 12, 1, tzinfo=ZoneInfo("UTC")).timestamp()


PIN = '[[rule]]\npin = "lamp-1"\nslot = "grid"\n'


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("[[rule]]\n\nslot = 3", 1, "one of pin, boost"),
        (PIN + "[[rule]]\npin = 'lamp-2'", 4, "a pin names its slot"),
        ("[[rule]]\nexclude = ['lamp-1']\nslot = 'grid'", 3, "a pin names its slot"),
        ("[[rule]]\nexclude = 'lamp-1'\nbury = 'lamp-2'", 2, "one of pin, boost"),
        ("[[rule]]\nexclude = ['lamp-1', 'lump-2']", 2, "there is no lump-2 to exclude"),
        ("[[rule]]\nexclude = ['colour:red']", 2, "passed over: there is no colour:red"),
        ("[[rule]]\npin = 'tag:handmade'\nslot = 'grid'", 2, "by their ids"),
        ("[[rule]]\nexclude = 3", 2, "must be text, or a list of texts"),
        (PIN + "persona = 'colector'", 4, "colector is none of"),
        (PIN + "persona = []", 4, "persona is empty"),
        (PIN + "from = 'tomorrow'", 4, "without quotes"),
        (PIN + "locale = 'german, please'", 4, "is no tag of a language"),
        (PIN + "from = 2026-12-02\nuntil = 2026-12-01", 5, "until is not after from"),
        (PIN + "priority = 'high'", 4, "a number from -1000"),
        (PIN + "priority = true", 4, "a number from -1000"),
        (PIN + "untill = 2026-12-01", 4, "untill is not known"),
        ("[[rule]]\ndiversity = 0", 2, "a number from 0.01 to 1"),
        ("[[rule]]\nshare = 1.5\nof = 'lamp-1'", 2, "a number from 0.01 to 1"),
        ("[[rule]]\nshare = 0.5", 1, "a share names what it is of"),
        ("[[rule]]\nbury = 'lamp-2'\nof = 'lamp-1'", 3, "a share names what it is of"),
        ("[[rule]]\nshare = 0.5\nof = 'lump'", 3, "there is no lump to show"),
        ("[[rule]]\nleast_stock = nan", 2, "a number from 1"),
        ("timezone = 'Berlin'\n" + PIN, 1, "times are taken for UTC"),
        ("timezone = '../../etc/passwd'\n" + PIN, 1, "times are taken for UTC"),
        ("timezones = 'Berlin'\n" + PIN, 1, "timezones is not known"),
        ("rule = 3", 1, "a list of tables"),
        ("# one\n[rule]\npin = 'lamp-1'", 2, "a list of tables"),
        (PIN.replace("'", '"').replace('"grid"', "['grid', 'hero']"), 3, "slot must be one text"),
        (PIN + "priority = 1.5", 4, "a whole number"),
        (PIN + f"priority = 1{'0' * 400}", 4, "a number from -1000"),
        ("# \u2028 \x85\n" + PIN + "untill = 1", 5, "untill is not known"),
        ("\ufeff" + PIN + "untill = 1", 4, "untill is not known"),
        (PIN.replace("\n", "\r\n") + "untill = 1", 4, "untill is not known"),
        (PIN + f"note = {'[' * 9_999}", WHOLE_FILE, "too deep"),
        (PIN + "note = 'a'\nnote = 'b'", 5, "nothing of it is read"),
        (PIN + "note = '\x00'", 4, "nothing of it is read"),
        ("[[rule]]\npin = lamp-1", 2, "nothing of it is read"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    problems = read(tmp_path, text).problems
    assert [(item.line, item.file) for item in problems][:1] == [(line, "merchandising.toml")]
    assert reason in problems[0].reason


def test_a_rule_that_cannot_be_used_costs_only_itself(tmp_path: Path) -> None:
    rules, problems, _ = read(tmp_path, f"{PIN}[[rule]]\nexclude = 7\n[[rule]]\nbury = 'lamp-2'")
    assert [rule.line for rule in rules] == [1, 6]
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("second", "line"),
    [
        ("[[rule]]\nexclude = ['category:Lamps']", 4),
        ("[[rule]]\nbury = 'lamp-1'\npersona = 'explorer'", 4),
        ("[[rule]]\ndiversity = 0.5\n[[rule]]\ndiversity = 0.25", 6),
    ],
)
def test_rules_at_odds_are_told_with_both_lines(tmp_path: Path, second: str, line: int) -> None:
    (problem,) = read(tmp_path, PIN + second).problems
    assert problem.line == line
    assert f"in line {1 if line == 4 else 4}, which holds" in problem.reason


@pytest.mark.parametrize(
    "second",
    [
        "[[rule]]\nexclude = 'lamp-1'\npriority = 1",
        "[[rule]]\nexclude = 'lamp-2'",
        "persona = 'explorer'\n[[rule]]\nexclude = 'lamp-1'\npersona = 'collector'",
        "until = 2026-12-01\n[[rule]]\nexclude = 'lamp-1'\nfrom = 2026-12-02",
        "[[rule]]\npin = 'lamp-1'\nslot = 'hero'",
    ],
)
def test_rules_that_never_meet_are_not_at_odds(tmp_path: Path, second: str) -> None:
    assert read(tmp_path, PIN + second).problems == ()


def test_rules_are_bounded(tmp_path: Path) -> None:
    rules, problems, _ = read(tmp_path, PIN * (MOST_RULES + 1))
    assert len(rules) == MOST_RULES
    assert "passed over" in problems[0].reason
    assert read(tmp_path, "#" * 300_000).problems[0].reason.endswith("is larger than 256 KiB")


def test_rules_are_read_beside_their_catalog_and_change_what_pages_are_drawn_from(
    tmp_path: Path,
) -> None:
    catalog = (ROOT / "demo" / "catalog.json").read_text()
    (tmp_path / "shop.json").write_text(catalog)
    before = load_catalogs(tmp_path / "shop.json").default
    (tmp_path / "merchandising.toml").write_text("[[rule]]\nexclude = 'dusk-lamp'")
    after = load_catalogs(tmp_path / "shop.json").default
    assert (before.rules, len(after.rules)) == ((), 1)
    assert before.digest != after.digest
    assert load_catalogs(tmp_path).default.rules == (), "which shop of a folder is not said"
    (tmp_path / "merchandising.toml").rename(tmp_path / "shop.merchandising.toml")
    assert load_catalogs(tmp_path).default.rules == after.rules


def test_a_file_that_is_unreadable_as_a_whole_leaves_the_rules_that_held(tmp_path: Path) -> None:
    catalog, rules = tmp_path / "shop.json", tmp_path / "merchandising.toml"
    catalog.write_text((ROOT / "demo" / "catalog.json").read_text())
    rules.write_text("[[rule]]\nexclude = 'dusk-lamp'")
    before = load_catalogs(catalog)
    for slip in (b"[[rule]\nexclude = 'dusk-lamp'", b"# one\n# gr\xfc\xdfe", b"#" * 1_000_000):
        rules.write_bytes(slip)
        slipped = load_catalogs(catalog, known=before.sources)
        assert slipped.default.rules == before.default.rules
        assert slipped.default.digest == before.default.digest
        assert any("nothing of it is read" in it.reason for it in slipped.problems["demo"])
        assert load_catalogs(catalog).default.rules == (), "at a start there are none from before"
    assert [it.line for it in read_rules(rules, SHOP).problems] == [WHOLE_FILE]
    rules.write_bytes(b"# one\n# gr\xfc\xdfe")
    assert [it.line for it in read_rules(rules, SHOP).problems] == [2], "save it as UTF-8"
    rules.unlink()
    assert load_catalogs(catalog, known=slipped.sources).default.rules == ()
