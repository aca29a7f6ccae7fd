"""Messages of pages that say that something is missing, failed or done."""

from typing import NamedTuple


class Notice(NamedTuple):
    """A page of a title and a sentence or two, perhaps with a button to confirm something."""

    title: str
    text: str
    heading: str = ""
    button: str = ""


NOT_FOUND = Notice(
    "Not here any more",
    "What you are looking for has moved or was never here. The rest of the shop is open.",
)
FAILED = Notice(
    "Something went wrong", "That was our fault, not yours. Please try again in a moment."
)
BASKET_AWAY = Notice(
    "The basket is out of reach", "Nothing in it is lost. Please try again in a moment."
)
"""The Worker's, while no container can open a basket."""

BASKET_NOT_TAKEN = Notice(
    "The basket is as it was",
    "What was sent did not come whole, or not from a page of this shop. Please try again.",
)
BASKET_NOT_AGREED = Notice(
    "The basket is as it was",
    "A basket needs a cookie, and this shop sets none before you agree to it.",
)
FORGET = Notice(
    "What this shop knows of you",
    "What you look at and buy here, under a random number in a cookie; no name and no address. "
    "Its pages are arranged by it. All of it can be erased, at once.",
    "Privacy",
    "Forget me",
)
FORGOTTEN = Notice(
    "You are forgotten",
    "All that was kept of you here is erased. Your next visit will be your first.",
)
