"""Pictures in several widths, and the one that goes before all others."""

from __future__ import annotations

import html5lib
import pytest

from app.catalog.images import WIDTHS
from app.domain.catalog import Picture
from app.rendering.pictures import source_of, with_preload
from tests.support.cases import each

CDN = "https://cdn.shopify.com/s/files/1/0001/products/cup.jpg"


def widths(srcset: str) -> list[int]:
    return [int(part.rpartition(" ")[2].removesuffix("w")) for part in srcset.split(", ")]


@pytest.mark.parametrize(
    ("url", "sized"),
    [
        (CDN, f"{CDN}?width=640"),
        (f"{CDN}?v=17", f"{CDN}?v=17&width=640"),
        (
            "https://shop.example/cdn/shop/files/cup.png?v=1",
            "https://shop.example/cdn/shop/files/cup.png?v=1&width=640",
        ),
    ],
)
def test_shopifys_service_is_known_by_its_address(url: str, sized: str) -> None:
    source = source_of(Picture(url, "A cup"), "")
    assert source.src == sized
    assert widths(source.srcset) == list(WIDTHS)
    assert f"{sized} 640w" in source.srcset


@each(
    "url",
    [
        "/pictures/demo/cup.svg",
        "https://a.example/cup.jpg",
        "https://burst.shopifycdn.com/photos/cup_925x.jpg",
        "https://cdn.shopify.com/s/files/1/products/cup_925x.jpg",
        "https://cdn.shopify.com/s/files/1/products/cup_100x100@2x.jpg?v=1",
        "https://cdn.shopify.com/s/files/1/products/cup_grande.jpg",
        f"{CDN}?width=300",
        f"{CDN}?v=1#here",
    ],
)
def test_any_other_address_is_left_as_it_is(url: str) -> None:
    assert source_of(Picture(url, ""), "") == (url, "")


@pytest.mark.parametrize(
    ("service", "sized"),
    [
        ("{url}?w={width}", "https://a.example/c.jpg?w=640"),
        (
            "https://img.example/w={width}/{encoded}",
            "https://img.example/w=640/https%3A%2F%2Fa.example%2Fc.jpg",
        ),
    ],
)
def test_a_shop_has_an_image_service_of_its_own(service: str, sized: str) -> None:
    assert source_of(Picture("https://a.example/c.jpg", ""), service).src == sized


def test_local_pictures_are_asked_of_no_service() -> None:
    assert source_of(Picture("/pictures/a/c.jpg", ""), "{url}?w={width}").srcset == ""


@pytest.mark.parametrize(("pixels", "found"), [(700, [160, 320, 480, 640, 700]), (90, [90])])
def test_a_picture_is_never_asked_for_wider_than_it_is(pixels: int, found: list[int]) -> None:
    source = source_of(Picture(CDN, "", pixels, pixels), "")
    assert widths(source.srcset) == found
    assert source.src.endswith(f"width={min(pixels, 640)}")


def test_the_picture_that_goes_before_all_others_is_preloaded() -> None:
    page = (
        "<!doctype html><html><head><title>a</title></head><body>"
        '<img src="a.jpg" alt="" loading="lazy">'
        '<img src="b?a&amp;b" srcset="b1 1w, b2 2w" sizes="50vw" alt="" fetchpriority="high">'
        "</body></html>"
    )
    tree = html5lib.parse(with_preload(page), namespaceHTMLElements=False)
    link = tree.find("./head/link")
    assert link is not None
    assert link.attrib == {
        "rel": "preload",
        "as": "image",
        "href": "b?a&b",
        "imagesrcset": "b1 1w, b2 2w",
        "imagesizes": "50vw",
        "fetchpriority": "high",
    }


def test_a_page_without_such_a_picture_stays_as_it_is() -> None:
    page = '<html><head></head><body><img src="a.jpg" alt="" loading="lazy"></body></html>'
    assert with_preload(page) == page
