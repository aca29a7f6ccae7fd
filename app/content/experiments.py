"""experiments.toml -> the experiments of an installation, with the prompts of their arms."""

import re
from collections.abc import Mapping
from functools import partial
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from app.catalog.problems import shown
from app.catalog.toml_tables import Table, TomlFile, Unusable
from app.content.prompts import PromptError, Prompts, load_prompts
from app.domain.catalog import FeedIssue
from app.domain.experiments import (
    HOLDOUT,
    MODEL,
    PAGES,
    PLAIN,
    POINTS,
    Arm,
    ArmLimits,
    Experiment,
    Experiments,
)
from app.domain.persona import PERSONA_TYPES

FILE_NAME = "experiments.toml"
_MOST_EXPERIMENTS = 20
_MOST_ARMS = 10
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
_KEYS = ("name", "share", "arms", "from", "until", "persona", "note")
_LIMITS = ("refused", "tokens", "seconds")
_OF_LIMITS = tuple(f"most_{name}" for name in _LIMITS)
_ARM_KEYS = ("name", "page", "share", "prompts", "pins", "note", *_OF_LIMITS)


class ExperimentFile(NamedTuple):
    """The experiments, the prompts of their arms by folder, and what is wrong with the file."""

    experiments: Experiments = Experiments()
    prompts: Mapping[str, Prompts] = MappingProxyType({})
    problems: tuple[FeedIssue, ...] = ()


def read_experiments(root: Path) -> ExperimentFile:
    """Read the experiments of a shop's folder; one that cannot be used costs only itself."""
    file = TomlFile(root / FILE_NAME)
    file.known(("timezone", "holdout", "dollar", "experiment"))
    top = file.top
    holdout = dollar = 0.0
    try:
        holdout = top.number("holdout", 0, 0.5)
        dollar = top.number("dollar", 1e-6, 1e6)
    except Unusable as error:
        file.note(top.line_of(error.key), f"it is passed over: {error}")
    prompts: dict[str, Prompts] = {}
    found: dict[str, Experiment] = {}
    read = partial(_experiment, root=root, prompts=prompts, earlier=found)
    for experiment in file.each("experiment", _MOST_EXPERIMENTS, read):
        found[experiment.name] = experiment
    experiments = Experiments(tuple(found.values()), int(holdout * POINTS), dollar)
    return ExperimentFile(experiments, MappingProxyType(prompts), file.problems)


def _experiment(
    table: Table, root: Path, prompts: dict[str, Prompts], earlier: Mapping[str, Experiment]
) -> Experiment:
    table.only(_KEYS)
    begins, ends = table.period()
    given = table.fields.get("arms")
    if not isinstance(given, list) or not all(isinstance(arm, dict) for arm in given):
        raise Unusable("arms", "arms is a list: [{ name = ..., page = ... }, ...]")
    if not 2 <= len(given) <= _MOST_ARMS:  # noqa: PLR2004 - with one there is nothing to compare
        raise Unusable("arms", f"it needs 2 to {_MOST_ARMS} arms")
    tables = [Table(arm, 0, [], table.zone) for arm in given]
    try:
        shares = [arm.number("share", 0.001, 1_000, 1) for arm in tables]
        below = [int(part / sum(shares) * POINTS) for part in accumulate(shares)]
        below[-1] = POINTS
        arms = tuple(
            _arm(arm, until, root, prompts) for arm, until in zip(tables, below, strict=True)
        )
    except Unusable as error:
        raise Unusable("arms", str(error)) from error
    if len({arm.name for arm in arms}) < len(arms):
        raise Unusable("arms", "two arms have one name")
    name = _name(table)
    if name == HOLDOUT or name in earlier:
        raise Unusable("name", f"{name} is the name of others")
    experiment = Experiment(
        name=name,
        share=int(table.number("share", 0.001, 1, 1) * POINTS),
        arms=arms,
        begins=begins,
        ends=ends,
        personas=table.texts("persona", PERSONA_TYPES),
    )
    if taker := next((it for it in earlier.values() if it.has_all_of(experiment)), None):
        raise Unusable("name", f"all of its shoppers are in {taker.name}, which is first")
    return experiment


def _arm(table: Table, below: int, root: Path, prompts: dict[str, Prompts]) -> Arm:
    table.only(_ARM_KEYS)
    name = _name(table)
    page = table.text("page", PAGES)
    if not page:
        raise Unusable("page", f"arm {name}: page is one of {', '.join(PAGES)}")
    folder = table.text("prompts")
    if folder and page != MODEL:
        raise Unusable("prompts", f"arm {name}: only a model has prompts")
    if folder and folder not in prompts:
        path = (root / folder).resolve()
        if not path.is_relative_to(root.resolve()):
            raise Unusable("prompts", f"arm {name}: {shown(folder)} is outside the shop's folder")
        try:
            prompts[folder] = load_prompts(path)
        except PromptError as error:
            raise Unusable("prompts", f"arm {name}: {error}") from error
    limits: dict[str, Any] = {
        limit: table.number(f"most_{limit}", 0, 1_000_000)
        for limit in _LIMITS
        if f"most_{limit}" in table.fields
    }
    pins = table.flag("pins", otherwise=True)
    if page == PLAIN and not pins:
        raise Unusable("pins", f"arm {name}: the plain page has what is pinned")
    return Arm(name, page, below, folder, ArmLimits(**limits), pins)


def _name(table: Table) -> str:
    name = table.text("name")
    if not _NAME.fullmatch(name):
        raise Unusable("name", f"name {shown(name)!r} is not small letters, digits and hyphens")
    return name
