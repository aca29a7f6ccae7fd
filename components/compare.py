"""A choice made easier: a few of a kind beside each other, by what the catalog says of them."""

from typing import Annotated, ClassVar

from .fields import Copy, Field, ProductId, Props, alike, distinct


class Compare(Props):
    """A choice made easier: products compared by the catalog's facts."""

    slots: ClassVar = ("feature",)

    title: Copy = Field(max_length=48, description="the question it answers")
    product_ids: Annotated[list[ProductId], distinct(), alike()] = Field(
        min_length=2, max_length=3, description="of one category"
    )
