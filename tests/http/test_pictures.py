"""A shop's own pictures: from its folder and no other, as what they are, and not sent twice."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from app.web.headers import FILE_HEADERS
from tests.conftest import QUICK
from tests.support.cases import each
from tests.support.in_process import InProcessServer
from tools.support import http

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
LARGEST = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a shop whose folder of pictures holds more than pictures."""
    tmp_path = tmp_path_factory.mktemp("pictures")
    folder = tmp_path / "shop" / "pictures"
    (folder / "sub").mkdir(parents=True)
    (folder / "mug.svg").write_bytes(SVG)
    (folder / "sub" / "MUG.JPG").write_bytes(b"jpeg")
    (folder / ".hidden.svg").write_bytes(SVG)
    (folder / "notes.txt").write_bytes(b"notes")
    (folder / "folder.svg").mkdir()
    (folder / "large.png").write_bytes(b"x" * (LARGEST + 1))
    (folder / "largest.png").write_bytes(b"x" * LARGEST)
    (tmp_path / "shop" / "secret.svg").write_bytes(SVG)
    (folder / "inside.svg").symlink_to(folder / "mug.svg")
    (folder / "outside.svg").symlink_to(tmp_path / "shop" / "secret.svg")
    (folder / "circle.svg").symlink_to(folder / "circle.svg")
    (folder / "above").symlink_to(tmp_path / "shop")
    catalog = tmp_path / "shop" / "mugs.json"
    mug = {"id": "mug", "title": "Mug", "price": 9, "image": "pictures/mug.svg"}
    catalog.write_text(json.dumps({"shop": {"id": "mugs"}, "products": [mug]}))
    shown = {**QUICK, "WANDSTORE_CATALOG": str(catalog)}
    with (
        InProcessServer(tmp_path / "data", shown) as server,
        http.Client(base_url=server.url, timeout=30) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("mug.svg", SVG, "image/svg+xml"),
        ("inside.svg", SVG, "image/svg+xml"),
        ("sub/MUG.JPG", b"jpeg", "image/jpeg"),
        ("largest.png", b"x" * LARGEST, "image/png"),
    ],
)
def test_a_picture_is_sent_as_what_it_is_and_may_not_act_as_a_page(
    shop: httpx.Client, name: str, content: bytes, media_type: str
) -> None:
    picture = shop.get(f"/pictures/mugs/{name}")
    assert (picture.status_code, picture.content) == (200, content)
    assert picture.headers["content-type"] == media_type
    assert picture.headers["cache-control"] == "public, max-age=86400"
    assert int(picture.headers["content-length"]) == len(content)
    for header, value in FILE_HEADERS:
        assert picture.headers[header.decode()] == value.decode()


@each(
    "name",
    [
        "none.svg",
        "outside.svg",
        "circle.svg",
        "above/secret.svg",
        "folder.svg",
        "large.png",
        "notes.txt",
        ".hidden.svg",
        "sub",
        "sub//MUG.JPG",
        "..%2fsecret.svg",
        "sub%2f..%2f..%2fsecret.svg",
        "%2fetc%2fpasswd.svg",
        "mug.svg%00",
        "x" * 300 + ".svg",
    ],
)
def test_what_is_no_picture_of_the_folder_is_not_there(shop: httpx.Client, name: str) -> None:
    missing = shop.get(f"/pictures/mugs/{name}")
    assert missing.status_code == 404
    assert SVG not in missing.content


def test_who_has_a_picture_already_is_told_so(shop: httpx.Client) -> None:
    first = shop.get("/pictures/mugs/mug.svg")
    for header, value in [
        ("If-None-Match", first.headers["etag"]),
        ("If-Modified-Since", first.headers["last-modified"]),
    ]:
        again = shop.get("/pictures/mugs/mug.svg", headers={header: value})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == "public, max-age=86400"
    assert shop.get("/pictures/mugs/mug.svg", headers={"If-None-Match": '"x"'}).status_code == 200


def test_a_head_has_no_body_and_a_part_may_be_asked_for(shop: httpx.Client) -> None:
    head = shop.head("/pictures/mugs/mug.svg")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(SVG)))
    part = shop.get("/pictures/mugs/mug.svg", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"<svg")
