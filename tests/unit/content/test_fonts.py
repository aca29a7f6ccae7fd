"""A designer's fonts: named by a style as they lie beside it, found there under hashed names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.content.assets import make_assets
from tests.support.factories import shop
from tools.support import http
from tools.support.server import Server

FACE = '@font-face { font-family: "Serif"; src: %s; }'


@pytest.mark.parametrize(
    "source", ['url("serif.woff2")', "url('serif.woff2')", "url(serif.woff2)", "url( serif.woff2 )"]
)
def test_a_style_finds_the_font_beside_it(source: str) -> None:
    files = {"serif.woff2": b"a font", "shop.css": (FACE % source).encode()}
    assets = make_assets(files, "", [shop()])
    assert (
        assets.files["shop.css"]
        .plain.decode()
        .startswith(FACE % f'url("{assets.names["serif.woff2"]}")')
    )


def test_another_font_is_another_style() -> None:
    styles = [
        make_assets({"serif.woff2": font, "shop.css": b""}, FACE % "url(serif.woff2)", [])
        for font in (b"one", b"two")
    ]
    assert styles[0].names["shop.css"] != styles[1].names["shop.css"]
    assert styles[0].digest != styles[1].digest


@pytest.mark.parametrize(
    "source", ['url("sans.woff2")', 'url("https://a.example/serif.woff2")', 'url("x/serif.woff2")']
)
def test_what_is_not_beside_it_is_left_as_it_stands(source: str) -> None:
    files = {"serif.woff2": b"a font", "shop.css": (FACE % source).encode()}
    assert source in make_assets(files, "", []).files["shop.css"].plain.decode()


def test_a_font_is_served_for_good_and_pages_may_load_it(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    root = Path(__file__).parents[3]
    for folder in ("components", "prompts"):
        (tmp_path / folder).symlink_to(root / folder)
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "serif.woff2").write_bytes(b"wOF2 a font")
    (tmp_path / "static" / "shop.css").write_text(FACE % 'url("serif.woff2")')
    server = serve(WANDSTORE_ROOT=str(tmp_path))
    page = http.get(f"{server.url}/store?sort=name")
    assert "font-src 'self'" in page.headers["content-security-policy"]
    style = next(part for part in page.text.split('"') if part.startswith("/static/shop."))
    css = http.get(f"{server.url}{style}").text
    address = css.split('url("')[1].split('"')[0]
    font = http.get(f"{server.url}{address}")
    assert font.content == b"wOF2 a font"
    assert font.headers["content-type"] == "font/woff2"
    assert "immutable" in font.headers["cache-control"]
