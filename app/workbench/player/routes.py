"""Routes of the stream player and the prompt lab: runs, playbacks, and their pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.catalog.images import image_hosts
from app.content.prompts import PLACES
from app.domain.catalog import Shop
from app.domain.events import Event
from app.domain.persona import PERSONA_TYPES, Persona
from app.generation.events import fold
from app.generation.prompt import SlotRequest, build_prompt, count_tokens, instructions
from app.rendering.renderer import SlotContent
from app.web.stream import last_event_id, written
from app.workbench.gallery.fixtures import read_persona
from app.workbench.player.faults import (
    EVENT_FAULTS,
    MODEL_FAULTS,
    read_event_faults,
)
from app.workbench.player.playback import Playback
from app.workbench.player.recordings import save
from app.workbench.player.registry import RunRegistry
from app.workbench.player.run import Run
from app.workbench.reload.manager import ContentReloader
from app.workbench.responses import (
    BadRequest,
    answer,
    as_event,
    framed,
    page,
    read_json,
    streamed,
)
from app.workbench.templates import Templates


class PlayerRoutes:
    """Answers with pages being composed, as they are composed and as they were."""

    def __init__(
        self, root: Path, live: ContentReloader, runs: RunRegistry, templates: Templates
    ) -> None:
        self._root = root
        self._live = live
        self._runs = runs
        self._templates = templates
        self.routes = [
            Route("/play", partial(self.page_of, "play")),
            Route("/compose", partial(self.page_of, "prompt_lab")),
            Route("/brief", self.prompt, methods=["POST"]),
            Route("/runs", self.begin, methods=["POST"]),
            Route("/runs/{id}/news", self.news),
            Route("/runs/{id}/recording", self.record, methods=["POST"]),
            Route("/runs/{id}/page", self.page),
            Route("/runs/{id}/stream", self.stream),
            Route("/runs/{id}/components", self.components),
            Route("/runs/{id}/{view}", self.view),
            Route("/plays", self.play, methods=["POST"]),
            Route("/plays/{id}", self.state),
            Route("/plays/{id}", self.control, methods=["POST"]),
            Route("/plays/{id}/page", self.played_page),
            Route("/plays/{id}/stream", self.played_stream),
        ]

    async def page_of(self, name: str, _: Request) -> Response:
        """Show the stream player, or the prompt lab."""
        catalogs = self._live.version.content.catalogs
        return page(
            self._templates.draw(
                name,
                sources=self._runs.sources(),
                personas=PERSONA_TYPES,
                shops={shop.id: shop.name for shop in catalogs.shops.values()},
                categories=catalogs.default.categories(),
                model_faults=MODEL_FAULTS,
                event_faults=EVENT_FAULTS,
            )
        )

    async def prompt(self, request: Request) -> Response:
        """Answer with the prompt exactly as it would be sent."""
        payload = await read_json(request)
        catalogs = self._live.version.content.catalogs
        shop = catalogs.shops.get(str(payload.get("shop", "")), catalogs.default)
        return answer(_prompt_of(self._live, shop, read_persona(payload, shop)))

    async def begin(self, request: Request) -> Response:
        """Begin to compose a page."""
        run = self._runs.begin(await read_json(request))
        return answer({"run": run.id})

    async def news(self, request: Request) -> Response:
        """Tell what comes of a run, from its beginning."""
        return streamed(_items(self._run(request)))

    async def record(self, request: Request) -> Response:
        """Keep what the model wrote as a recording."""
        run = self._run(request)
        name = str((await read_json(request)).get("name", ""))
        save(self._root, name, run.pieces)
        return answer({"message": f"Saved as tests/recordings/{name}.txt"})

    async def components(self, request: Request) -> Response:
        """Answer with the components a run's page was drawn from."""
        kept = self._run(request).kept
        return answer([item.as_json() for item in kept.components] if kept else [])

    async def view(self, request: Request) -> Response:
        """Show a run's page: the shell, what has been folded so far, or the kept page."""
        run, view = self._run(request), request.path_params["view"]
        if view == "kept" and run.kept is not None:
            return framed(run.kept.html, image_hosts(run.view.shop))
        if view in ("shell", "finished", "kept"):
            events = [] if view == "shell" else [event for _, event in run.events]
            return self._page(run, fold(events, run.fallbacks), None)
        raise BadRequest("there is no such view")

    async def page(self, request: Request) -> Response:
        """Show the shell of a run's page, which follows the run's own journal."""
        run = self._run(request)
        return self._page(run, run.fallbacks, f"/design/runs/{run.id}/stream")

    async def stream(self, request: Request) -> Response:
        """Send a run's events as they happen."""
        run, after = self._run(request), last_event_id(request.scope)
        return streamed(_written(_events(run, after)))

    async def play(self, request: Request) -> Response:
        """Begin a playback of a run, or of one that is composed now."""
        payload = await read_json(request)
        known = self._runs.runs.get(str(payload.get("run", "")))
        run = known or self._runs.begin(payload)
        playback = self._runs.play(run, read_event_faults(payload))
        return answer(playback.state())

    async def state(self, request: Request) -> Response:
        """Answer with where a playback stands."""
        return answer(self._playback(request).state())

    async def control(self, request: Request) -> Response:
        """Hold, move or speed up a playback."""
        playback, payload = self._playback(request), await read_json(request)
        value = payload.get("value", 0)
        playback.control(str(payload.get("do", "")), value if isinstance(value, int | float) else 0)
        return answer(playback.state())

    async def played_page(self, request: Request) -> Response:
        """Show the page as a visitor gets it now: the shell, or the kept page once it is over."""
        playback = self._playback(request)
        run = playback.run
        over = run.done and playback.position >= playback.length
        if over and run.kept is not None and "shell" not in request.query_params:
            return framed(run.kept.html, image_hosts(run.view.shop))
        stream = f"/design/plays/{playback.id}/stream"
        return self._page(run, run.fallbacks, stream)

    async def played_stream(self, request: Request) -> Response:
        """Send a playback's events as they arrive."""
        playback = self._playback(request)
        return streamed(_written(playback.read(last_event_id(request.scope))))

    def _page(self, run: Run, fillings: Mapping[str, SlotContent], stream: str | None) -> Response:
        shop = run.view.shop
        html = run.renderer.store_page(shop, run.persona.type, fillings, stream)
        return framed(html, image_hosts(shop))

    def _run(self, request: Request) -> Run:
        run = self._runs.runs.get(request.path_params["id"])
        if run is None:
            raise BadRequest("there is no such run any more")
        return run

    def _playback(self, request: Request) -> Playback:
        playback = self._runs.playbacks.get(request.path_params["id"])
        if playback is None:
            raise BadRequest("there is no such playback any more")
        return playback


async def _items(run: Run) -> AsyncGenerator[bytes, None]:
    async with aclosing(run.listen(run.items)) as items:
        async for item in items:
            yield as_event({"at": item.at, "kind": item.kind, **item.what})


async def _events(run: Run, after: int) -> AsyncGenerator[Event, None]:
    async with aclosing(run.listen(run.events)) as events:
        async for _, event in events:
            if event.id > after:
                yield event


async def _written(events: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(events) as source:
        async for event in source:
            yield written(event)


def _prompt_of(live: ContentReloader, shop: Shop, persona: Persona) -> dict[str, Any]:
    """Return what a model would be sent for a whole page, and the tokens of its parts."""
    content = live.version.content
    library = content.library
    stable = instructions(content.prompts.storefront, PLACES, library.offered)
    wanted = SlotRequest(library.plan.for_models, optional=library.plan.optional)
    prompt = build_prompt(shop, persona, stable, content.prompts.personas, wanted)
    return {
        "instructions": prompt.instructions,
        "request": prompt.request,
        "tokens": prompt.tokens,
        "of_instructions": count_tokens(prompt.instructions),
        "of_request": count_tokens(prompt.request),
    }
