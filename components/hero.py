"""The opening of the page: one product, one thought."""

from typing import ClassVar

from .fields import Copy, Field, ProductId, Props


class Hero(Props):
    """The first thing seen: one product shown large, with a headline."""

    slots: ClassVar = ("hero",)

    product_id: ProductId = Field(description="prefer one with a picture")
    eyebrow: Copy = Field(max_length=28, description="two or three words above it")
    headline: Copy = Field(max_length=56, description="the thought, at most eight words")
    text: Copy = Field(max_length=150, description="one or two short sentences")
    link_text: Copy = Field(max_length=24, description="the button, e.g. See the lamp")
