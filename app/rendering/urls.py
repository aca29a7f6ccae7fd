"""Builds every address on a page; none comes from a model or a feed."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, quote_plus, urlencode

from app.catalog.listing import Filters, ListingQuery
from app.domain.catalog import Product, Shop

BRAND = "brand-"
"""How the names of the shops' brands among the static files begin."""


class ShopUrls(NamedTuple):
    """The addresses of one shop. `root` is empty for the default shop, else `/s/{shop_id}`.

    `public` is the origin that shoppers know, empty where nobody has said it: what a request says
    of its host is not to be believed, and pages are drawn before anybody asks. `translations` are
    the same store in other languages.
    """

    shop_id: str
    root: str
    assets: Mapping[str, str]
    public: str = ""
    translations: tuple[tuple[Shop, "ShopUrls"], ...] = ()

    def store(
        self,
        category: str = "",
        sort: str = "",
        q: str = "",
        *,
        filters: Filters = (),
        page: int = 1,
    ) -> str:
        """Return the store page's address, or that of a listing where anything is asked for."""
        named = (("category", category), ("sort", sort), ("q", q), *filters)
        fields = (*named, ("page", "" if page <= 1 else str(page)))
        query = "&".join(f"{name}={quote_plus(value)}" for name, value in fields if value)
        path = self.root or "/store"
        return f"{path}?{query}" if query else path

    def listing(self, request: ListingQuery) -> str:
        """Return the address of a listing."""
        category, sort, query, page, filters = request
        return self.store(category, sort, query, filters=filters, page=page)

    def categories(self) -> str:
        """Return the address of the page of all categories."""
        return f"{self.root}/categories"

    def product(self, item: Product, variant: str = "") -> str:
        """Return the address of a product's page, on which a variant may be chosen by its id."""
        path = f"{self.root}/products/{quote(item.id, safe='')}"
        return f"{path}?variant={quote_plus(variant)}" if variant else path

    def basket(self, note: str = "") -> str:
        """Return where the basket is seen and changed; a note is a code of what to say there."""
        return f"{self.root}/basket" + (f"?{urlencode({'note': note})}" if note else "")

    def checkout(self, seen: str) -> str:
        """Return where the checkout of a basket begins, as long as it is what was seen."""
        return f"{self.root}/checkout?{urlencode({'seen': seen})}"

    def forget(self, *, done: bool = False) -> str:
        """Return where a shopper has what is known of them erased, and is told so when it is."""
        return f"{self.root}/forget" + ("?done=1" if done else "")

    def absolute(self, address: str) -> str:
        """Return an address as it is elsewhere; ours stay relative where nobody has said where."""
        return f"{self.public}{address}" if address.startswith("/") else address

    def stream(self, page_id: str) -> str:
        """Return the address of the events of a page being composed."""
        return f"/s/{self.shop_id}/stream/{page_id}"

    def signals(self) -> str:
        """Return where a page tells what was looked at."""
        return f"{self.root}/signals"

    def asset(self, name: str) -> str:
        """Return the hashed address of a file in static/."""
        return self.assets[name]

    def brand(self) -> str | None:
        """Return the address of the shop's brand; a shop that came with a request has none."""
        return self.assets.get(brand_file(self.shop_id))


def brand_file(shop_id: str) -> str:
    """Return what a shop's brand is called among the static files."""
    return f"{BRAND}{shop_id}.css"
