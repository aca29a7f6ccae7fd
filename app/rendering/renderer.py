"""Renders components, the store page and the catalog's own pages with the library's templates."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

from jinja2 import Environment, TemplateError
from markupsafe import Markup

from app.catalog.listing import Listing, shown_categories
from app.catalog.ranking import top_up
from app.domain.basket import MAX_QUANTITY, BasketItem, seen, totals
from app.domain.catalog import Product, Shop, Variant
from app.domain.page import Component, ComponentSpec, Refusal, SlotSpec
from app.rendering.checkout import shown_at
from app.rendering.goods import choices_of, options_of, pictured, total
from app.rendering.language import TAGS, Language, Languages, opening
from app.rendering.markdown import Markdown
from app.rendering.pictures import source_of, with_preload
from app.rendering.structured import about_listing, about_product, about_shop, summary
from app.rendering.urls import ShopUrls

log = logging.getLogger("wandstore.pages")

FALLBACK = "fallback"
"""Fills what nobody else has filled."""

REFRESH_SECONDS = 8
"""When a page without JavaScript looks whether it is finished."""


SUGGESTED = 6
"""Products in a row below what is not there: as many as it takes to run off a wide screen."""

_FAULTS = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a template raises that does not go with what it is given."""

_USUAL: Mapping[str, Any] = MappingProxyType(
    {
        "persona_type": "newcomer",
        "noindex": False,
        "canonical": None,
        "about": None,
        "picture": None,
    }
)
"""What a page says of itself where it says nothing else."""


class SlotContent(NamedTuple):
    """What stands in a slot: `by` is a component's type or `fallback`."""

    by: str
    html: str


class Translation(NamedTuple):
    """A page in another language: its own address there, where it has one, and the store's."""

    language: Language
    same: str
    home: str


class FilledSlot(NamedTuple):
    """A slot as the shell's template sees it."""

    id: str
    label: str
    filled_by: str
    html: Markup


