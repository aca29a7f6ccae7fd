"""The close of the page: one quiet invitation onwards."""

from typing import ClassVar

from .fields import Category, Copy, Field, Props


class Cta(Props):
    """A closing invitation into one category."""

    slots: ClassVar = ("cta",)

    headline: Copy = Field(max_length=48, description="the invitation, at most seven words")
    text: Copy = Field(max_length=120, description="one sentence")
    link_text: Copy = Field(max_length=24, description="the button")
    category: Category = Field(description="where it leads")
