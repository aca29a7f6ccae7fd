"""The site as it is now: one immutable snapshot, swapped by one reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from app.content.site import SiteContent
from app.generation.copy import PropsContext
from app.generation.generator import Generator
from app.pages.shells import ShellCache, ShopView
from app.rendering.renderer import Renderer, environment


def build_renderer(content: SiteContent) -> Renderer:
    """Return the renderer of these files, which knows what copy may say."""
    library = content.library
    return Renderer(
        environment(library.folder, library.templates),
        library.specs,
        library.slots,
        urls_of=content.urls_of,
        props_context=PropsContext(content.prompts.words),
    )


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
