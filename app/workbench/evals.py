"""Kept evaluations of a model: what a set of prompts came to, and how two of them differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from statistics import median

from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.workbench.responses import page
from app.workbench.templates import Templates

_MOST_KEPT = 200
_LARGEST = 1024 * 1024
SHARES = ("admitted at the first try", "slots filled")
"""Figures that are shares of a whole."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one prompt came to. Times are in milliseconds; `hero` is None where none was drawn."""

    shop: str
    persona: str
    status: str
    proposed: int
    admitted: int
    filled: int
    slots: int
    prompt_tokens: int
    completion_tokens: int
    hero: int | None
    refusals: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model's outcomes. `at` is a UTC time in ISO 8601."""

    name: str
    model: str
    at: str
    outcomes: tuple[Outcome, ...]


_EVALUATION = TypeAdapter(Evaluation)


def figures(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """Return shares of the whole, tokens a page, and the median ms to the hero, NaN for none."""
    done = tuple(outcomes)
    pages = max(1, len(done))
    heroes = [it.hero for it in done if it.hero is not None]
    return {
        "admitted at the first try": _share(
            sum(it.admitted for it in done), sum(it.proposed for it in done)
        ),
        "slots filled": _share(sum(it.filled for it in done), sum(it.slots for it in done)),
        "prompt tokens a page": sum(it.prompt_tokens for it in done) / pages,
        "completion tokens a page": sum(it.completion_tokens for it in done) / pages,
        "ms to the hero": median(heroes) if heroes else nan,
    }


def shown_figures(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Return the figures as texts, and how often proposals were refused by code."""
    done = tuple(outcomes)
    codes = sum((Counter(it.refusals) for it in done), Counter[str]())
    return {
        **{
            name: f"{value:.1%}" if name in SHARES else f"{value:,.0f}".replace("nan", "none")
            for name, value in figures(done).items()
        },
        **{f"refused: {code}": str(times) for code, times in sorted(codes.items())},
    }


def save(path: Path, evaluation: Evaluation) -> None:
    """Keep a run, in place of what the file held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_EVALUATION.dump_json(evaluation))


def load(path: Path) -> Evaluation | None:
    """Read a run that was kept; None where the file is none."""
    try:
        if path.stat().st_size > _LARGEST:
            return None
        return _EVALUATION.validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def comparison(folder: Path, templates: Templates) -> Route:
    """Return the page that sets two runs side by side, by `a` and `b`, of those that are kept."""

    def compare(request: Request) -> Response:
        kept = filter(None, map(load, sorted(folder.glob("*.json"))[:_MOST_KEPT]))
        runs = {run.name: run for run in kept}
        latest = sorted(runs, key=lambda name: runs[name].at)[-2:]
        chosen = {
            side: request.query_params.get(side, usual)
            for side, usual in zip("ab", latest * 2, strict=False)
        }
        compared = [runs[name] for name in chosen.values() if name in runs]
        rows = _rows(compared)
        return page(
            templates.draw("evals", kept=list(runs), chosen=chosen, runs=compared, rows=rows)
        )

    return Route("/evals", compare)


def _rows(runs: Sequence[Evaluation]) -> list[tuple[str, list[str]]]:
    """Return the name of everything in which runs can differ, with the value of each run."""
    columns = [shown_figures(run.outcomes) for run in runs]
    names = list(dict.fromkeys(name for column in columns for name in column))
    return [(name, [column.get(name, "0") for column in columns]) for name in names]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
