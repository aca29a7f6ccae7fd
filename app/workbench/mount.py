"""Mounts the workbench on a shop, whose site may then be swapped for another as it runs."""

from __future__ import annotations

from importlib.util import find_spec

from starlette.applications import Starlette

from app.llm.factory import Providers
from app.pages.service import PageService
from app.pages.site import LiveSite
from app.settings import Settings, SettingsError
from app.workbench.app import Workbench
from app.workbench.reload.manager import BuildSite


def mount_workbench(
    app: Starlette,
    settings: Settings,
    site: LiveSite,
    providers: Providers,
    build_site: BuildSite,
) -> None:
    """Add the workbench to a shop's routes, and to what is open while the shop is.

    Raises:
        SettingsError: what the workbench needs is not installed, as in the image.
    """
    if find_spec("watchfiles") is None:
        raise SettingsError("WANDSTORE_DESIGN is for development: watchfiles is not installed")
    pages: PageService = app.state.pages
    workbench = Workbench(settings, site, providers, build_site, pages.jobs)
    *routes, answers_everything = app.router.routes
    app.router.routes = [*routes, *workbench.routes, answers_everything]
    app.state.workbench = workbench.open
    app.state.workbench_address = workbench.address
