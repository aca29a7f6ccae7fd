"""Joins the workbench to a shop, which may then be handed other materials as it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from app.content.site import SiteContent
from app.generation.job import GeneratorDeps
from app.llm.factory import Providers
from app.rendering.renderer import Renderer
from app.settings import Settings, SettingsError
from app.web.context import AppContext
from app.workbench.app import Workbench

Redrawn = Callable[[SiteContent, Renderer], tuple[AppContext, GeneratorDeps, list[Route]]]
"""Gives the open shop drawn anew: what handlers get, what composing gets, and its routes."""


def join_workbench(
    app: Starlette,
    settings: Settings,
    materials: SiteContent,
    composers: Providers,
    redrawn: Redrawn,
) -> None:
    """Add the workbench to a shop's routes, and to what is open while the shop is.

    Raises:
        SettingsError: what the workbench needs is not installed, as in the image.
    """
    if find_spec("watchfiles") is None:
        raise SettingsError("WANDSTORE_DESIGN is for development: watchfiles is not installed")

    def among(routes: Sequence[BaseRoute]) -> list[BaseRoute]:
        """Return the shop's routes with ours before its last, which answers everything."""
        *others, last = routes
        return [*others, *workbench.routes, last]

    def take_up(changed: SiteContent, renderer: Renderer) -> AppContext:
        """Let the shop go on with these, in one step; what is under way ends as it began."""
        web, workshop, routes = redrawn(changed, renderer)
        composers.take_up(changed.prompts)
        app.state.storefront.take_up(workshop)
        app.router.routes = among(routes)
        return web

    workbench = Workbench(settings, materials, composers, take_up)
    app.router.routes = among(app.router.routes)
    app.state.workbench = workbench.open
