"""The shop's own pages in their states, each drawn whole and by the shop's renderer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from app.catalog.listing import IN_STOCK, LEAST, MOST, YES, ListingQuery, filter_products
from app.catalog.variants import made_of
from app.content.site import SiteContent
from app.domain.basket import BasketItem, BasketLine, check
from app.domain.catalog import DEMO, Checkout, Money, Product, Shop, Variant
from app.generation.rules import House, compose
from app.pages.shells import draw_fallbacks
from app.rendering.renderer import Renderer, SlotContent
from app.web.notices import FAILED, FORGET, NOT_FOUND
from app.web.products import related
from app.workbench.gallery.fixtures import gone, read_persona, sold_out, unpictured

_WORDS = "A long text goes on for as long as a merchant has something to say about it. "


class Scene(NamedTuple):
    """What a page is drawn from: the files, a shop with its fallbacks, and whom it is for."""

    content: SiteContent
    renderer: Renderer
    shop: Shop
    fallbacks: Mapping[str, SlotContent]
    persona: str = "newcomer"


Draw = Callable[[Scene], str]


def template_of(name: str) -> str:
    """Return the file of one of PAGES."""
    return f"components/pages/{name.removesuffix('-page')}.jinja"


def _shell(scene: Scene) -> str:
    return scene.renderer.store_page(scene.shop, scene.persona, scene.fallbacks, "/stream/none")


def _finished(scene: Scene) -> str:
    """Draw a page as the house model would; what the catalog cannot fill keeps its fallback."""
    content, renderer, shop = scene.content, scene.renderer, scene.shop
    house = House(content.library.plan, content.prompts.house_in)
    fillings = dict(scene.fallbacks)
    for item in compose(shop, read_persona({"persona": scene.persona}, shop), house, scene.persona):
        html = renderer.try_component(item, shop)
        if isinstance(html, str):
            fillings[item.slot] = SlotContent(item.type, html)
    return renderer.store_page(shop, scene.persona, fillings)


def _sold_out(scene: Scene) -> str:
    shop = sold_out(scene.shop)
    fallbacks = draw_fallbacks(shop, scene.content, scene.renderer)
    return _finished(scene._replace(shop=shop, fallbacks=fallbacks))


def _listing(query: Callable[[Shop], ListingQuery]) -> Draw:
    def draw(scene: Scene) -> str:
        return scene.renderer.listing_page(
            scene.shop, filter_products(scene.shop, query(scene.shop))
        )

    return draw


_NAMELESS = "unobtainium"


def _misspelt(shop: Shop) -> str:
    """Return the longest word of the first title without a letter in its middle."""
    word = max(next(iter(shop.products.values())).title.split(), key=len)
    middle = len(word) // 2
    return word[:middle] + word[middle + 1 :]


def _dearest(shop: Shop) -> str:
    """Return the highest price of a shop, as an address says it."""
    return f"{max(map(_by_price, shop.products.values())):.2f}"


def _by_price(item: Product) -> Decimal:
    return item.price.amount


def _product(change: Callable[[Product], Product]) -> Draw:
    def draw(scene: Scene) -> str:
        shop = scene.shop
        item = change(next(iter(shop.products.values())))
        return scene.renderer.product_page(shop, item, related(item, shop))

    return draw


def _alone(item: Product) -> Product:
    """Return a product in one form, which is in stock."""
    return item._replace(variants=(), available=True, stock=None)


def _in_stock(item: Product) -> Product:
    """Return a product of which there is enough."""
    forms = tuple(form._replace(available=True, stock=None) for form in item.variants)
    return item._replace(available=True, stock=None, variants=forms)


def _reduced(item: Product) -> Product:
    before = Money(item.price.amount * 2 + Decimal(1), item.price.currency)
    return _alone(item)._replace(compare_at=before)


def _long(item: Product) -> Product:
    title = " ".join([item.title] * 4)
    options = tuple(f"{name} in a size of its own" for name in ("Oak", "Walnut", "Ash", "Elm"))
    return _alone(item)._replace(
        title=title, description=_WORDS * 12, options=options, vendor=title
    )


def _in_variants(item: Product) -> Product:
    """Return a product in two options, some of it dearer and some sold out."""
    forms = [
        Variant(
            f"{size}-{color}".lower(),
            (size, color),
            item.price._replace(amount=item.price.amount * (1 + (size == "Large"))),
            available=(size, color) != ("Small", "Walnut"),
        )
        for size in ("Small", "Large")
        for color in ("Oak", "Walnut", "A stain of the maker's own")
    ]
    return made_of(item, ("Size", "Finish"), forms, str)


def _lines(shop: Shop, most: int) -> tuple[BasketItem, ...]:
    """Return a basket of a few products of a shop, each in the form it is shown in."""
    forms = [(item.id, item.first_form()) for item in list(shop.products.values())[:most]]
    basket = tuple(BasketLine(name, form.id, 2, form.price, "grid") for name, form in forms)
    return check(basket, shop._replace(checkout=shop.checkout or Checkout(DEMO)))


def _changed(shop: Shop) -> tuple[BasketItem, ...]:
    """Return a basket of which all has changed since it was filled."""
    usual = _lines(shop, 1)[0]
    was = usual.line.price
    before = usual.line._replace(price=was._replace(amount=was.amount + 10))
    return (
        usual._replace(line=before),
        usual._replace(quantity=1, problem="fewer"),
        usual._replace(quantity=0, problem="sold_out"),
        usual._replace(quantity=0, problem="not_online"),
        usual._replace(variant=None, quantity=0, problem="variant_gone"),
        BasketItem(before._replace(product="what-is-no-longer-here"), problem="gone"),
    )


def _basket(items: Callable[[Shop], tuple[BasketItem, ...]]) -> Draw:
    def draw(scene: Scene) -> str:
        shop = scene.shop._replace(checkout=scene.shop.checkout or Checkout(DEMO))
        return scene.renderer.basket_page(shop, items(shop))

    return draw


PAGES: Mapping[str, Mapping[str, Draw]] = {
    "store-page": {"shell": _shell, "finished": _finished, "all-sold-out": _sold_out},
    "listing-page": {
        "everything": _listing(lambda _: ListingQuery(sort="name")),
        "one-category": _listing(lambda shop: ListingQuery(category=shop.categories()[0])),
        "last-page": _listing(lambda _: ListingQuery(sort="price-desc", page=9_999)),
        "filtered": _listing(
            lambda shop: ListingQuery(filters=((MOST, _dearest(shop)), (IN_STOCK, YES)))
        ),
        "nothing-filtered": _listing(
            lambda shop: ListingQuery(
                category=min(shop.products.values(), key=_by_price).category,
                filters=((LEAST, _dearest(shop)), (IN_STOCK, YES)),
            )
        ),
        "near-miss": _listing(lambda shop: ListingQuery(query=_misspelt(shop))),
        "nothing-found": _listing(lambda _: ListingQuery(query=_NAMELESS)),
        "nothing-in-category": _listing(
            lambda shop: ListingQuery(category=shop.categories()[0], query=_NAMELESS)
        ),
    },
    "categories-page": {
        "all": lambda scene: scene.renderer.categories_page(scene.shop),
    },
    "product-page": {
        "typical": _product(_in_stock),
        "reduced": _product(_reduced),
        "few-left": _product(lambda item: _alone(item)._replace(stock=2)),
        "sold-out": _product(gone),
        "variants": _product(_in_variants),
        "variants-sold-out": _product(lambda item: gone(_in_variants(item))),
        "no-picture": _product(unpictured),
        "long-texts": _product(_long),
    },
    "basket-page": {
        "filled": _basket(lambda shop: _lines(shop, 3)),
        "changed": _basket(_changed),
        "nothing-to-buy": _basket(lambda shop: _lines(sold_out(shop), 2)),
        "empty": _basket(lambda _: ()),
    },
    "checkout-page": {
        "demonstration": lambda scene: scene.renderer.demo_checkout_page(
            scene.shop, _lines(scene.shop, 2)
        ),
    },
    "message-page": {
        "not-found": lambda scene: scene.renderer.message_page(scene.shop, *NOT_FOUND),
        "went-wrong": lambda scene: scene.renderer.message_page(scene.shop, *FAILED),
        "privacy": lambda scene: scene.renderer.message_page(scene.shop, *FORGET),
    },
}
"""Each page of the shop by its name, with its states. No component's name has a hyphen."""

PURPOSES: Mapping[str, str] = {
    "store-page": "What every visit begins with: the shell at once, then the page as composed.",
    "listing-page": "What the address chooses from the catalog: a category, an order, a search.",
    "categories-page": "Every category, where there are too many for the other pages.",
    "product-page": "One product, what it costs and whether it can be had.",
    "basket-page": "What is to be bought, and what has become of it since.",
    "checkout-page": "Where a demonstration ends.",
    "message-page": "What is said where there is nothing to show.",
}
