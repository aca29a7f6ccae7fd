"""Experiments: which shoppers get which kind of page, the same in Python and in the Worker."""

import hashlib
from collections.abc import Iterator
from math import inf
from typing import NamedTuple

POINTS = 2**32
"""A shopper stands at one of so many points in each experiment; shares are counted in them."""

HOLDOUT = "holdout"
HELD, REST = "held", "rest"
PLAIN, HOUSE, MODEL = PAGES = ("plain", "house", "model")
"""What an arm shows: the fallback as it is, what the house composes, what a model composes."""


class ArmLimits(NamedTuple):
    """What a page of an arm may have on average before the arm is stopped; None for any."""

    refused: float | None = None
    """Components refused, a page."""
    tokens: float | None = None
    """Tokens of models, a page."""
    seconds: float | None = None
    """Seconds until a page is finished."""


class Arm(NamedTuple):
    """A part of an experiment's shoppers: those below its point, and not below an earlier arm's.

    `prompts` is the folder that its model is prompted from, the shop's own where it is empty. With
    no `pins` its pages are without what the merchant pins.
    """

    name: str
    page: str
    below: int
    prompts: str = ""
    limits: ArmLimits = ArmLimits()
    pins: bool = True

    @property
    def limited(self) -> bool:
        """Whether it may stop itself."""
        return self.limits != ArmLimits()


class Experiment(NamedTuple):
    """An experiment on a share (in points) of the shoppers. It runs from `begins` until `ends`."""

    name: str
    share: int
    arms: tuple[Arm, ...]
    begins: float = -inf
    ends: float = inf
    personas: tuple[str, ...] = ()

    def has_all_of(self, later: "Experiment") -> bool:
        """Say whether no shopper is left for an experiment that comes after this one."""
        meant = not self.personas or (later.personas and {*later.personas} <= {*self.personas})
        lasts = self.begins <= later.begins and later.ends <= self.ends
        return bool(meant and lasts and self.share == POINTS)


class Assignment(NamedTuple):
    """The arm that a shopper is assigned to; in no experiment where the names are empty."""

    experiment: str = ""
    arm: str = ""
    page: str = ""
    pins: bool = True

    @property
    def key(self) -> str:
        """What tells pages and decisions of this arm from all others."""
        return f"{self.experiment}.{self.arm}" if self.experiment else ""


NO_ARM = Assignment()


class Experiments(NamedTuple):
    """All experiments of an installation. Shoppers below `holdout` (in points) are in none.

    `dollar` is what one US dollar of tokens costs in the shop's currency, 0 where nobody says.
    """

    running: tuple[Experiment, ...] = ()
    holdout: int = 0
    dollar: float = 0.0

    def arms(self) -> Iterator[tuple[str, Arm]]:
        """Yield every arm with its key."""
        for item in self.running:
            yield from ((Assignment(item.name, arm.name).key, arm) for arm in item.arms)

    def has_pins(self, key: str) -> bool:
        """Say whether pages of an arm, or of none, show what the merchant pins."""
        return all(arm.pins for name, arm in self.arms() if name == key)

    def without_pins(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield the arms that are without pins, each with those that differ in nothing else."""
        for item in self.running:
            key = {arm: Assignment(item.name, arm.name).key for arm in item.arms}
            for one in (arm for arm in item.arms if not arm.pins):
                like = (it for it in item.arms if (it.page, it.prompts) == (one.page, one.prompts))
                yield key[one], frozenset(key[arm] for arm in like if arm.pins)

    def assign(self, shopper_id: str, persona_type: str, now: float) -> Assignment:
        """Return a shopper's arm at a moment (Unix seconds): of the first experiment that has one.

        Those of the holdout get the plain page as long as any experiment runs.
        """
        current = [item for item in self.running if item.begins <= now < item.ends]
        if current and point(HOLDOUT, shopper_id) < self.holdout:
            return Assignment(HOLDOUT, HELD, PLAIN)
        for item in current:
            meant = not item.personas or persona_type in item.personas
            if meant and point(f"{item.name}:share", shopper_id) < item.share:
                at = point(item.name, shopper_id)
                arm = next(arm for arm in item.arms if at < arm.below)
                return Assignment(item.name, arm.name, arm.page, arm.pins)
        return NO_ARM

    def next_change(self, now: float) -> float:
        """Return when an experiment begins or ends next (Unix seconds); infinity for never."""
        edges = (edge for item in self.running for edge in (item.begins, item.ends))
        return min((edge for edge in edges if edge > now), default=inf)

    def exposures(
        self, shopper_id: str, assigned: Assignment, now: float
    ) -> Iterator[tuple[str, str]]:
        """Yield the comparisons that a shopper who saw a page counts in: experiment and arm."""
        if assigned.experiment and assigned.experiment != HOLDOUT:
            yield assigned.experiment, assigned.arm
        if self.holdout and any(item.begins <= now < item.ends for item in self.running):
            yield HOLDOUT, HELD if point(HOLDOUT, shopper_id) < self.holdout else REST

    def as_json(self) -> dict[str, object]:
        """Return what the Worker needs of them; moments are null where there is no end."""
        return {
            "holdout": self.holdout,
            "running": [
                {
                    "name": item.name,
                    "share": item.share,
                    "begins": item.begins if item.begins > -inf else None,
                    "ends": item.ends if item.ends < inf else None,
                    "personas": list(item.personas),
                    "arms": [[*arm[:3], arm.pins, arm.limited] for arm in item.arms],
                }
                for item in self.running
            ],
        }


def point(salt: str, shopper_id: str) -> int:
    """Return where a shopper stands: a number below POINTS, evenly spread and always the same."""
    return int(hashlib.sha256(f"{salt}:{shopper_id}".encode()).hexdigest()[:8], 16)
