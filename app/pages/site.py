"""The site as it is now: one immutable snapshot, swapped by one reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from app.content.site import SiteContent
from app.generation.generator import Generator
from app.pages.shells import ShellCache, ShopView
from app.rendering.renderer import Renderer


class Site(NamedTuple):
    """Everything that is drawn from the same files, and that belongs together for this reason."""

    content: SiteContent
    renderer: Renderer
    generator: Generator
    shells: ShellCache
    shops: Mapping[str, ShopView]

    @property
    def default(self) -> ShopView:
        """The shop whose addresses begin at the root."""
        return self.shops[self.content.catalogs.default.id]


class LiveSite:
    """Refers to the current site. Who has begun with one ends with it, whatever comes next."""

    def __init__(self, site: Site) -> None:
        self.current = site
