"""A shop of one's own: what `wandstore new` writes, and what `wandstore check` says of it."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import NamedTuple

import pytest

from app.__main__ import shop_environment
from app.settings import ROOT, read_settings
from app.workbench.checks.shop import problems_of
from app.workbench.safe_write import NotWritten
from app.workbench.scaffold import new_shop
from tests.support.small_disk import small_disk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shop as it is written."""
    new_shop(tmp_path / "corner-shop")
    return tmp_path / "corner-shop"


def check(folder: Path) -> list[str]:
    return problems_of(read_settings(shop_environment(folder, {})))


class Spoilt(NamedTuple):
    """A change that makes a shop wrong; the problem is told of the line that has the mark."""

    file: str
    old: str
    new: str
    problem: str
    mark: str = ""

    def spoil(self, folder: Path) -> None:
        text = (folder / self.file).read_text()
        assert self.old in text
        (folder / self.file).write_text(text.replace(self.old, self.new, 1))

    def told(self, folder: Path) -> str:
        file, _, reason = self.problem.partition(": ")
        before, _, _ = (folder / file).read_text().partition(self.mark or self.new)
        return f"{file}, line {len(before.splitlines())}: {reason}"


SPOILT = (
    Spoilt(
        "catalog.json",
        '"price": 148.0',
        '"price": "cheap"',
        "catalog.json: price 'cheap' is not a number (dusk-lamp)",
        mark='{\n      "id": "dusk-lamp"',
    ),
    Spoilt(
        "components/cta.py",
        "max_length=48",
        "max_length=8",
        "components/cta.samples.json: headline: String should have at most 8 characters (cta, sample typical)",
        mark='"headline"',
    ),
    Spoilt(
        "components/hero.jinja",
        "props.headline",
        "props.headlin",
        "components/hero.jinja: UndefinedError: 'Hero object' has no attribute 'headlin' (hero, sample typical)",
    ),
    Spoilt(
        "components/grid.css",
        "var(--text-muted)",
        "var(--quiet)",
        "components/grid.css: --quiet is set nowhere",
    ),
    Spoilt(
        "components/recommendations.css",
        "}",
        "",
        "components/recommendations.css: a bracket is not closed",
        mark="{",
    ),
    Spoilt(
        "static/shop.css",
        "4px;",
        '"4px;',
        "static/shop.css: a quote does not end",
    ),
    Spoilt(
        "prompts/house.json",
        '"Welcome in"',
        '"Welcome in for $5"',
        "prompts/house.json: eyebrow: copy says: $ 5 (newcomer, hero)",
    ),
    Spoilt(
        "prompts/house.json",
        '"From the shop"',
        '"From the shop for $6"',
        "prompts/house.json: eyebrow: copy says: $ 6 (fallback, hero)",
    ),
    Spoilt(
        "components/parts/product.jinja",
        "<img",
        '<img onload="x()"',
        "components/parts/product.jinja: onload= is not run: put it into a file of static/, and name "
        "that with url.asset, as a script",
        mark="onload",
    ),
    Spoilt(
        "components/cta.css",
        "{",
        "{ background: url(waves.png);",
        "components/cta.css: waves.png is not found: name a file of static/, as logo.svg",
    ),
)
_UNFILLED = "has no fallback: no component names it in its `slots`"
UNUSABLE = {
    "prompts/personas/loyalist.md": ["prompts/personas/loyalist.md: missing"],
    "components/recommendations.py": [
        "components/recommendations.samples.json: components/recommendations.py is missing",
        f"components/slots.py: the slot recommendations {_UNFILLED}",
    ],
}


