"""Small shops for tests, made by hand."""

from __future__ import annotations

from decimal import Decimal

from app.domain.catalog import Money, Picture, Product, Shop

EUR = "EUR"


def product(name: str, price: str = "10.00", category: str = "Lamps", **facts: object) -> Product:
    """Return a product that can be had; `facts` override."""
    usual: dict[str, object] = {
        "id": name,
        "title": name.replace("-", " ").title(),
        "price": Money(Decimal(price), EUR),
        "category": category,
        "available": True,
        "picture": Picture(f"/pictures/test/{name}.svg", f"A {name}"),
    }
    return Product(**{**usual, **facts})  # type: ignore[arg-type]


def shop(*items: Product, shop_id: str = "test") -> Shop:
    """Return a shop that sells these, or a dozen things where none are named."""
    sold = items or tuple(
        product(f"thing-{at}", f"{at + 1}.00", "Lamps" if at % 2 else "Cups") for at in range(12)
    )
    catalog = {item.id: item for item in sold}
    return Shop(shop_id, "Test Shop", "Things for tests", catalog, digest="d1")
