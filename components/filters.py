"""Ways into the catalog: links that work without JavaScript and ask the model nothing."""

from typing import Annotated, ClassVar, Literal

from .fields import Category, Copy, Field, Props, distinct


class Filters(Props):
    """Links to categories, with sorting and search."""

    slots: ClassVar = ("filters",)

    label: Copy = Field(max_length=28, description="says what the row is for")
    categories: Annotated[list[Category], distinct()] = Field(
        min_length=1, max_length=6, description="the likeliest first"
    )
    sort: Literal["featured", "price-asc", "price-desc", "name"] = Field(
        description="the order this shopper wants"
    )
