"""A closer look: one product, told by what its own description says."""

from typing import Annotated, ClassVar

from .fields import Copy, Field, ProductId, Props, described


class Story(Props):
    """One product beside the catalog's own text of it; not the hero's."""

    slots: ClassVar = ("feature",)

    product_id: Annotated[ProductId, described()] = Field(description="one with a text to tell")
    title: Copy = Field(max_length=48, description="what its text comes down to")
