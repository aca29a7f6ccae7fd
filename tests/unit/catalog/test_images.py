from __future__ import annotations

import pytest

from app.catalog.images import image_hosts
from app.catalog.numbers import price
from app.domain.catalog import Money, Picture, Product, Shop
from tests.support.catalogs import ReadJson, Write

MUG = {"id": "mug", "title": "Mug", "price": 12.5}


def test_a_local_picture_is_served_under_its_shop(read_json: ReadJson, write: Write) -> None:
    folder = write("pictures/cups/mug.svg", "<svg/>").parent.parent
    read = read_json({**MUG, "image": "pictures/cups/mug.svg", "image_alt": "A <i>mug</i>"})
    assert read.only.picture == Picture("/pictures/corner/cups/mug.svg", "A mug")
    assert read.catalogs.pictures == {"corner": folder}


def test_a_shop_without_a_folder_of_pictures_has_none_to_serve(read_json: ReadJson) -> None:
    read = read_json({**MUG, "image": "https://a.example/m.png"})
    assert read.catalogs.pictures == {"corner": None}
    assert read.only.picture == Picture("https://a.example/m.png", "Mug")


@pytest.mark.parametrize(
    "address",
    [
        "pictures/missing.svg",
        "pictures/../corner.json",
        "pictures/../secret.svg",
        "../secret.svg",
        "/pictures/mug.svg",
        "pictures\\mug.svg",
        "pictures//mug.svg",
        "pictures/.hidden.svg",
        "pictures/link.svg",
        "pictures/circle.svg",
        "pictures/mug.html",
        "pictures",
        "pictures/mug.svg\n",
        "mug.svg",
        "http://a.example/mug.svg",
        "javascript:alert(1)",
        "data:image/svg+xml,x",
        "https://",
        "https:/a.example",
        "https://user@a.example/m.svg",
        "https://a.example;script-src/m.svg",
        "https://a..example/m.svg",
        'https://a.example/m.svg" onload="x',
        "https://a.example\\@b.example/",
        "https://a.example/\u202em.svg",
        "https://\u212aa.example/m.svg",
        "https://a.example/" + "x" * 3_000,
        5,
        [],
    ],
)
def test_a_picture_that_may_not_be_shown_leaves_its_product_on_sale(
    read_json: ReadJson, write: Write, address: object
) -> None:
    secret = write("secret.svg", "<svg/>")
    folder = write("pictures/mug.svg", "<svg/>").parent
    write("pictures/.hidden.svg", "<svg/>")
    (folder / "link.svg").symlink_to(secret)
    (folder / "circle.svg").symlink_to(folder / "circle.svg")
    read = read_json({**MUG, "image": address})
    assert read.only.picture is None
    (problem,) = read.problems
    assert (problem.line, problem.product) == (6, "mug")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("HTTPS://CDN.example/A.jpg", "https://cdn.example/A.jpg"),
        ("https://a.example/my photo.jpg", "https://a.example/my%20photo.jpg"),
        ("https://a.example/été(1).jpg?v=1&w=2", "https://a.example/%C3%A9t%C3%A9(1).jpg?v=1&w=2"),
        ("https://a.example/%20x.jpg?a=ü#é", "https://a.example/%20x.jpg?a=%C3%BC#%C3%A9"),
        ("https://a.example/茶.jpg", "https://a.example/%E8%8C%B6.jpg"),
    ],
)
def test_an_address_as_people_write_it_is_one_that_a_browser_asks_for(
    read_json: ReadJson, address: str, url: str
) -> None:
    read = read_json({**MUG, "image": address})
    assert read.only.picture == Picture(url, "Mug")
    assert read.problems == ()


def shop_with(*urls: str) -> Shop:
    products = {
        str(at): Product(
            str(at), "Mug", Money(price("1"), "EUR"), "Cups", True, "", Picture(url, "")
        )
        for at, url in enumerate(urls)
    }
    return Shop("corner", "Corner", "", products)


def test_the_hosts_of_pictures_are_origins_each_told_once() -> None:
    shop = shop_with(
        "https://a.example/1.jpg",
        "https://a.example/2.jpg?x=https://c.example",
        "https://b.example:8443",
        "/pictures/corner/x.svg",
    )
    assert image_hosts(shop) == {"https://a.example", "https://b.example:8443"}


@pytest.mark.parametrize("url", ["https://a.example;x/1.jpg", "https://*/1.jpg", "http://a/1", ""])
def test_no_host_can_say_more_than_a_host_in_the_policy(url: str) -> None:
    assert image_hosts(shop_with(url)) == frozenset()


def test_the_size_of_a_picture_is_known_where_a_feed_tells_it(read_json: ReadJson) -> None:
    read = read_json(
        {**MUG, "image": "https://a.example/m.png", "image_width": 900, "image_height": "600"}
    )
    picture = read.only.picture
    assert picture is not None
    assert (picture.width, picture.height) == (900, 600)


@pytest.mark.parametrize(
    ("service", "hosts"),
    [
        ("{url}?w={width}", {"https://a.example"}),
        ("https://img.example/w={width}/{encoded}", {"https://a.example", "https://img.example"}),
    ],
)
def test_a_shop_names_an_image_service_which_pages_may_load_from(
    read_json: ReadJson, service: str, hosts: set[str]
) -> None:
    read = read_json({**MUG, "image": "https://a.example/m.png"}, image_service=service)
    assert (read.shop.image_service, read.problems) == (service, ())
    assert image_hosts(read.shop) == hosts


@pytest.mark.parametrize(
    "service",
    [
        "https://img.example/{url}",
        "https://img.example/?w={width}",
        "http://img.example/{width}/{url}",
        "https://img.example/{width}/{url}, https://b.example/",
        "https://img.example/{width}/{url}/{price}",
    ],
)
def test_an_image_service_that_cannot_be_used_is_reported(
    read_json: ReadJson, service: str
) -> None:
    read = read_json(MUG, image_service=service)
    assert read.shop.image_service == ""
    assert len(read.problems) == 1
