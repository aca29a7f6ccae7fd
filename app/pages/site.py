"""The site as it is now: one immutable snapshot, swapped by one reference."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from app.content.site import SiteContent
from app.generation.copy import PropsContext
from app.generation.generator import Generator
from app.generation.rules import obey
from app.pages.shells import ShellCache, ShopView, steered_view
from app.rendering.renderer import Renderer
from app.rendering.templates import environment


def build_renderer(content: SiteContent) -> Renderer:
    """Return the renderer of these files, which knows what copy may say."""
    library, context = content.library, PropsContext(content.prompts.words)
    copy_in = content.prompts.house_in
    steer = partial(obey, specs=library.specs, context=context, copy_in=copy_in)
    return Renderer(
        environment(library.folder, library.templates),
        library.specs,
        library.slots,
        urls_of=content.urls_of,
        props_context=context,
        steer=steer,
        languages=content.languages,
    )


class Site(NamedTuple):
    """Everything that is drawn from the same files, and that belongs together for this reason.

    `arms` has the generators of those arms of experiments that have one of their own.
    """

    content: SiteContent
    renderer: Renderer
    generator: Generator
    shells: ShellCache
    shops: Mapping[str, ShopView]
    arms: Mapping[str, Generator] = MappingProxyType({})

    def generator_of(self, arm: str) -> Generator:
        """Return who generates the pages of an arm, or of nobody's experiment."""
        return self.arms.get(arm, self.generator)

    @property
    def default(self) -> ShopView:
        """The shop whose addresses begin at the root."""
        return self.shops[self.content.catalogs.default.id]


class LiveSite:
    """Refers to the current site. Who has begun with one ends with it, whatever comes next.

    `now` is in Unix seconds.
    """

    def __init__(self, site: Site, now: Callable[[], float] = time.time) -> None:
        self.current = site
        self.now = now

    def shop(self, shop_id: str | None = None) -> ShopView | None:
        """Return a shop, the default one where none is named, by the rules that hold now."""
        site = self.current
        view = site.default if shop_id is None else site.shops.get(shop_id)
        now = self.now()  # which may be put back
        if view is None or view.since <= now < (view.valid_until or inf):
            return view
        view = steered_view(view, site.content, site.renderer, now)
        self.current = site._replace(shops={**site.shops, view.shop.id: view})
        return view
