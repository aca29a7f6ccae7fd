"""Writes what a designer begins with: a component, ready to be drawn, or a whole shop."""

from __future__ import annotations

import json
import keyword
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from app.catalog.load import shop_id_of, shop_name_of
from app.content.components import load_library
from app.content.site import catalogs_of
from app.domain.catalog import Product
from app.settings import ROOT, Settings
from app.workbench.safe_write import NotWritten, write

_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")

_BLANK = Path(__file__).resolve().parent / "blank"

_COPY = {
    "typical": ("Made to be used", "It gets better looking the harder it works.", "Take a look"),
    "shortest": ("Oak", "Oiled.", "See it"),
    "longest": (
        "A quiet thing that earns its place at the table",
        "Made slowly by people who use what they make; it will outlast the shelf it stands on.",
        "Look at it more closely",
    ),
}


def scaffold(settings: Settings, name: str, slot: str) -> list[str]:
    """Write a component's files; return their names.

    Raises:
        NotWritten: the name or the slot will not do, or a file is in the way.
        CatalogError, LibraryError: what is there already cannot be used.
    """
    library = load_library(settings.root / "components")
    slots = [item.id for item in library.slots]
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise NotWritten(f"{name!r} is no name: small letters, digits and underscores, please")
    if slot not in slots:
        raise NotWritten(f"{slot!r} is no slot of the page; there are {', '.join(slots)}")
    texts = _texts(name, slot, _product(settings))
    taken = [file for file in texts if (settings.root / file).exists()]
    if taken or any(Path(settings.root / "components").glob(f"{name}.*")):
        raise NotWritten(f"components/ has files named {name!r} already")
    for file, text in texts.items():
        write(settings.root, file, text.encode(), fresh=True)
    return list(texts)


def new_shop(folder: Path) -> None:
    """Write a shop to make one's own: the demo's goods under the folder's name, and our files.

    Scripts stay ours, since they speak with the server: those of the package are served.

    Raises:
        NotWritten: there is something in the folder, or it cannot be written.
    """
    catalog = json.loads((ROOT / "demo" / "catalog.json").read_text("utf-8"))
    del catalog["translations"]  # which would stay behind as the goods become one's own
    stem = folder.resolve().stem
    catalog["shop"] |= {"id": shop_id_of(stem), "name": shop_name_of(stem)}
    skipped = shutil.ignore_patterns("__pycache__", "*.js")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise NotWritten(f"{folder} is not empty")
        for kind in ("components", "prompts", "static"):
            shutil.copytree(ROOT / kind, folder / kind, ignore=skipped)
        shutil.copytree(ROOT / "demo" / "pictures", folder / "pictures")
        (folder / "catalog.json").write_text(
            json.dumps(catalog, indent=2, ensure_ascii=False) + "\n", "utf-8"
        )
        (folder / "README.md").write_text(
            _filled("shop.md", {"NAME": catalog["shop"]["name"]}), "utf-8"
        )
        (folder / ".gitignore").write_text("/data/\n__pycache__/\n")
    except OSError as error:
        of_many = isinstance(error, shutil.Error)  # which names no file itself
        why = error.args[0][-1][-1] if of_many else f"{error.filename or folder}: {error.strerror}"
        raise NotWritten(why) from error


def _texts(name: str, slot: str, item: Product) -> dict[str, str]:
    """Return the files' texts, the props last: a component is one once its props are there."""
    title = "".join(part.capitalize() for part in name.split("_"))
    words = {"TITLE": title, "CSS-NAME": name.replace("_", "-"), "SLOT": slot}
    samples = [
        {
            "name": sample,
            "config": {
                "product_id": item.id,
                "headline": headline,
                "text": text,
                "link_text": link_text,
            },
        }
        for sample, (headline, text, link_text) in _COPY.items()
    ]
    return {
        f"components/{name}.samples.json": json.dumps(samples, indent=2) + "\n",
        f"components/{name}.css": _filled("styles.css", words),
        f"components/{name}.jinja": _filled("partial.jinja", words),
        f"components/{name}.py": _filled("props.py.txt", words),
    }


def _filled(blank: str, words: Mapping[str, str]) -> str:
    text = (_BLANK / blank).read_text("utf-8")
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def _product(settings: Settings) -> Product:
    products = catalogs_of(settings).default.products.values()
    return next(
        (item for item in products if item.picture and item.available), next(iter(products))
    )
