"""A second, quieter shelf that scrolls sideways: what goes with what, or what comes next."""

from typing import Annotated, ClassVar

from .fields import Copy, Field, ProductId, Props, distinct


class Recommendations(Props):
    """Six more products in a row that scrolls; do not repeat the grid's first four."""

    slots: ClassVar = ("recommendations",)

    title: Copy = Field(max_length=40, description="names the row")
    product_ids: Annotated[list[ProductId], distinct()] = Field(
        min_length=3, max_length=6, description="six where you can"
    )
