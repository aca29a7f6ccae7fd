"""What the peers draw the page from: the shop's own page, goods, words and fallbacks."""

from __future__ import annotations

import json
import re
from pathlib import Path

from app.content.site import read_site
from app.domain.persona import NEWCOMER
from app.pages.shells import draw_fallbacks
from app.pages.site import build_renderer
from app.settings import Settings


def write_pages(setup: Path, page: Path) -> None:
    """Write what the React server is set up with, and the page that Datastar fills."""
    content = read_site(Settings())
    content.library.specs.load()
    renderer, shop = build_renderer(content), content.catalogs.default
    fallbacks = draw_fallbacks(shop, content, renderer)
    html = renderer.store_page(shop, NEWCOMER.type, fallbacks)
    setup.write_text(
        json.dumps(
            {
                "title": shop.name,
                "styles": re.findall(r'<link rel="stylesheet" href="([^"]+)"', html),
                "slots": [[it.id, it.label] for it in content.library.slots if it.id in fallbacks],
                "header": _inside("header", html),
                "footer": _inside("footer", html),
                "fallbacks": {slot: filled.html for slot, filled in fallbacks.items()},
                "products": {
                    item.id: {
                        "title": item.title,
                        "url": content.urls_of(shop).product(item),
                        "price": f"€{item.price.amount:.2f}",
                        "src": item.picture.url if item.picture else "",
                        "alt": item.picture.alt if item.picture else "",
                    }
                    for item in shop.products.values()
                },
            }
        )
    )
    script = '<script type="module" src="/datastar.js"></script>'
    filling = re.sub(r"<script src=[^>]*></script>", "", html).replace(
        "</head>", f"{script}</head>"
    )
    page.write_text(filling.replace("<main ", "<main data-init=\"@get('/stream')\" ", 1))


def _inside(tag: str, html: str) -> str:
    found = re.search(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    assert found is not None
    return found[1]
