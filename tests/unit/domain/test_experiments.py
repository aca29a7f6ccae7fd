"""Experiments: shoppers are spread as planned, stay where they are, and share nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from app.domain.experiments import NO_ARM, POINTS, Arm, Experiment, Experiments

SHOPPERS = [f"shop_{number:032x}" for number in range(4_000)]
ARMS = (Arm("now", "model", POINTS // 2), Arm("next", "model", POINTS))


def arms(experiments: Experiments, persona: str = "newcomer") -> list[str]:
    return [experiments.assign(shopper, persona, 0.0).key for shopper in SHOPPERS]


def test_without_experiments_nobody_is_in_one_holdout_or_not() -> None:
    assert set(arms(Experiments((), POINTS))) == {NO_ARM.key} == {""}


def test_shoppers_are_spread_as_planned() -> None:
    counts = Counter(arms(Experiments((Experiment("copy", POINTS // 2, ARMS),), POINTS // 10)))
    assert counts["holdout.held"] == pytest.approx(400, abs=60)
    assert counts["copy.now"] == pytest.approx(900, abs=80)
    assert counts["copy.next"] == pytest.approx(900, abs=80)


def test_who_is_in_an_arm_stays_there_when_its_share_grows() -> None:
    small, large = (
        Experiments((Experiment("copy", share, ARMS),)) for share in (POINTS // 10, POINTS)
    )
    before, after = arms(small), arms(large)
    stayed = [(old, new) for old, new in zip(before, after, strict=True) if old]
    assert len(stayed) > 300
    assert all(old == new for old, new in stayed)


def test_two_experiments_spread_shoppers_independently() -> None:
    first, second = (Experiments((Experiment(name, POINTS, ARMS),)) for name in ("a", "b"))
    pairs = Counter(zip(arms(first), arms(second), strict=True))
    assert all(count == pytest.approx(1_000, abs=110) for count in pairs.values())
    assert len(pairs) == 4


def test_a_shopper_is_in_the_first_experiment_that_has_a_place_for_them() -> None:
    both = Experiments((Experiment("a", POINTS // 2, ARMS), Experiment("b", POINTS, ARMS)))
    assert {key.partition(".")[0] for key in arms(both)} == {"a", "b"}


def test_an_experiment_has_the_personas_it_is_for_and_its_time() -> None:
    meant = Experiment("a", POINTS, ARMS, begins=0.0, ends=1.0, personas=("collector",))
    running = Experiments((meant,))
    assert set(arms(running)) == {""}
    assert "" not in arms(running, "collector")
    assert running.assign(SHOPPERS[0], "collector", 1.0) == NO_ARM
    assert running.assign(SHOPPERS[0], "collector", -0.1) == NO_ARM


def test_who_is_held_out_is_compared_with_all_others() -> None:
    running = Experiments((Experiment("a", POINTS, ARMS),), POINTS // 2)
    seen = Counter(
        exposure
        for shopper in SHOPPERS
        for exposure in running.exposures(shopper, running.assign(shopper, "newcomer", 0.0), 0.0)
    )
    assert seen["holdout", "held"] + seen["holdout", "rest"] == len(SHOPPERS)
    assert seen["a", "now"] + seen["a", "next"] == seen["holdout", "rest"]