class Renderer:
    """Renders with the library's templates, each shop's pages in its language.

    `urls_of` gives a shop's addresses, `props_context` what its components are validated against,
    `steer` a component as the merchant's rules have it.
    """

    def __init__(
        self,
        templates: Environment,
        specs: Mapping[str, ComponentSpec],
        slots: Sequence[SlotSpec],
        *,
        urls_of: Callable[[Shop], ShopUrls],
        props_context: Callable[[Shop], Mapping[str, object]],
        steer: Callable[[Component, Shop], Component] = lambda component, _: component,
        languages: Languages | None = None,
    ) -> None:
        self._templates = templates
        self._languages = languages or Languages()
        self._spoken = lru_cache(TAGS)(partial(_in_language, templates, self._languages))
        self._specs = specs
        self._slots = slots
        self._urls_of = urls_of
        self.props_context = props_context
        self.steer = steer

    def component(self, component: Component, shop: Shop) -> str | Refusal:
        """Draw an admitted component, or refuse one that its template fails on, which is logged."""
        try:
            return self.try_component(component, shop)
        except _FAULTS:
            log.exception("%s cannot be drawn", component.type)
            return Refusal("CANNOT_BE_DRAWN", component.type)

    def try_component(self, component: Component, shop: Shop) -> str | Refusal:
        """Draw an admitted component, or refuse one that the catalog no longer bears out.

        Raises:
            Exception: its template fails on it.
        """
        component = self.steer(component, shop)
        spec = self._specs.get(component.type)
        if spec is None or component.slot not in spec.slots:
            return Refusal("UNKNOWN_COMPONENT", component.type)
        context = dict(self.props_context(shop))
        try:
            props = spec.props.model_validate(dict(component.config), context=context)
        except ValueError:  # pydantic's ValidationError is one
            return Refusal("NO_LONGER_TRUE", component.type)
        return self.draw(component.type, component.slot, props, shop)

    def draw(self, kind: str, slot: str, props: object, shop: Shop) -> str:
        """Draw a component of these props, whatever they say."""
        template = self._spoken(shop.locale).get_template(f"{kind}.jinja")
        return template.render(
            **self._shared(shop),
            props=props,
            slot=slot,
            product=shop.products.__getitem__,
            products=lambda ids: [shop.products[name] for name in ids],
            shelf=lambda ids, size: top_up(ids, shop, size, slot),
            pictured=partial(pictured, shop),
            in_category=lambda name: shop.shelves().get(name, ()),
            opening=opening,
            total=total,
            options=partial(options_of, gettext=self.language(shop).gettext),
        )

    def fallbacks(self, shop: Shop, components: Iterable[Component]) -> dict[str, SlotContent]:
        """Draw what slots show until something better comes.

        A small catalog may not satisfy the limits that a model must keep to, so none are checked.
        """
        return {
            slot: SlotContent(FALLBACK, self.draw(kind, slot, SimpleNamespace(**config), shop))
            for kind, slot, config in components
        }

    def store_page(
        self,
        shop: Shop,
        persona_type: str,
        fillings: Mapping[str, SlotContent],
        stream_url: str | None = None,
    ) -> str:
        """Draw the store page: the shell where it has a stream, else the finished page.

        A slot that nothing fills is a place in the shell, and stays out of the finished page.
        """
        url, language = self._urls_of(shop), self.language(shop)
        nothing = SlotContent(FALLBACK, "")
        shown = [slot for slot in self._slots if stream_url or slot.id in fillings]
        return self._page(
            "store",
            shop,
            "",
            lambda _, there: there.store(),
            persona_type=persona_type,
            slots=[_filled(slot, fillings.get(slot.id, nothing), language) for slot in shown],
            stream_url=stream_url,
            refresh_seconds=REFRESH_SECONDS,
            canonical=url.store(),
            about=about_shop(shop, url),
        )

    def listing_page(self, shop: Shop, listing: Listing) -> str:
        """Draw a part of the catalog."""
        url, request = self._urls_of(shop), listing.request
        gettext, page = self.language(shop).gettext, request.page
        title = request.category or (
            gettext("Search") if request.query else gettext("All products")
        )
        return self._page(
            "listing",
            shop,
            title,
            noindex=listing.is_search or not listing.total,
            canonical=url.store(request.category, page=page),
            about=None if listing.is_search else about_listing(shop, url, listing),
            category=request.category,
            categories=shown_categories(shop, request.category),
            listing=listing,
            request=request,
            before=url.listing(request._replace(page=page - 1)) if page > 1 else None,
            after=url.listing(request._replace(page=page + 1)) if page < listing.pages else None,
            suggestions=[] if listing.total else top_up((), shop, SUGGESTED),
        )

    def categories_page(self, shop: Shop) -> str:
        """Draw the page of all categories."""
        title = self.language(shop).gettext("All categories")
        goods = {"in_category": shop.shelves(), "pictured": partial(pictured, shop)}
        return self._page("categories", shop, title, **goods)

    def product_page(
        self, shop: Shop, item: Product, related: Iterable[Product], variant: Variant | None = None
    ) -> str:
        """Draw a product's page with a variant chosen, the first that can be had where none is."""
        chosen, url = variant or item.first_form(), self._urls_of(shop)
        return self._page(
            "product",
            shop,
            item.title,
            lambda other, there: there.product(item) if item.id in other.products else "",
            description=summary(item.description) or item.title,
            canonical=url.product(item),
            about=about_product(shop, url, item),
            picture=item.picture,
            item=item.sold_as(chosen),
            chosen=chosen,
            choices=choices_of(item, self.language(shop).gettext),
            varies=item.varies,
            sells=shop.sells(chosen),
            most=MAX_QUANTITY,
            related=list(related),
        )

    def basket_page(self, shop: Shop, items: Sequence[BasketItem], note: str = "") -> str:
        """Draw the basket as the catalog has it now; `note` is a code of what to say besides."""
        return self._page(
            "basket",
            shop,
            self.language(shop).gettext("Basket"),
            noindex=True,
            items=items,
            totals=totals(items),
            seen=seen(items),
            note=note,
            most=MAX_QUANTITY,
            suggestions=[] if items else top_up((), shop, SUGGESTED),
        )

    def demo_checkout_page(self, shop: Shop, items: Sequence[BasketItem]) -> str:
        """Draw the end of a demonstration: what a checkout would be handed, and that none was."""
        return self._page(
            "checkout",
            shop,
            self.language(shop).gettext("Checkout"),
            noindex=True,
            items=items,
            totals=totals(items),
            shown=shown_at(items),
        )

    def message_page(
        self, shop: Shop, title: str, text: str, heading: str = "", button: str = ""
    ) -> str:
        """Draw a designed state: something was not found, or went wrong; the words are messages.

        With a button it is a form, which leads nowhere else.
        """
        gettext = self.language(shop).gettext
        return self._page(
            "message",
            shop,
            gettext(heading or title),
            noindex=True,
            title=gettext(title),
            text=gettext(text),
            suggestions=[] if button else top_up((), shop, SUGGESTED),
            **({"button": gettext(button)} if button else {}),
        )

    def _page(
        self,
        name: str,
        shop: Shop,
        heading: str = "",
        same: Callable[[Shop, ShopUrls], str] = lambda *_: "",
        /,
        **context: Any,
    ) -> str:
        """Draw a page; its heading stands before the shop's name.

        `same` gives its address in another language, if it is there.
        """
        shared = self._shared(shop)
        settled = {
            **_USUAL,
            "page_title": f"{heading} · {shop.name}" if heading else shop.name,
            "description": shop.tagline,
            "translations": [
                Translation(self.language(other), same(other, there), there.store())
                for other, there in shared["url"].translations
            ],
            **context,
        }
        template = self._spoken(shop.locale).get_template(f"pages/{name}.jinja")
        return with_preload(template.render(**shared, **settled))

    def markdown(self, shop: Shop) -> Markdown:
        """Return who writes a shop's pages for readers that are programs."""
        return Markdown(shop, self._urls_of(shop), self.language(shop))

    def language(self, shop: Shop) -> Language:
        """Return the language that a shop's pages are in."""
        return self._languages.of(shop.locale)

    def _shared(self, shop: Shop) -> dict[str, Any]:
        source = partial(source_of, service=shop.image_service)
        return {"shop": shop, "url": self._urls_of(shop), "source": source}


def _in_language(templates: Environment, languages: Languages, tag: str) -> Environment:
    """Return the templates as they speak a language; what is compiled is shared by all."""
    spoken = templates.overlay()
    spoken.globals = {**templates.globals, **languages.of(tag).globals()}
    return spoken


def _filled(slot: SlotSpec, filling: SlotContent, language: Language) -> FilledSlot:
    label = language.gettext(slot.label)
    return FilledSlot(slot.id, label, filling.by, Markup(filling.html))  # noqa: S704 - drawn here
