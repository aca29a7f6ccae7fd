"""What a visit finds ready."""

from __future__ import annotations

from typing import Any, cast

import pytest

from app.content.site import read_site
from app.domain.persona import PERSONA_TYPES
from app.pages.service import PageService
from app.pages.shells import ShellCache, build_shop_view
from app.pages.site import LiveSite, Site, build_renderer
from app.settings import Settings
from app.util.warm_up import WarmUp

pytestmark = pytest.mark.anyio


async def test_the_first_shopper_of_a_type_finds_its_shell_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.util.warm_up._REST", 0.0)
    content = read_site(Settings())
    renderer = build_renderer(content)
    shells, shop = ShellCache(renderer), content.catalogs.default
    view = build_shop_view(shop, content, renderer)
    site = Site(content, renderer, cast("Any", None), shells, {shop.id: view})
    other = cast("Any", None)
    loaded: list[bool] = []
    service = PageService(
        LiveSite(site),
        other,
        journal=other,
        cache=other,
        shoppers=other,
        records=other,
        warm_up=WarmUp(lambda: loaded.append(True)),
    )
    await service.prepare_shops()
    assert loaded, "and nothing is drawn before what the first visit needs is there"
    monkeypatch.setattr(renderer, "store_page", None)
    for persona_type in PERSONA_TYPES:
        assert f'data-persona="{persona_type}"'.encode() in shells.shell(view, persona_type, "it")
