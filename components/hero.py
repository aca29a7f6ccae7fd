"""The opening of the page: one product, one thought."""

from typing import ClassVar

from .fields import Copy, Field, ProductId, Props


class Hero(Props):
    """The first thing the shopper sees: a single product shown large, with a headline."""

    slots: ClassVar = ("hero",)

    product_id: ProductId = Field(description="the product to feature; prefer one with a picture")
    eyebrow: Copy = Field(max_length=28, description="two or three words above the headline")
    headline: Copy = Field(max_length=56, description="the thought, at most eight words")
    text: Copy = Field(max_length=150, description="one or two short sentences")
    link_text: Copy = Field(max_length=24, description="what the button says, e.g. See the lamp")
