"""The shelf: the products chosen for this shopper, in the order that sells them."""

from typing import Annotated, ClassVar

from .fields import Copy, Field, ProductId, Props, distinct


class Grid(Props):
    """A shelf of eight products under a heading."""

    slots: ClassVar = ("grid",)

    title: Copy = Field(max_length=40, description="names the selection")
    text: Copy = Field(max_length=110, description="why these, in one sentence")
    product_ids: Annotated[list[ProductId], distinct()] = Field(
        min_length=4, max_length=8, description="best match first; give eight where you can"
    )
