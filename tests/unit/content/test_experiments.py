"""experiments.toml: what is read of it, and what is said of what cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.content.experiments import ExperimentFile, read_experiments
from app.domain.experiments import POINTS, ArmLimits
from app.settings import ROOT

ARMS = "arms = [{ name = 'now', page = 'model' }, { name = 'plain', page = 'plain', share = 3 }]\n"
COPY = f"[[experiment]]\nname = 'copy'\n{ARMS}"


def read(folder: Path, text: str) -> ExperimentFile:
    (folder / "experiments.toml").write_bytes(text.encode())
    return read_experiments(folder)


def test_without_a_file_nothing_runs(tmp_path: Path) -> None:
    assert read_experiments(tmp_path) == ExperimentFile()


def test_an_experiment_has_a_share_and_arms_with_shares_of_it(tmp_path: Path) -> None:
    found = read(tmp_path, f"holdout = 0.05\n{COPY}share = 0.5\npersona = 'collector'\n")
    assert found.problems == ()
    assert found.experiments.holdout == int(0.05 * POINTS)
    (experiment,) = found.experiments.running
    assert (experiment.name, experiment.share) == ("copy", POINTS // 2)
    assert [(arm.name, arm.page, arm.below) for arm in experiment.arms] == [
        ("now", "model", POINTS // 4),
        ("plain", "plain", POINTS),
    ]
    assert experiment.personas == ("collector",)


def test_an_arm_has_prompts_and_limits_of_its_own(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "prompts", tmp_path / "next")
    text = COPY.replace("'model' }", "'model', prompts = 'next', most_refused = 0.5 }")
    found = read(tmp_path, text)
    arm = found.experiments.running[0].arms[0]
    assert (found.problems, arm.prompts, arm.limits) == ((), "next", ArmLimits(refused=0.5))
    assert set(found.prompts) == {"next"}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("holdout = 0.9", 1, "holdout must be a number from 0 to 0.5"),
        ("arms = 3", 1, "arms is not known here"),
        ("[[experiment]]\nname = 'copy'", 1, "arms is a list"),
        ("[[experiment]]\narms = [{ name = 'a', page = 'model' }]", 2, "2 to 10 arms"),
        (COPY.replace("'copy'", "'The Copy'"), 2, "not small letters"),
        (COPY.replace("'copy'", "'holdout'"), 2, "the name of others"),
        (COPY + COPY, 5, "the name of others"),
        (COPY + COPY.replace("'copy'", "'next'"), 5, "all of its shoppers are in copy"),
        (COPY + "share = 2", 4, "share must be a number from 0.001 to 1"),
        (COPY + "shares = 1", 4, "shares is not known"),
        (COPY + "from = 2026-12-02\nuntil = 2026-12-01", 5, "until is not after from"),
        (COPY + "persona = 'robot'", 4, "robot is none of"),
        (COPY.replace("'plain', page", "'now', page"), 3, "two arms have one name"),
        (COPY.replace("page = 'plain'", "page = 'blank'"), 3, "blank is none of plain"),
        (COPY.replace(", page = 'plain'", ""), 3, "page is one of plain, house, model"),
        (COPY.replace("share = 3", "prompts = 'x'"), 3, "only a model has prompts"),
        (COPY.replace("'model' }", "'model', prompts = 'x' }"), 3, "x/storefront.md"),
        (COPY.replace("'model' }", "'model', prompts = '../..' }"), 3, "outside the shop's folder"),
        (COPY.replace("'model' }", "'model', prompts = \"\\u0000\" }"), 3, "must be text"),
        (COPY.replace("'model' }", "'model', most_seconds = 'few' }"), 3, "most_seconds must be"),
        (COPY.replace("'model' }", "'model', limit = 3 }"), 3, "limit is not known"),
        (COPY.replace("'model' }", "'model', pins = 'no' }"), 3, "pins must be true or false"),
        (COPY.replace("share = 3", "pins = false"), 3, "the plain page has what is pinned"),
        (COPY.replace("'copy'", "['copy', 'other']"), 2, "name must be one text"),
        (COPY.replace("page = 'plain'", "page = ['plain', 'house']"), 3, "page must be one text"),
        (f"holdout = 1{'0' * 400}", 1, "holdout must be a number"),
        ("# one\n[experiment]\nname = 'copy'", 2, "a list of tables"),
        ("\ufeff" + COPY + "share = 2", 4, "share must be"),
        (COPY.replace("\n", "\r\n") + "share = 2", 4, "share must be"),
        ("# \u2028\n" + COPY + "share = 2", 5, "share must be"),
        (COPY + f"note = {'[' * 9_999}", 0, "too deep"),
    ],
)
def test_a_bad_line_is_named_and_costs_only_its_experiment(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    found = read(tmp_path, text)
    (problem,) = found.problems
    assert (problem.file, problem.line) == ("experiments.toml", line)
    assert reason in problem.reason
