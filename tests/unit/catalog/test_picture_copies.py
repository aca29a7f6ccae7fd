"""Copies of a shop's own pictures: as wide as screens need, upright, bounded, and made once."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from app.catalog.images import index_of, read_sizes
from app.catalog.load import load_catalogs
from app.catalog.picture_copies import Copied, make_copies
from app.rendering.pictures import source_of
from app.web.static import pictures_in


def bomb() -> bytes:
    """Return a small file that says that it is a picture of 3,600 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    Image.new("RGB", (1000, 500), "red").save(folder / "wide.png")
    Image.new("RGBA", (100, 300), (0, 0, 0, 0)).save(folder / "sub" / "clear.png")
    lying = Image.new("RGB", (400, 200))
    exif = lying.getexif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Camera"
    lying.save(folder / "lying.jpg", exif=exif)
    Image.new("CMYK", (320, 320)).save(folder / "print.jpg")
    (folder / "bomb.png").write_bytes(bomb())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(folder / "moving.webp", save_all=True, append_images=frames[1:])
    (folder / "drawn.svg").write_text("<svg/>")
    (folder / "no name a feed may say.png").write_bytes((folder / "wide.png").read_bytes())
    (tmp_path / "outside.png").write_bytes((folder / "wide.png").read_bytes())
    (folder / "outside.png").symlink_to(tmp_path / "outside.png")
    return folder


def made(pictures: Path) -> Mapping[str, Copied]:
    return {copied.name: copied for copied in make_copies(pictures)}


def contents(pictures: Path) -> dict[str, tuple[bytes, int]]:
    """Return what is in a folder, and when it was written."""
    files = (path for path in pictures.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_each_picture_has_copies_once_and_stays_as_it_is(pictures: Path) -> None:
    before = contents(pictures)
    first = made(pictures)
    assert {name for name, copied in first.items() if copied.is_new} == {
        *("wide.png", "sub/clear.png", "lying.jpg", "print.jpg")
    }
    assert {name for name, copied in first.items() if copied.reason} == {
        *("bomb.png", "broken.jpg", "moving.webp")
    }
    after = contents(pictures)
    assert before.items() <= after.items()
    sizes = read_sizes(pictures)
    assert sizes["wide.png"] == (1000, 500, (160, 320, 480, 640, 960, 1000))
    assert sizes["sub/clear.png"] == (100, 300, (100,))
    assert sizes["lying.jpg"] == (200, 400, (160, 200))
    with Image.open(pictures / "sized" / "wide.png-320.webp") as copy:
        assert (copy.size, copy.format) == ((320, 160), "WEBP")
    with Image.open(pictures / "sized" / "lying.jpg-160.webp") as copy:
        assert (copy.size, dict(copy.getexif())) == ((160, 320), {})
    with Image.open(pictures / "sized" / "sub" / "clear.png-100.webp") as copy:
        assert copy.convert("RGBA").getpixel((5, 5)) == (0, 0, 0, 0)
    assert not any(copied.is_new for copied in made(pictures).values())
    copies = {name: file for name, file in after.items() if name.endswith(".webp")}
    assert copies.items() <= contents(pictures).items()


def test_what_changed_is_copied_anew_and_what_went_takes_its_copies_along(pictures: Path) -> None:
    made(pictures)
    Image.new("RGB", (200, 200), "blue").save(pictures / "wide.png")
    (pictures / "print.jpg").unlink()
    assert "wide.png" not in read_sizes(pictures), "copies of another picture are none"
    (pictures / "sized" / "lying.jpg-160.webp").unlink()
    again = made(pictures)
    assert {name for name, copied in again.items() if copied.is_new} == {"wide.png", "lying.jpg"}
    assert read_sizes(pictures)["wide.png"].copies == (160, 200)
    there = {path.name for path in (pictures / "sized").iterdir()}
    assert there == {
        *("wide.png-160.webp", "wide.png-200.webp", "lying.jpg-160.webp", "lying.jpg-200.webp"),
        *("sub", "index.json"),
    }


def test_a_catalog_offers_the_copies_with_the_pictures_pixels(pictures: Path) -> None:
    catalog = pictures.parent / "corner.json"
    mug = {"id": "mug", "title": "Mug", "price": 9, "image": "pictures/wide.png"}
    catalog.write_text(json.dumps({"shop": {"id": "corner"}, "products": [mug]}))
    plain = load_catalogs(catalog)
    made(pictures)
    catalogs = load_catalogs(catalog, known=plain.sources)
    picture = catalogs.default.products["mug"].picture
    assert picture is not None
    assert (picture.width, picture.height) == (1000, 500)
    source = source_of(picture, "https://img.example/{width}/{url}")
    base = "/pictures/corner/sized/wide.png"
    assert source.src == f"{base}-640.webp"
    addresses = [part.split(" ")[0] for part in source.srcset.split(", ")]
    widths = (160, 320, 480, 640, 960, 1000)
    assert addresses == [f"{base}-{width}.webp" for width in widths]
    published = {name for name, _ in pictures_in(pictures)}
    assert {address.removeprefix("/pictures/corner/") for address in addresses} <= published
    assert catalogs.default.digest != plain.default.digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"pictures": []}',
        '{"pictures": {"wide.png": 7}}',
        '{"pictures": {"wide.png": {}}}',
    ],
)
def test_an_index_that_is_none_costs_the_copies_alone(tmp_path: Path, text: str) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.new("RGB", (200, 100)).save(pictures / "wide.png")
    assert made(pictures)["wide.png"].is_new
    index_of(pictures).write_text(text)
    assert read_sizes(pictures) == {}
    assert made(pictures)["wide.png"].is_new
