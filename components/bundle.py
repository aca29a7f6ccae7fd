"""A set that goes together, with what it comes to."""

from typing import Annotated, ClassVar

from .fields import Copy, Field, ProductId, Props, distinct


class Bundle(Props):
    """A few products used together; the shop adds up their price."""

    slots: ClassVar = ("feature",)

    title: Copy = Field(max_length=48, description="names the occasion")
    product_ids: Annotated[list[ProductId], distinct()] = Field(
        min_length=2, max_length=4, description="what goes together"
    )
