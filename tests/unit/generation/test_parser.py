"""The parser: what real models write, cut anywhere, and what becomes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.limits import ParseLimits
from app.domain.page import Proposal, Refusal
from app.generation.parser.names import spelled
from app.generation.parser.parser import ProposalParser
from app.generation.parser.proposal import Names
from tests.support.cases import each

HERO = '{"type":"hero","id":"hero","config":{"headline":"Good light","ids":["a","b"]}}'
GRID = '{"type":"grid","id":"grid","config":{"title":"On the shelf"}}'
CTA = '{"type":"cta","id":"cta","config":{"text":"Go on"}}'

Outcome = tuple[list[Proposal | Refusal], Mapping[str, int]]


NAMES = Names(known=("hero", "grid", "filters", "cta", "gift_guide"))


def parsed(text: str, size: int = 4096, limits: ParseLimits | None = None) -> Outcome:
    parser = ProposalParser(limits or ParseLimits(), NAMES)
    found: list[Proposal | Refusal] = []
    for start in range(0, len(text), size):
        found += parser.feed(text[start : start + size])
    return [*found, *parser.close()], dict(parser.repairs)


def outcomes(text: str) -> list[str]:
    """Return the types of proposals and the codes of refusals, in their order."""
    return [item.type if isinstance(item, Proposal) else item.code for item in parsed(text)[0]]


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_the_same_proposals_come_out_however_the_text_is_cut(size: int) -> None:
    text = f'Here you go:\n```json\n{{"components": [{HERO},\n {GRID}, {CTA}]}}\n```'
    assert parsed(text, size) == parsed(text)


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_how_long_a_component_was_is_known_however_the_text_is_cut(size: int) -> None:
    parser = ProposalParser()
    texts = (
        '"type":"a","config":{"x":"{é"}}',
        '"type":"b","config":{}}',
        '"type":"b","config":{"x":1}}',
    )
    text = f'{{"components": [{{{", {".join(texts)}]}}'
    found = [item for at in range(0, len(text), size) for item in parser.feed(text[at : at + size])]
    assert len(found) == len(texts)
    assert parser.lengths == {"a": len(texts[0]), "b": len(texts[1])}, "of the shorter of the two"


def test_a_proposal_comes_out_with_the_brace_that_closes_it() -> None:
    parser = ProposalParser()
    assert list(parser.feed('{"components":[' + HERO[:-1])) == []
    assert [item.type for item in parser.feed("}") if isinstance(item, Proposal)] == ["hero"]


def test_a_config_is_what_json_says_it_is() -> None:
    (proposal,), repairs = parsed(HERO)
    assert proposal == Proposal("hero", "hero", {"headline": "Good light", "ids": ["a", "b"]})
    assert not repairs


@each(
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
        ("no type", '[{"id":"x"}]', ["NO_TYPE"]),
        ("a config that is none", '[{"type":"hero","config":[1]}]', ["MALFORMED_CONFIG"]),
        ("nothing", "", []),
        ("prose only", "I cannot do that.", []),
    ],
)  # fmt: skip
def test_what_models_write_is_read(name: str, text: str, outcome: list[str]) -> None:
    assert outcomes(text) == outcome, name


# ------------------------------------------------------------------ thoughts

DRAFT = HERO.replace("Good", "Draft")


def headlines(text: str) -> list[object]:
    return [item.config.get("headline") for item in parsed(text)[0] if isinstance(item, Proposal)]


@each("tag", ["think", "thinking", "Reasoning", "THINK", "thought", "scratchpad"])
@each(
    "text",
    [
        "<@>{draft}</@>{hero}",
        "<@>\nI could begin with {draft}\n</@>\n```json\n{hero}\n```",
        '<@>{draft}</@><@>{draft}</@>\n{{"components":[{hero}]}}',
        '{{"components":[<@>{draft}</@>{hero}]}}',
        "<@>a < b, and </other> or <@> once more {draft}</@>{hero}",
        '< @ id="1">{draft}</ @ >{hero}',
        "{hero}<@>{draft}</@>",
        "{hero}<@>{draft}",
    ],
)
def test_what_stands_in_a_thought_is_not_the_answer(text: str, tag: str) -> None:
    text = text.format(draft=DRAFT, hero=HERO).replace("@", tag)
    assert headlines(text) == ["Good light"]
    for size in (1, 2, 7):
        assert parsed(text, size) == parsed(text)


def test_kimis_triangles_are_tags_too() -> None:
    assert headlines(f"◁think▷{DRAFT}◁/think▷{HERO}") == ["Good light"]


@each("size", [1, 2, 7, 4096])
@each(
    "text",
    [
        "[THINK]{draft}[/THINK]{hero}",
        "[think]\n{draft}\n[/think]\n```json\n{hero}\n```",
        "{draft}[/THINK]{hero}",
        "<|START_THINKING|>{draft}<|END_THINKING|><|START_RESPONSE|>{hero}<|END_RESPONSE|>",
        "<|begin_of_thought|>{draft}<|end_of_thought|><|begin_of_solution|>{hero}",
        "<|thinking|>{draft}</|thinking|>{hero}",
        "<seed:think>{draft}</seed:think>{hero}",
        "<longcat_think>{draft}</longcat_think>{hero}",
        "<antThinking>{draft}</antThinking>{hero}",
        "<scratch_pad>{draft}</scratch_pad>{hero}",
        "<inner_monologue>{draft}</inner_monologue>{hero}",
        "<draft>{draft}</draft>{hero}",
        "<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant<|channel|>final<|message|>{hero}",
        "<|channel|>commentary<|message|>{draft}<|end|><|start|>assistant<|channel|>final<|message|>{hero}",
        "<|channel>thought\n{draft} < b<channel|>{hero}",
        "<thought_process>{draft}</thought_process>{hero}",
        "&lt;think&gt;R&D &amp; {draft}&lt;/think&gt;{hero}",
        "{draft}&lt;/think&gt;{hero}",
        "<details><summary>Why</summary>{draft}</details>{hero}",
        '<details type="reasoning" done="true" duration="12">{draft}</details>{hero}',
    ],
)
def test_each_family_of_models_has_tags_of_its_own(text: str, size: int) -> None:
    text = text.format(draft=DRAFT, hero=HERO)
    found, _ = parsed(text, size)
    assert [item.config["headline"] for item in found if isinstance(item, Proposal)] == [
        "Good light"
    ]


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_details_are_read_where_they_hold_all_there_is(size: int) -> None:
    for text in (
        f"<details><summary>The page</summary>\n```json\n{HERO}\n```\n</details>",
        f'Here it is: <details open>{{"components":[{HERO}]}}</details> Enjoy.',
        f"<details>{HERO}",
        f"<think>{DRAFT}</think><details>{HERO}</details>",
    ):
        found, _ = parsed(text, size)
        assert [it.config["headline"] for it in found if isinstance(it, Proposal)] == ["Good light"]
    assert headlines(f"<think>{DRAFT}</think>") == []
    assert headlines("<details>" * 5_000 + HERO) == []


@pytest.mark.parametrize("text", ["[{hero}]", "[Reasoning] {hero}", "[thinker] {hero}<|end|>"])
def test_what_looks_like_such_a_tag_is_prose(text: str) -> None:
    assert headlines(text.format(hero=HERO)) == ["Good light"]


def test_a_thought_that_never_ends_is_told_and_is_no_answer() -> None:
    found, repairs = parsed(f"<think>{DRAFT}")
    assert found == [Refusal("UNFINISHED", "thought")]
    assert repairs["THOUGHT"] == 1


def test_an_end_without_a_beginning_says_that_what_is_open_was_a_thought() -> None:
    assert headlines(f'{{"components":[{DRAFT[:-9]}</think>{HERO}') == ["Good light"]


def test_after_a_long_preamble_an_end_without_a_beginning_discards_what_was_drafted() -> None:
    thought = f"Okay, the shopper is new, so I want something quiet. {'I think. ' * 20}{DRAFT}"
    assert headlines(f"{thought}</think>{HERO}") == ["Good light"]
    assert headlines(thought) == ["Draft light"], "without the tag it was a preamble"
    for size in (1, 5):
        assert parsed(f"{thought}</think>{HERO}", size) == parsed(f"{thought}</think>{HERO}")


def test_after_a_short_preamble_a_component_waits_until_another_begins() -> None:
    parser = ProposalParser(names=NAMES)
    assert not list(parser.feed(f"Sure! Here is the page you asked for:\n{HERO}\n"))
    assert len(list(parser.feed("{"))) == 1
    assert headlines(f"Sure! Here is the page you asked for:\n{HERO}") == ["Good light"]


@each("size", [1, 2, 7, 4096])
@each(
    "text",
    [
        "<!-- {draft} -->{hero}",
        "Here:<!--\n{draft} a -- b ->\n-->\n```json\n{hero}\n```<!---->",
        '{{"components":[<!--{draft}-->{hero}]}}<!--{draft}-->',
        "/* first {draft} **/ {hero} /**/",
    ],
)
def test_what_stands_in_a_comment_is_not_the_answer(text: str, size: int) -> None:
    text = text.format(draft=DRAFT, hero=HERO)
    assert headlines(text) == ["Good light"]
    assert parsed(text, size) == parsed(text)


def test_a_comment_that_never_ends_is_told_and_an_address_is_none() -> None:
    assert parsed(f"<!-- {HERO}")[0] == [Refusal("UNFINISHED", "comment")]
    assert headlines(f"As in https://shop.example/a/b and/or c: {HERO} // so") == ["Good light"]


@each("size", [1, 7, 4096])
@each("final", ["{hero}{grid}", '{{"components":[{hero},{grid}]}}'])
@each(
    "draft",
    [
        "Okay, the user wants a page that is quiet. The hero could be {draft}. ",
        "Let me think about which product leads here, for a start: {draft}\n{draft}\n",
        'We need to answer with JSON and nothing else, something like {{"components":[{draft}]}}. ',
        'First I think about it for a while, and then perhaps say `{{"type":"hero","config":{{}}}}` or else. ',
    ],
)
def test_a_draft_in_a_thought_without_tags_gives_way_to_the_answer(
    draft: str, final: str, size: int
) -> None:
    text = (draft + "But wait, that is a little loud. " + final).format(
        draft=DRAFT, hero=HERO, grid=GRID
    )
    assert outcomes(text) == ["hero", "grid"]
    assert headlines(text)[0] == "Good light"
    assert parsed(text, size) == parsed(text)


def test_what_is_written_again_after_a_short_preamble_was_a_draft() -> None:
    for text in (
        "Sure: {draft} Wait, that is loud. {hero}{grid}",
        "{draft}\nOr better:\n```json\n{hero}\n```\n{grid}",
        "Draft: {draft}{grid} Final: {hero}{grid}",
        'Entwurf: {{"components":[{draft},{grid}]}} Endfassung: {{"components":[{hero},{grid}]}}',
        'A first try. {{"components":[{draft}]}} No: {{"components":[{hero},{grid}]}}',
    ):
        written = text.format(draft=DRAFT, hero=HERO, grid=GRID)
        assert headlines(written) == ["Good light", None], text
        assert parsed(written, 1) == parsed(written), text


@pytest.mark.parametrize(
    "text",
    [
        '{{"thoughts":{{"first":{draft}}},"components":[{hero}]}}',
        '{{"draft":[{draft}],"final":[{hero}]}}',
        '{{"first_draft":{{"components":[{draft}]}},"components":[{hero}]}}',
        '{{"attempt_1":[{draft}],"answer":[{hero}]}}',
        '{{"plan":{{"Reasoning":{encoded}}},"page":{{"components":[{hero}]}}}}',
    ],
)
def test_what_stands_under_a_key_for_thoughts_is_not_the_answer(text: str) -> None:
    text = text.format(draft=DRAFT, hero=HERO, encoded=json.dumps(f"[{DRAFT}]"))
    assert headlines(text) == ["Good light"]


@each("size", [1, 7, 4096])
@each(
    "text",
    [
        '{{"components":[{draft},{grid}]}}{{"components":[{hero}]}}',
        "[{draft},{grid}]\n[{hero}]",
        '{{"components":[{draft},{grid}],"components":[{hero}]}}',
        '{{"one":{{"components":[{draft},{grid}]}},"two":{{"components":[{hero}]}}}}',
        '{{"components":[{draft},{grid},\n// too long, again:\n{hero}]}}',
        '{{"components":[{draft},{grid}\nThat headline is wrong.\n{hero}]}}',
        '{{"components":[{draft},{grid},"the hero again",{hero}]}}',
        '{{"components":[{draft},{grid},{{"note":"the hero again"}},{hero}]}}',
    ],
)
def test_what_comes_after_something_else_was_said_is_a_revision(text: str, size: int) -> None:
    found, _ = parsed(text.format(draft=DRAFT, hero=HERO, grid=GRID), size)
    before, beside, after = (it.revision for it in found if isinstance(it, Proposal))
    assert before == beside < after


@each("text", ["[{0},{1},{2}]", "{0}\n{1}\n{2}", '{{"components":[{0},\n  {1} {2}]}}'])
def test_what_is_said_in_one_go_is_no_revision(text: str) -> None:
    found, _ = parsed(text.format(DRAFT, HERO, GRID), 7)
    assert {it.revision for it in found if isinstance(it, Proposal)} == {0}


def test_of_a_key_that_is_written_twice_the_last_value_holds_as_in_any_json() -> None:
    found, _ = parsed('{"hero":{"headline":"A draft"},"hero":{"headline":"The answer"}}', 7)
    draft, final = (it for it in found if isinstance(it, Proposal))
    assert draft.revision < final.revision


def test_a_thought_between_components_is_none_of_them() -> None:
    thought = "Now for the grid: should it be this one, which has nothing new in it? "
    text = f"{HERO}{thought}{GRID.replace('shelf', 'floor')} No: {GRID}{thought}{CTA}"
    assert [item.config for item in parsed(text)[0] if isinstance(item, Proposal)] == [
        json.loads(it)["config"] for it in (HERO, GRID, CTA)
    ]
    parser = ProposalParser(names=NAMES)
    assert len(list(parser.feed(text))) == 1, "what comes before the thought is not held back"


def test_other_tags_and_signs_are_prose_as_ever() -> None:
    assert headlines(f"<answer>3 < 4 <thinker> {HERO}</answer>") == ["Good light"]


def test_a_tag_inside_copy_is_copy() -> None:
    (proposal,), repairs = parsed('{"type":"x","config":{"a":"so <think> b"}}')
    assert proposal == Proposal("x", "", {"a": "so <think> b"})
    assert not repairs


# ------------------------------------------------------------------ other names and shapes

CONFIG = '{"headline":"Good light","ids":["a","b"]}'
ENCODED = json.dumps(CONFIG)
SAME = Proposal("hero", "hero", json.loads(CONFIG))


@each(
    ("text", "repair"),
    [
        (f'{{"hero":{CONFIG}}}', "KEYED_BY_TYPE"),
        (f'{{"components":{{"hero":{CONFIG}}}}}', "KEYED_BY_TYPE"),
        (f'{{"hero":{{"config":{CONFIG}}}}}', "KEYED_BY_TYPE"),
        (f'{{"components":[{{"hero":{CONFIG}}}]}}', "KEYED_BY_TYPE"),
        (f'{{"hero":[{CONFIG}]}}', "KEYED_BY_TYPE"),
        (f'{{"hero":{{"type":"hero","config":{CONFIG}}}}}', ""),
        (f'{{"type":["hero"],"id":"hero","config":{CONFIG}}}', ""),
        (f'{{"type":"hero","id":"hero","props":{CONFIG}}}', "CONFIG_KEY"),
        (f'{{"type":"hero","id":"hero","parameters":{CONFIG},"order":1}}', "CONFIG_KEY"),
        (f'{{"type":"hero","id":"hero","properties":{CONFIG}}}', "CONFIG_KEY"),
        (f'{{"type":"hero","id":"hero","data":{CONFIG}}}', "CONFIG_KEY"),
        (f'{{"type":"hero","id":"hero","content":{CONFIG},"reason":"It is dark."}}', "CONFIG_KEY"),
        (f'{{"slot":"hero","type":"hero","order":1,"settings":{CONFIG}}}', "CONFIG_KEY"),
        (f'{{"Type":"hero","id":"hero","Config":{CONFIG}}}', "TYPE_KEY"),
        (f'{{"component":"hero","slot":"hero","props":{CONFIG}}}', "TYPE_KEY"),
        (f'{{"props":{CONFIG},"component":"hero","id":"hero"}}', "TYPE_KEY"),
        (f'{{"config":{CONFIG},"type":"hero","id":"hero"}}', ""),
        (f'{{"name":"hero","id":"hero","config":{CONFIG}}}', "TYPE_KEY"),
        (f'{{"id":"hero","config":{CONFIG}}}', "TYPE_KEY"),
        (f'{{"type":"hero","id":"hero","config":{ENCODED}}}', "CONFIG_AS_TEXT"),
        (f'{{"config":{ENCODED},"type":"hero","id":"hero"}}', "CONFIG_AS_TEXT"),
        (f'{{"hero":{ENCODED}}}', "ENCODED_TWICE"),
        (json.dumps({"components": f"[{HERO}]"}), "ENCODED_TWICE"),
        (json.dumps({"components": [HERO]}), "ENCODED_TWICE"),
        (json.dumps({"page": {"components": json.dumps([HERO])}}), "ENCODED_TWICE"),
        (json.dumps(json.dumps({"components": [json.loads(HERO)]})), "ENCODED_TWICE"),
        (f" {json.dumps(HERO)} ", "ENCODED_TWICE"),
        (json.dumps(f'{{"components":[{HERO}]}}')[1:-1], "ENCODED_TWICE"),
        (json.dumps(f"[\n{HERO}\n]")[1:-1], "ENCODED_TWICE"),
        (f"Here:\n```json\n{json.dumps(HERO)[1:-1]}\n```", "ENCODED_TWICE"),
        (escape(f'{{"components": [{HERO}]}}'), "ENCODED_TWICE"),
        (escape(HERO), "ENCODED_TWICE"),
        (f'"Here it is": {HERO}', "PROSE"),
        (f'{{"name":"show","arguments":{{"components":[{HERO}]}}}}', ""),
        (json.dumps({"name": "show", "arguments": json.dumps({"components": [json.loads(HERO)]})}), ""),
    ],
)  # fmt: skip
def test_a_component_is_known_under_other_names(text: str, repair: str) -> None:
    found, repairs = parsed(text)
    assert found == [SAME]
    assert repairs.get(repair, 0) or not repair
    for size in (1, 3):
        assert parsed(text, size) == (found, repairs)


def test_what_was_escaped_before_an_answer_was_escaped_stays_so() -> None:
    config = {"a": 'She said "so" \\ & <b>\n\u00e9 \\"', "b": "&quot;"}
    text = json.dumps({"components": [{"type": "hero", "id": "hero", "config": config}]})
    for escaped in (json.dumps(text)[1:-1], escape(text)):
        for size in (1, 2, 4096):
            assert parsed(escaped, size)[0] == [Proposal("hero", "hero", config)]


def test_components_that_are_keyed_come_out_one_by_one() -> None:
    parser = ProposalParser(names=NAMES)
    assert [
        item.type
        for item in parser.feed(f'{{"hero":{CONFIG},"grid":{{"a":')
        if isinstance(item, Proposal)
    ] == ["hero"]


@each(
    "text",
    [
        f'{{"carousel":{CONFIG}}}',
        f'{{"hero_and_grid":{CONFIG}}}',
        '{"hero":"a text"}',
        '"a text"',
        '"a text that never ends',
        "7",
        '{"components":["hero","grid"]}',
        '{"components":"none"}',
        '[{"type":{"name":"x"},"config":{}}]',
        '{"type":"hero","config":"no JSON"}',
        '{"type":"hero","config":"[1]"}',
    ],
)
def test_what_cannot_be_read_is_never_dropped_in_silence(text: str) -> None:
    found, repairs = parsed(text)
    assert not any(isinstance(item, Proposal) and item.type == "hero" for item in found)
    assert found or repairs


def test_a_text_that_looks_like_json_stays_a_text() -> None:
    text = '{"headline":"[two] {words}","type":"hero"}'
    assert parsed(text)[0] == [Proposal("hero", "", {"headline": "[two] {words}"})]


def test_an_answer_encoded_twice_may_be_longer_than_a_component() -> None:
    many = [json.loads(HERO) for _ in range(30)]
    text = json.dumps({"components": json.dumps(many)})
    limits = ParseLimits(component=200)
    assert len([it for it in parsed(text, 64, limits)[0] if isinstance(it, Proposal)]) == 30


@each(
    ("name", "kind"),
    [
        ("hero", "hero"), ("Hero", "hero"), ("CTA", "cta"), ("hero_banner", "hero"), ("HeroSection", "hero"),
        ("product-grid", "grid"), ("GiftGuide", "gift_guide"), ("gift guide", "gift_guide"),
        ("hero_grid", ""), ("heroic", ""), ("", ""), ("guide", ""), ("<hero>", "hero"),
    ],
)  # fmt: skip
def test_a_name_is_known_by_its_words_where_they_name_one_kind(name: str, kind: str) -> None:
    assert spelled(name, NAMES.known) == kind


# ------------------------------------------------------------------ gaps


def after_gap(before: str, after: str, size: int = 4096) -> list[Proposal | Refusal]:
    parser = ProposalParser(names=NAMES)
    pieces = [
        [text[at : at + size] for at in range(0, len(text), size)] for text in (before, after)
    ]
    found = [item for piece in pieces[0] for item in parser.feed(piece)]
    found += parser.gap()
    found += [item for piece in pieces[1] for item in parser.feed(piece)]
    return [*found, *parser.close()]


@each("at", range(len(GRID)))
def test_a_component_with_a_gap_is_refused_and_the_texts_around_it_are_not_joined(at: int) -> None:
    before = f'{{"components":[{HERO},{GRID[:at]}'
    after = f"{GRID[at + 4 :]},{CTA}]}}"
    found = after_gap(before, after)
    assert found == after_gap(before, after, 3)
    assert [item.type for item in found if isinstance(item, Proposal)] in (
        ["hero", "cta"],
        ["hero", "title", "cta"],
    )
    assert (Refusal("GAP_IN_ANSWER", "grid") in found) == (at >= 14)
    assert any(isinstance(item, Refusal) for item in found)


def test_a_gap_between_components_costs_none() -> None:
    found = after_gap(f'{{"components":[{HERO},', f"{CTA}]}}")
    assert [item.type for item in found if isinstance(item, Proposal)] == ["hero", "cta"]


def test_a_gap_in_a_thought_does_not_end_it() -> None:
    found = after_gap("<think>I could", f"say {DRAFT}</think>{HERO}")
    assert found == [Proposal("hero", "hero", json.loads(CONFIG))]


# ------------------------------------------------------------------ repairs


@each(
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
        (r'{"type":"x","config":{"a":"b\_c"}}', "INVALID_ESCAPE"),
        (r'{"type":"x","config":{"a":"\ud83d"}}', "LONE_SURROGATE"),
        ('{"type":"x","id":7,"config":{}}', "ID_NOT_TEXT"),
        (f"<think></think>{HERO}", "THOUGHT"),
        ('{"meta":{"a":1}}', "NOT_A_COMPONENT"),
        (HERO.replace('":', '"\uff1a').replace(",", "\uff0c"), "FULL_WIDTH"),
        (json.dumps([{"type": "text", "text": HERO}]), "ENCODED_TWICE"),
        (HERO.replace('"', "\u201d"), "TYPOGRAPHIC_QUOTES"),
        ('{"type":"x","config":[{}]}', "NESTED_CONFIG"),
    ],
)
def test_every_repair_is_counted_by_its_kind(text: str, kind: str) -> None:
    assert parsed(text)[1].get(kind)


@each("size", [1, 7, 4096])
@each(
    "text",
    [
        HERO.replace('":', '"\uff1a ').replace(",", "\uff0c"),
        json.dumps([{"type": "text", "text": HERO}]),
        json.dumps({"type": "output_text", "text": f'{{"components": [{HERO}]}}'}),
        HERO.replace('"', "\u201d"),
        re.sub('"([^"]*)"', "\u201c\\1\u201d", HERO),
        re.sub('"([^"]*)"', "\u201e\\1\u201c", HERO),
        re.sub('"([^"]*)":', "\u201c\\1\u201d: ", HERO),
        re.sub(':"([^"]*)"', ": \u201c\\1\u201d ", HERO),
        HERO.replace(":", "\u200b: \u2060"),
        HERO.replace(",", ", # to begin with: {\n"),
        "```json\n[" + HERO[:-1] + "\n```\nThere it is.",
        json.dumps({"type": "hero", "config": [json.loads(CONFIG)]}),
        json.dumps({"type": "tool_use", "name": "hero", "input": json.loads(CONFIG)}),
        json.dumps({"type": "function_call", "name": "hero", "arguments": CONFIG}),
        json.dumps({"type": "function", "function": {"name": "hero", "arguments": CONFIG}}),
        json.dumps({"type": "function", "function": {"name": "page", "arguments": HERO}}),
    ],
)
def test_what_models_and_gateways_write_in_place_of_json_is_read(text: str, size: int) -> None:
    (proposal,), _ = parsed(text, size)
    assert isinstance(proposal, Proposal)
    assert (proposal.type, proposal.config) == ("hero", json.loads(CONFIG))


@each("size", [1, 7, 4096])
def test_a_colour_without_quotes_costs_its_own_component_and_begins_no_comment(size: int) -> None:
    found, _ = parsed(f'[{{"type":"x","config":{{"a":#fff}}}},{HERO}]', size)
    assert [type(item) for item in found] == [Refusal, Proposal]


@each("size", [1, 7, 4096])
def test_typographic_quotes_end_a_string_only_where_it_may_end(size: int) -> None:
    text = re.sub('"([^"]*)"', "\u201c\\1\u201d", '{"type":"x","config":{"a":"b QUOTED d"}}')
    (proposal,), _ = parsed(text.replace("QUOTED", '\u201cc\u201d "e"'), size)
    assert isinstance(proposal, Proposal)
    assert proposal.config == {"a": 'b \u201cc\u201d "e" d'}


def test_a_prop_that_is_an_object_is_not_taken_for_the_config() -> None:
    (proposal,), _ = parsed('{"type":"x","config":{"picture":{"a":1}}}')
    assert isinstance(proposal, Proposal)
    assert proposal.config == {"picture": {"a": 1}}


def test_a_component_that_is_called_text_is_one() -> None:
    parser = ProposalParser(names=Names(known=("text",)))
    (found,) = [*parser.feed('{"type":"text","text":"{plain}"}'), *parser.close()]
    assert isinstance(found, Proposal)
    assert found.config == {"text": "{plain}"}


def test_escapes_and_surrogate_pairs_survive_every_cut() -> None:
    text = json.dumps({"type": "x", "config": {"a": 'é😀 \\ " \n'}})
    for size in range(1, 9):
        (proposal,), _ = parsed(text, size)
        assert isinstance(proposal, Proposal)
        assert proposal.config == {"a": 'é😀 \\ " \n'}


@each("size", [1, 2, 4096])
@each(
    ("written", "read"),
    [
        (r"b\_r\&d it\'s \#1 \- \.", "b_r&d it's #1 - ."),
        (r"a\\_b \" \/ \n \u00e9", 'a\\_b " / \n é'),
        (r"x \ud83d\ude00 y \ud83d z \ude00", "x 😀 y  z "),
        ("two\\\nlines", "two\nlines"),
    ],
)
def test_escapes_that_json_does_not_know_are_what_they_escape(
    written: str, read: str, size: int
) -> None:
    found, _ = parsed('{"type":"x","config":{"a":"' + written + '"}}', size)
    assert found == [Proposal("x", "", {"a": read})]


@pytest.mark.parametrize("escape", [r"\x41", r"\u{1f600}", r"\user", r"\d"])
def test_an_escape_that_could_mean_anything_is_refused(escape: str) -> None:
    assert outcomes('[{"type":"x","config":{"a":"' + escape + '"}}]') == ["MALFORMED_JSON"]


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
    assert outcomes(f"[{HERO},{long},{GRID}]") == ["hero", "COMPONENT_TOO_LONG", "grid"]


def test_nothing_is_read_past_the_longest_answer() -> None:
    parser = ProposalParser(ParseLimits(answer=1000))
    found = [item for _ in range(100) for item in parser.feed("x" * 100_000)]
    assert found == [Refusal("ANSWER_TOO_LONG")]
    assert parser.done


def test_a_refusal_never_repeats_what_the_model_wrote() -> None:
    found, _ = parsed('[{"type":"hero","config":{"a": secret}}]')
    assert found == [Refusal("MALFORMED_JSON", "hero")]


LIKE_REPAIRS = [
    "#", "# ", "//", "/*", "*/", "<!--", "-->", "\n", "\\", "`", "```json\n", "{", "}", "[", "]", "'}", '"}},',
    *"\"'\u201c\u201d\u201e\u2018\u2019\uff02\uff1a\uff0c\u200b\ufeff\u202e\u05e9\U0001f600", "e\u0301",
    "<think>", "</think>", "[THINK]", "&lt;think&gt;", "<details>", "<tool_call>", "&quot;", "function",
    '{"type":"grid","config":{}}', '{"components":[', '{\\"type\\":', "https://a.example/b#c", "#fff",
    "None", "undefined", "NaN", "007", "Sure: ",
]  # fmt: skip
"""Pieces of strings that stand outside of strings where something is repaired."""

LIKE_PARTS = [
    "type", "config", "function", "name", "props", "id", "slot", "arguments", "input", "content",
    "components", "thought", "plan", "kind", "data", "grid", "Type", "#", "\u201ca\u201d",
]  # fmt: skip
"""Names of props that are those of parts of a component, however a model calls them."""

strings = st.text(max_size=12) | st.lists(st.sampled_from(LIKE_REPAIRS), max_size=5).map("".join)
keys = st.text(max_size=8) | st.sampled_from(LIKE_PARTS)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | strings,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
configs = st.dictionaries(keys, json_values, max_size=4)
tokens = [
    "<think>",
    "</think>",
    "[THINK]",
    "[/THINK]",
    "<|channel|>analysis<|message|>",
    "<|channel|>final<|message|>",
    '"config"',
    '"components"',
    '"hero":',
    '"{\\"type\\":\\"x\\"}"',
    *"{}[]:,\"'\\/* \n<>typeconfig01\ud83d\u00e9",
]
noisy = st.lists(st.sampled_from(tokens), max_size=120).map("".join)


@given(st.lists(configs, min_size=1, max_size=5), st.integers(1, 50), st.booleans())
def test_well_formed_components_are_read_exactly(
    wanted: list[dict[str, object]], size: int, pretty: bool
) -> None:
    items = [{"type": "grid", "id": "y", "config": config} for config in wanted]
    text = json.dumps({"components": items}, indent=2 if pretty else None, ensure_ascii=not pretty)
    assume(text.count('"type": "grid"') == len(items))  # else a component may stand in another
    found, _ = parsed(text, size, ParseLimits(depth=40))
    assert [item.config for item in found if isinstance(item, Proposal)] == wanted


def test_props_that_are_called_as_a_component_is_are_props() -> None:
    blocks = {"type": "wide", "config": {"blocks": [{"type": "image", "config": {"a": 1}}]}}
    text = json.dumps([{"type": "grid", "id": "grid", "config": blocks}, json.loads(HERO)])
    found, repairs = parsed(text)
    assert next(item.config for item in found if isinstance(item, Proposal)) == blocks
    assert len(found) == 2
    assert not repairs


@given(noisy, st.integers(1, 12))
def test_any_text_is_read_alike_however_it_is_cut_and_never_raises(text: str, size: int) -> None:
    assert parsed(text, size) == parsed(text)