IN_AN_ARM = SPOILT[-3]._replace(
    file="prompts-next/house.json",
    problem="prompts-next/house.json: eyebrow: copy says: $ 6 (fallback, hero)",
)
UNTRANSLATED = '{# _("x") #}{{ _("Sold out") }}\n{{ _("Made by hand") }}'
NO_FAULT = '{# <p style="a"> #}<!-- <p onclick="b"> --><script type="application/json">1</script>'
PINS = (("dusk-lamp", "cta"), ("heron-lamp", "hero"), ("paper-moon", "hero"))
RULES = "".join(f"[[rule]]\npin = '{name}'\nslot = '{slot}'\n" for name, slot in PINS)
ARMS = (
    '{ name = "now", page = "model" }, { name = "next", page = "model", prompts = "prompts-next" }'
)
SOLD_OUT = 'msgid "Sold out"\nmsgstr "Uitverkocht"\n'
WRITTEN = {
    "merchandising.toml": f"{RULES}[[rule]]\nexclude = 'dusk-lamp'\n",
    "experiments.toml": f'[[experiment]]\nname = "draft"\narms = [{ARMS}]\n',
    "locale/dutch/LC_MESSAGES/shop.po": SOLD_OUT,
    "locale/nl/shop.po": SOLD_OUT,
    "locale/nl/LC_MESSAGES/shop.po": "".join(
        f'msgid "{id_}"\nmsgstr "x"\n' for id_ in ("Solld out", "Sold out now", "Made here")
    ),
    "prompts/house.german.json": "{}",
    "prompts/house.nl.json": "{}",
    "static/My_Logo.svg": "<svg/>",
    "static/img/logo.svg": "<svg/>",
}
UNREAD = "is not read: TAG/LC_MESSAGES/shop.po is, as nl/LC_MESSAGES/shop.po"
UNSERVED = "is not served: its name must be small letters, digits and hyphens, in no folder"
UNSEEN = (
    "components/recent.jinja: of what it draws, line 1: Unexpected end tag (span). Ignored. </span>",
    f"locale/dutch/LC_MESSAGES/shop.po: {UNREAD}",
    "locale/nl/LC_MESSAGES/shop.po, line 1: no page says 'Solld out': is 'Sold out' meant?",
    f"locale/nl/shop.po: {UNREAD}",
    "merchandising.toml, line 10: exclude of dusk-lamp is at odds with pin in line 1, which holds: give one a priority",
    "merchandising.toml, line 1: there is nothing in a slot 'cta' that shows products",
    "merchandising.toml, line 7: hero shows one product, and that of line 4 holds",
    "prompts/house.german.json: german is no language's tag, as nl is",
    "prompts/house.json, line 1: headline: is missing (loyalist, hero)",
    "prompts/house.json, line 1: there is no component heroo: is hero meant?",
    "prompts/house.json, line 1: there is no persona vip",
    f"static/My_Logo.svg: {UNSERVED}",
    "static/icon.svg: is no UTF-8 text in line 1",
    f"static/img/logo.svg: {UNSERVED}",
)


def test_all_that_is_wrong_is_named_with_file_line_and_reason(folder: Path) -> None:
    for spoilt in SPOILT:
        spoilt.spoil(folder)
    assert sorted(check(folder)) == sorted(spoilt.told(folder) for spoilt in SPOILT)


def test_all_that_nobody_would_see_is_named_and_what_is_no_fault_is_not(folder: Path) -> None:
    copytree(folder / "prompts", folder / "prompts-next")
    IN_AN_ARM.spoil(folder)
    for file in (folder / "components").glob("story.*"):  # copy of what has gone is no fault
        file.unlink()
    house = json.loads((folder / "prompts/house.json").read_text())
    house["vip"] = {}
    house["collector"]["heroo"] = house["collector"].pop("hero")
    del house["loyalist"]["hero"][0]["headline"]
    (folder / "prompts/house.json").write_text(json.dumps(house))
    hero, recent = folder / "components/hero.jinja", folder / "components/recent.jinja"
    hero.write_text(UNTRANSLATED + hero.read_text() + '{{ _("Sold out now") }}' + NO_FAULT)
    recent.write_text("</span>\n" + recent.read_text())
    for name, text in WRITTEN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "static/icon.svg").write_bytes(b"\xff")
    told = [problem.removesuffix(" (corner-shop)") for problem in check(folder)]
    assert sorted(told) == sorted([*UNSEEN, IN_AN_ARM.told(folder)])


def test_a_catalog_with_little_to_show_or_say_is_no_fault_of_our_samples(folder: Path) -> None:
    (folder / "catalog.json").unlink()
    (folder / "catalog.csv").write_text("Handle,Title,Type,Variant Price\nmug,Mug,Cups,12.00\n")
    assert check(folder) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("components/hero.jinja", "{{ badge(item) }}", "{{ bagde(item) }}"),
        (
            "components/parts/product.jinja",
            "{% macro price(item) %}",
            "{% macro price(item) %}{% if not item.available %}{{ bagde(item) }}{% endif %}",
        ),
    ],
)
def test_what_is_wrong_where_something_has_sold_out_is_named(
    folder: Path, file: str, old: str, new: str
) -> None:
    spoilt = Spoilt(file, old, new, f"{file}: UndefinedError: 'bagde' is undefined", "bagde")
    spoilt.spoil(folder)
    (told,) = check(folder)
    assert told.startswith(spoilt.told(folder))


