"""Evaluations: what a model made of a set of pages, kept, gated, and set side by side."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.page import Refusal
from app.generation.trace import Trace
from app.workbench.evals import Evaluation, Outcome, figures, load, save, shown_figures
from tests.support.fake_model import Model
from tools.eval import main, outcome, worse
from tools.support.workbench import Desk

OUTCOME = Outcome("demo", "newcomer", "success", 10, 9, 5, 5, 2000, 500, 700, {"PRICE_IN_COPY": 1})
RUN = Evaluation("first", "small", "2026-01-01T00:00:00+00:00", (OUTCOME,))


def test_what_the_house_fills_in_is_not_the_models() -> None:
    trace = Trace("page", "demo", "newcomer", lambda: 0.0)
    trace.note("asked", "small")
    trace.note("drawn", "grid", "grid")
    trace.refused(Refusal("PRICE_IN_COPY", "hero"))
    trace.note("asked", "small")
    trace.note("drawn", "hero", "hero")
    trace.note("asked", "house")
    trace.note("drawn", "cta", "cta")
    found = outcome(trace, "small", 5)
    assert (found.proposed, found.admitted, found.filled) == (2, 1, 2)
    assert found.refusals == {"PRICE_IN_COPY": 1}
    assert found.hero == 0


def test_a_run_is_read_as_it_was_kept(tmp_path: Path) -> None:
    save(tmp_path / "runs" / "first.json", RUN)
    assert load(tmp_path / "runs" / "first.json") == RUN


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"outcomes": [{"shop": 1}]}'])
def test_a_file_that_is_no_run_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    assert load(tmp_path / "x.json") is None


def test_a_run_without_any_hero_has_no_time_to_one() -> None:
    assert shown_figures([OUTCOME])["ms to the hero"] == "700"
    assert shown_figures([replace(OUTCOME, hero=None)])["ms to the hero"] == "none"


def test_a_run_that_admits_or_fills_less_is_worse() -> None:
    less = replace(RUN, outcomes=(replace(OUTCOME, admitted=8, filled=4),))
    assert len(worse(less, RUN)) == 2
    assert worse(RUN, less) == worse(RUN, RUN) == []


def test_only_pages_that_both_runs_have_are_compared() -> None:
    easy = replace(OUTCOME, shop="other", admitted=10)
    assert worse(RUN, replace(RUN, outcomes=(OUTCOME, easy))) == []
    assert worse(replace(RUN, outcomes=(easy,)), RUN) == ["no page of it was composed then"]


def test_a_model_is_evaluated_kept_and_held_to_what_was_accepted(
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    of_run = {"WANDSTORE_DATA": str(tmp_path), "WANDSTORE_HOUSE_PACE": "0"}
    for name, value in {**model.environment, **of_run}.items():
        monkeypatch.setenv(name, value)
    house = ["--model", "house", "--pages", "1"]
    assert main(house) == 0
    assert "nothing is accepted yet" in capsys.readouterr().out
    assert main([*house, "--name", "one", "--accept"]) == 0
    assert main(house) == 0
    assert "as good as one" in capsys.readouterr().out
    one = load(tmp_path / "evals" / "one.json")
    assert one is not None
    assert figures(one.outcomes)["slots filled"] == 1
    save(tmp_path / "evals" / "accepted" / "kimi.json", one)
    assert main(["--model", "kimi", "--pages", "1"]) == 1
    assert "worse than one, which was accepted: slots filled: 0.0%" in capsys.readouterr().out
    for wrong in (["--pages", "0"], ["--name", "../one"]):
        with pytest.raises(SystemExit, match="2"):
            main(wrong)


def test_two_runs_stand_side_by_side(desk: Desk) -> None:
    folder = desk.server.data / "evals"
    save(folder / "first.json", RUN)
    better = replace(OUTCOME, admitted=10, refusals={})
    save(
        folder / "second.json", Evaluation("second", "big", "2026-01-02T00:00:00+00:00", (better,))
    )
    html = desk.get("/evals").text
    rows = rows_of(html)
    assert "admitted at the first try 90.0% 100.0%" in rows
    assert "refused: PRICE_IN_COPY 1 0" in rows
    form = html.partition('<form class="looks" method="get">')[2].partition("</form>")[0]
    choices = re.findall('<select name="(.)"|<option value="(.+?)"', form)
    for side in ("a", "b"):
        at = choices.index((side, ""))
        assert {value for _, value in choices[at + 1 : at + 3]} == {"first", "second"}
    assert '<button class="first" type="submit">Compare</button>' in form
    chosen = rows_of(desk.get("/evals?a=second&b=second").text)
    assert chosen[0].endswith("100.0% 100.0%")


def rows_of(html: str) -> list[str]:
    """Return the text of each row of a table's body."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.findall(">([^<>]+)</t[hd]>", row)) for row in body.split("</tr>")[:-1]]
