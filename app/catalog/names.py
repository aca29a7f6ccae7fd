"""What a shop is called where its feed does not say: its file's name tells."""

from __future__ import annotations

from pathlib import Path

from app.catalog.text import plain, slug

_SMALL = {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
_NAMELESS = "shop"


def shop_id_of(path: Path) -> str:
    """Return the file's stem as an id: "Home & Garden.csv" -> "home-garden"."""
    return slug(path.stem) or _NAMELESS


def shop_name_of(path: Path) -> str:
    """Return the file's stem as a title: "shopify-home-and-garden.csv" -> "Home and Garden"."""
    stem = plain(path.stem).replace("_", "-").replace("-", " ").strip()
    words = stem.split()
    if len(words) > 1 and words[0].lower() == "shopify":
        words = words[1:]
    return " ".join(_titled(word, first=at == 0) for at, word in enumerate(words)) or "Shop"


def _titled(word: str, *, first: bool) -> str:
    return word if word.lower() in _SMALL and not first else word[:1].upper() + word[1:]
