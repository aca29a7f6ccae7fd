"""The rooms of the shop: categories, each by a picture of what is in it."""

from typing import Annotated, ClassVar

from .fields import Category, Copy, Field, Props, distinct


class Categories(Props):
    """The shop's categories as pictures, a way on for who is still looking."""

    slots: ClassVar = ("cta",)

    title: Copy = Field(max_length=48, description="the invitation")
    categories: Annotated[list[Category], distinct()] = Field(
        min_length=3, max_length=4, description="the likeliest first"
    )
