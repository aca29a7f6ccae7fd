"""The vectors shared with the Worker: the code agrees with them, and the script writes them anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.catalog.listing import read_request
from app.domain.network import rate_limit_key
from app.domain.persona import Persona, Signals
from app.personas.key import persona_hash
from app.storage.db.rows import read_persona
from app.web.markdown import prefers_markdown
from tests.contract import (
    baskets,
    beacons,
    consents,
    crawlers,
    facts,
    listing_queries,
    rate_limits,
    stored_pages,
)
from tests.contract.cookies import verified
from tests.contract.generate import FILES, FOLDER, written
from tests.contract.hashes import as_json
from tests.contract.rules import judged
from tests.support.cases import each


def load(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / name).read_text("ascii"))
    return found


def persona_of(told: Mapping[str, Any]) -> Persona:
    signals = told["signals"]
    known = Signals(
        signals["avg_order_value"],
        tuple(signals["category_preferences"]),
        signals["price_sensitivity"],
        tuple(signals["browsing_patterns"]),
    )
    return Persona(told["type"], told["confidence"], known)


@each("name", FILES)
def test_the_script_writes_the_file_as_it_stands(name: str) -> None:
    assert (FOLDER / name).read_text("ascii") == written(name)


@each("name", FILES)
def test_every_vector_has_a_name_of_its_own(name: str) -> None:
    names = [vector["name"] for vector in load(name)]
    assert len(set(names)) == len(names)


def test_there_are_enough_of_them() -> None:
    assert sum(len(load(name)) for name in FILES) >= 200


def test_hashes_are_the_containers() -> None:
    for vector in load("persona_hash.json"):
        assert persona_hash(persona_of(vector["persona"])) == vector["hash"], vector["name"]


def test_personas_are_the_containers() -> None:
    for vector in load("persona_rules.json"):
        persona = judged(vector["facts"])
        assert json.loads(json.dumps(as_json(persona))) == vector["persona"], vector["name"]
        assert persona_hash(persona) == vector["hash"], vector["name"]


def test_rows_hold_the_personas_that_the_container_reads() -> None:
    for vector in load("stored_persona.json"):
        persona = json.loads(json.dumps(as_json(read_persona(vector["row"]))))
        assert persona == vector["persona"], vector["name"]


def test_addresses_share_the_limits_of_the_container() -> None:
    for vector in load("network.json"):
        assert rate_limit_key(vector["address"]) == vector["key"], vector["name"]


def test_queries_ask_for_the_listings_of_the_container() -> None:
    for vector in load("listing_query.json"):
        found = read_request(vector["query"].encode("ascii"))
        assert (found and listing_queries.as_json(found)) == vector["listing"], vector["name"]


def test_markdown_is_for_whom_the_container_sends_it_to() -> None:
    for vector in load("accept.json"):
        assert prefers_markdown(vector["accept"]) == vector["markdown"], vector["name"]


def test_what_may_be_kept_is_as_in_the_container() -> None:
    for vector in load("consent.json"):
        assert consents.holds(vector) == vector["holds"], vector["name"]


def test_crawlers_are_the_containers() -> None:
    for vector in load("crawlers.json"):
        assert crawlers.named(vector["agent"]) == vector["crawler"], vector["name"]


def test_rates_are_kept_as_by_the_container() -> None:
    for vector in load("rate_limit.json"):
        assert rate_limits.waits(vector) == vector["waits"], vector["name"]


def test_pages_are_shown_as_by_the_container() -> None:
    for vector in load("stored_page.json"):
        asked = (vector[name] for name in ("value", "shop_id", "content", "required"))
        found = stored_pages.shown(*asked)
        assert found.items() <= vector.items(), vector["name"]


def test_cookies_name_the_shoppers_whom_the_container_knows() -> None:
    for vector in load("cookie.json"):
        asked = (vector["cookie"], vector["shop_id"], vector["now"], vector["secret"])
        known = (vector["shopper_id"], vector["expires"])
        assert (verified(*asked) or (None, None)) == known, vector["name"]


def test_cookies_hold_the_baskets_that_the_container_reads() -> None:
    found = load("basket.json")
    for vector in found:
        asked = (vector["cookie"], vector["shop_id"], vector["secret"])
        assert baskets.read(*asked) == vector["lines"], vector["name"]
    assert 5 <= sum(bool(vector["lines"]) for vector in found) < len(found) - 5


def test_bodies_tell_what_the_container_hears() -> None:
    for vector in load("beacon.json"):
        found = json.loads(json.dumps(beacons.read(vector["body"].encode("latin-1"))))
        assert found == {name: vector[name] for name in ("events", "field") if name in vector}


def test_facts_are_what_the_containers_catalog_bears_out() -> None:
    cases = {case.name: case for case in facts.cases()}
    vectors = load("facts.json")
    for vector in vectors:
        case = cases[vector["name"]]
        found = facts.stored(case)
        assert found == {name: vector[name] for name in ("stored", "refused") if name in vector}
    assert {vector.get("refused") for vector in vectors} == {
        None,
        "UNKNOWN_PRODUCT",
        "UNKNOWN_CATEGORY",
    }


def test_all_kinds_of_persona_occur_and_no_rule_is_idle() -> None:
    personas = [vector["persona"] for vector in load("persona_rules.json")]
    assert len({persona["type"] for persona in personas}) == 6
    assert len({persona["signals"]["price_sensitivity"] for persona in personas}) == 3
    patterns = {name for persona in personas for name in persona["signals"]["browsing_patterns"]}
    assert len(patterns) == 8
    assert {0, 0.25, 0.4, 0.55, 0.7, 0.8, 0.85, 0.95} <= {item["confidence"] for item in personas}


def test_a_cookie_vector_is_as_often_nobodys_as_it_is_somebodys_or_more() -> None:
    known = [vector["shopper_id"] for vector in load("cookie.json")]
    assert 15 <= sum(name is not None for name in known) < len(known) / 2