@pytest.mark.parametrize(("file", "problems"), UNUSABLE.items(), ids=UNUSABLE)
def test_what_is_missing_is_named(folder: Path, file: str, problems: list[str]) -> None:
    (folder / file).unlink()
    assert check(folder) == problems


def test_slots_that_the_page_does_not_have_are_named(folder: Path) -> None:
    props = folder / "components" / "filters.py"
    props.write_text(props.read_text().replace('("filters",', '("footer",'))
    reason = "LibraryError: `slots` must name slots of slots.py, not ('footer',)"
    assert check(folder) == [f"components/filters.py: {reason}"]


def test_no_fault_hides_another(folder: Path) -> None:
    for spoilt in SPOILT:
        spoilt.spoil(folder)
    for file in UNUSABLE:
        (folder / file).unlink()
    told = {spoilt.told(folder) for spoilt in SPOILT}
    assert set(check(folder)) == told.union(problems[0] for problems in UNUSABLE.values())


def test_a_new_shop_is_called_after_its_folder(folder: Path) -> None:
    shop = json.loads((folder / "catalog.json").read_text())["shop"]
    assert (shop["id"], shop["name"]) == ("corner-shop", "Corner Shop")
    assert (folder / "README.md").read_text().startswith("# Corner Shop\n")


def test_a_new_shop_has_what_a_designer_changes_and_no_script(folder: Path) -> None:
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
    ours = {
        path.relative_to(ROOT).as_posix()
        for kind in ("components", "prompts", "static")
        for path in (ROOT / kind).rglob("*")
        if "__pycache__" not in path.parts and path.suffix != ".js"
    }
    assert ours <= written
    assert not [name for name in written if name.endswith(".js") or "__pycache__" in name]


def test_a_folder_with_something_in_it_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(NotWritten, match="is not empty"):
        new_shop(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_disk_that_is_full_is_named_as_the_reason(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", 100) as disk,
        pytest.raises(NotWritten, match="No space left on device"),
    ):
        new_shop(disk / "shop")


def test_a_catalog_nobody_can_sell_from_does_not_hide_the_rest(folder: Path) -> None:
    (folder / "catalog.json").write_text("{")
    (folder / "prompts" / "personas" / "loyalist.md").unlink()
    first, second = check(folder)
    assert first.startswith("catalog.json, line 1: ")
    assert second == "prompts/personas/loyalist.md: missing"


@pytest.mark.parametrize(
    "name", ["catalog.json", "catalog.csv", "catalog.tsv", "catalog.xml", "catalog", "shop.json"]
)
def test_the_catalog_of_a_folder_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert shop_environment(tmp_path, {})["WANDSTORE_CATALOG"] == str(tmp_path / name)


def test_catalog_and_data_may_be_elsewhere_and_the_files_are_the_folders(tmp_path: Path) -> None:
    given = {"WANDSTORE_DATA": "/data", "WANDSTORE_ROOT": "/elsewhere", "WANDSTORE_CATALOG": " "}
    environment = shop_environment(tmp_path, given)
    assert environment["WANDSTORE_DATA"] == "/data"
    assert environment["WANDSTORE_ROOT"] == str(tmp_path)
    assert environment["WANDSTORE_CATALOG"] == str(tmp_path / "catalog.json")


def test_words_of_a_template_that_a_language_of_the_shop_has_no_entry_for_are_named(
    folder: Path,
) -> None:
    hero = folder / "components" / "hero.jinja"
    hero.write_text(UNTRANSLATED + hero.read_text())
    catalog = json.loads((folder / "catalog.json").read_text())
    catalog["shop"]["locale"] = "de-AT"
    (folder / "catalog.json").write_text(json.dumps(catalog))
    lacking = "'Made by hand' has no entry in locale/de/LC_MESSAGES/shop.po"
    assert check(folder) == [f"components/hero.jinja, line 2: {lacking}"]


def test_a_locale_of_no_language_is_named(folder: Path) -> None:
    (folder / "catalog.json").write_text(
        '{"shop": {"locale": "jp"}, "products": [{"id": "a", "title": "A", "price": 1}]}'
    )
    reason = "locale 'jp' is of no language that is known: its pages speak English"
    assert check(folder) == [f"catalog.json: {reason}"]


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es", "ja", "ar", "nl"])
def test_in_every_language_of_ours_a_new_shop_has_nothing_wrong(folder: Path, locale: str) -> None:
    catalog = json.loads((folder / "catalog.json").read_text())
    catalog["shop"]["locale"] = locale
    (folder / "catalog.json").write_text(json.dumps(catalog))
    assert check(folder) == []
