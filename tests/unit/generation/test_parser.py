"""The parser: what real models write, cut anywhere, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.limits import ParseLimits
from app.domain.page import Proposal, Refusal
from app.generation.parser.parser import ProposalParser

HERO = '{"type":"hero","id":"hero","config":{"headline":"Good light","ids":["a","b"]}}'
GRID = '{"type":"grid","id":"grid","config":{"title":"On the shelf"}}'
CTA = '{"type":"cta","id":"cta","config":{"text":"Go on"}}'

Outcome = tuple[list[Proposal | Refusal], Mapping[str, int]]


def parsed(text: str, size: int = 4096, limits: ParseLimits | None = None) -> Outcome:
    parser = ProposalParser(limits or ParseLimits())
    found: list[Proposal | Refusal] = []
    for start in range(0, len(text), size):
        found += parser.feed(text[start : start + size])
    return [*found, *parser.close()], dict(parser.repairs)


def told(text: str) -> list[str]:
    """Return the types of proposals and the codes of refusals, in their order."""
    return [item.type if isinstance(item, Proposal) else item.code for item in parsed(text)[0]]


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_the_same_proposals_come_out_however_the_text_is_cut(size: int) -> None:
    text = f'Here you go:\n```json\n{{"components": [{HERO},\n {GRID}, {CTA}]}}\n```'
    assert parsed(text, size) == parsed(text)


def test_a_proposal_comes_out_with_the_brace_that_closes_it() -> None:
    parser = ProposalParser()
    assert list(parser.feed('{"components":[' + HERO[:-1])) == []
    assert [item.type for item in parser.feed("}") if isinstance(item, Proposal)] == ["hero"]


def test_a_config_is_what_json_says_it_is() -> None:
    (proposal,), repairs = parsed(HERO)
    assert proposal == Proposal("hero", "hero", {"headline": "Good light", "ids": ["a", "b"]})
    assert not repairs


@pytest.mark.parametrize(
    ("name", "text", "outcome"),
    [
        ("a wrapper", f'{{"components":[{HERO},{GRID}]}}', ["hero", "grid"]),
        ("another wrapper", f'{{"page":{{"v":{{"a":1}},"rows":[{HERO}]}}}}{GRID}', ["hero", "grid"]),
        ("a wrapper with a type", f'{{"type":"page","components":[{HERO},{GRID}]}}', ["hero", "grid"]),
        ("a bare list", f"[{HERO},{GRID}]", ["hero", "grid"]),
        ("one object a line", f"{HERO}\n{GRID}\n", ["hero", "grid"]),
        ("two answers in one", f'{{"components":[{HERO}]}}\n{{"components":[{HERO}]}}', ["hero"] * 2),
        ("prose with braces", f"Sure, {{friend}}: it's [here]\n{HERO}", ["hero"]),
        ("a trailing comma", f'[{{"type":"hero","config":{{"a":["b",],}},}},{GRID},]', ["hero", "grid"]),
        ("a missing comma", f"[{HERO} {GRID}]", ["hero", "grid"]),
        ("a missing brace", f"[{HERO[:-1]},{GRID}]", ["hero", "grid"]),
        ("three missing closers", f'[{{"type":"x","config":{{"a":["b",{GRID},{CTA}]', ["x", "grid", "cta"]),
        ("an extra brace", f"[{HERO}}},{GRID}]", ["hero", "grid"]),
        ("a missing bracket", f'[{{"type":"x","config":{{"a":["b"}}}},{GRID}]', ["x", "grid"]),
        ("single quotes", "{'type':'hero','config':{'a':'it's \"so\"','b':True}}" + GRID, ["hero", "grid"]),
        ("comments", '{"type":"x",// "{\n"config":{/* } */"a":1}}' + GRID, ["x", "grid"]),
        ("bare keys", '{type:"x",config:{a:null}}', ["x"]),
        ("a config that was flattened", '{"type":"x","id":"x","a":1}', ["x"]),
        ("quotes inside copy", f'[{{"type":"x","config":{{"a":"so "b" c"}}}},{GRID}]', ["MALFORMED_JSON", "grid"]),
        ("a quote too many", f'[{{"type":"x","config":{{"a":"so "b"}}}},{GRID}]', ["MALFORMED_JSON", "grid"]),
        ("a quote too few", f'[{{"type":"x","config":{{"a":"b,"c":"d"}}}},{GRID}]', ["MALFORMED_JSON", "grid"]),
        ("an end inside a string", f'[{HERO},{{"type":"grid","config":{{"a":"b', ["hero", "UNFINISHED"]),
        ("an end between values", f'[{HERO},{{"type":"grid","config":{{"a":["b"', ["hero", "grid"]),
        ("no type", '[{"id":"hero"}]', ["NO_TYPE"]),
        ("a config that is none", '[{"type":"hero","config":[1]}]', ["MALFORMED_CONFIG"]),
        ("nothing", "", []),
        ("prose only", "I cannot do that.", []),
    ],
)  # fmt: skip
def test_what_models_write_is_read(name: str, text: str, outcome: list[str]) -> None:
    assert told(text) == outcome, name


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('[{"type":"x","config":{},}]', "TRAILING_COMMA"),
        (f"[{HERO[:-1]},{GRID}]", "MISSING_CLOSER"),
        ("{'type':'x','config':{}}", "SINGLE_QUOTES"),
        ('{"type":"x","config":{"a":True}}', "FOREIGN_LITERAL"),
        ('{"type":"x","type":"y","config":{}}', "DUPLICATE_KEY"),
        ('{"type":"x",/* */"config":{}}', "COMMENT"),
        (f"Here: {HERO}", "PROSE"),
        ('{type:"x","config":{}}', "UNQUOTED_KEY"),
        (f"[{HERO} {GRID}]", "MISSING_COMMA"),
        ('{"type":"x"}', "FLAT_CONFIG"),
        ('{"type":"x","config":{"a":"b,"c":"d"}},' + GRID, "STRAY_QUOTE"),
    ],
)
def test_every_repair_is_counted_by_its_kind(text: str, kind: str) -> None:
    assert parsed(text)[1].get(kind)


def test_escapes_and_surrogate_pairs_survive_every_cut() -> None:
    text = json.dumps({"type": "x", "config": {"a": 'é😀 \\ " \n'}})
    for size in range(1, 9):
        (proposal,), _ = parsed(text, size)
        assert isinstance(proposal, Proposal)
        assert proposal.config == {"a": 'é😀 \\ " \n'}


@pytest.mark.parametrize(
    ("text", "limits", "code"),
    [
        (f"[{HERO},{GRID}]", ParseLimits(components=1), "TOO_MANY_COMPONENTS"),
        (f"[{HERO},{GRID}]", ParseLimits(answer=100), "ANSWER_TOO_LONG"),
        ('{"type":"x","config":{"a":"' + "b" * 99 + '"}}', ParseLimits(component=60), "COMPONENT_TOO_LONG"),
        ('{"type":"x","config":' + "[" * 9 + "]" * 9 + "}", ParseLimits(depth=6), "TOO_DEEP"),
        ("[" * 1000, ParseLimits(), "TOO_DEEP"),
    ],
)  # fmt: skip
def test_every_limit_has_its_refusal(text: str, limits: ParseLimits, code: str) -> None:
    found, _ = parsed(text, limits=limits)
    assert code in [item.code for item in found if isinstance(item, Refusal)]


def test_a_component_past_its_limit_costs_only_itself() -> None:
    long = '{"type":"x","config":{"a":"' + "b" * 9000 + '"}}'
    assert told(f"[{HERO},{long},{GRID}]") == ["hero", "COMPONENT_TOO_LONG", "grid"]


def test_nothing_is_read_past_the_longest_answer() -> None:
    parser = ProposalParser(ParseLimits(answer=1000))
    found = [item for _ in range(100) for item in parser.feed("x" * 100_000)]
    assert found == [Refusal("ANSWER_TOO_LONG")]
    assert parser.done


def test_a_refusal_never_repeats_what_the_model_wrote() -> None:
    found, _ = parsed('[{"type":"hero","config":{"a": secret}}]')
    assert found == [Refusal("MALFORMED_JSON", "hero")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
configs = st.dictionaries(st.text(min_size=1, max_size=8), json_values, max_size=4)
noisy = st.text(alphabet="{}[]:,\"'\\/* \ntypeconfig01\ud83d\u00e9", max_size=200)


@settings(deadline=None)
@given(st.lists(configs, min_size=1, max_size=5), st.integers(1, 50), st.booleans())
def test_well_formed_components_are_read_exactly(
    wanted: list[dict[str, object]], size: int, pretty: bool
) -> None:
    items = [{"type": "x", "id": "y", "config": config} for config in wanted]
    text = json.dumps({"components": items}, indent=2 if pretty else None, ensure_ascii=not pretty)
    found, _ = parsed(text, size, ParseLimits(depth=40))
    assert [item.config for item in found if isinstance(item, Proposal)] == wanted


@settings(deadline=None, max_examples=300)
@given(noisy, st.integers(1, 12))
def test_any_text_is_read_alike_however_it_is_cut_and_never_raises(text: str, size: int) -> None:
    assert parsed(text, size) == parsed(text)
