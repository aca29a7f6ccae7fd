"""Holds the latest runs and playbacks, and lets few compose at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.domain.llm import Model
from app.generation.rules import House
from app.llm.factory import Providers, house_model
from app.settings import Settings
from app.util.latest import Latest
from app.util.tasks import Tasks
from app.workbench.gallery.fixtures import read_persona
from app.workbench.player.faults import (
    EventFaults,
    ModelFault,
    inject,
    read_model_fault,
)
from app.workbench.player.playback import Playback
from app.workbench.player.recordings import Piece, ReplayModel, names, read
from app.workbench.player.run import Run
from app.workbench.reload.manager import ContentReloader
from app.workbench.responses import BadRequest

_MOST_KEPT = 24
_MOST_COMPOSING = 4
HOUSE = "house"


class RunRegistry:
    """Composes pages for the player, and plays them."""

    def __init__(self, settings: Settings, live: ContentReloader, providers: Providers) -> None:
        self.runs: Latest[str, Run] = Latest(_MOST_KEPT)
        self.playbacks: Latest[str, Playback] = Latest(_MOST_KEPT)
        self._root = settings.root
        self._settings = settings
        self._live = live
        self._providers = providers
        self._tasks = Tasks()

    def sources(self) -> dict[str, str]:
        """Return who can compose: recordings, earlier runs, the house, and providers with a key."""
        recordings = {f"recording:{name}": f"Recording: {name}" for name in names(self._root)}
        earlier = {
            f"run:{run.id}": f"Run of {run.source}, {run.persona.type}"
            for run in self.runs.values()
            if run.done and run.pieces and not run.source.startswith(("recording:", "run:"))
        }
        live = {name: f"Live: {item.name}" for name, item in self._providers.by_name.items()}
        return {**recordings, **earlier, HOUSE: "Live: the house model", **live}

    def begin(self, payload: Mapping[str, Any]) -> Run:
        """Begin to compose what a browser asks for.

        Raises:
            BadRequest: there is no such source, or too many pages are being composed.
        """
        if len(self._tasks) >= _MOST_COMPOSING:
            raise BadRequest("as many pages are being composed as may be; wait a moment")
        live = self._live.site
        view = live.shop(str(payload.get("shop", "")) or None) or live.current.default
        fault, source = payload.get("fault"), str(payload.get("source", ""))
        models, clock = self._models(
            source, read_model_fault(fault if isinstance(fault, dict) else {})
        )
        run = Run(
            self._live,
            view,
            read_persona(payload, view.shop),
            source=source,
            models=models,
            clock=clock,
            settings=self._settings,
        )
        self.runs[run.id] = run
        self._tasks.start(run.compose(), f"run {run.id}")
        return run

    def play(self, run: Run, faults: EventFaults) -> Playback:
        """Return a playback of a run, at its beginning."""
        playback = Playback(run, faults, time.monotonic)
        self.playbacks[playback.id] = playback
        return playback

    async def close(self) -> None:
        """End what is being composed."""
        await self._tasks.end(0)

    def _models(
        self, source: str, fault: ModelFault
    ) -> tuple[Sequence[Model], Callable[[], float]]:
        """Return who composes, in their order, and the clock that they keep to."""
        content = self._live.version.content
        choosing = House(content.library.plan, content.prompts.house_in)
        *_, house = self._providers.with_house(choosing)
        provider = self._providers.by_name.get(source)
        if provider or source == HOUSE:
            return [provider, house] if provider else [house], time.monotonic
        pieces = self._pieces(source)
        if pieces is None:
            raise BadRequest("there is nothing by that name to compose from")
        played = ReplayModel(
            inject(pieces, fault), self._settings.calls, broken=fault.kind == "leaves"
        )
        return [played, house_model(choosing, 0)], lambda: played.now

    def _pieces(self, source: str) -> list[Piece] | None:
        kind, _, name = source.partition(":")
        if kind == "recording":
            return read(self._root, name)
        run = self.runs.get(name) if kind == "run" else None
        return list(run.pieces) if run is not None else None
