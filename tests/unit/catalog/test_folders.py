from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.catalog.feed_text import LARGEST_FILE
from app.catalog.load import load_catalogs
from app.catalog.problems import CatalogError
from tests.support.catalogs import Write

CSV = "Handle,Title,Variant Price\nmug,Mug,9\n"
JSON = '{"shop": {"id": "corner"}, "products": [{"id": "jug", "title": "Jug", "price": 1}]}'


def test_each_file_of_a_folder_is_a_shop_and_the_first_by_name_the_default(
    write: Write, tmp_path: Path
) -> None:
    write("b.json", JSON)
    write("a.CSV", CSV)
    write(".hidden.csv", CSV)
    write("notes.txt", "not a catalog")
    catalogs = load_catalogs(tmp_path)
    assert list(catalogs.shops) == ["a", "corner"]
    assert catalogs.default is catalogs.shops["a"]
    assert catalogs.problems == {"a": (), "corner": ()}


def test_of_two_files_with_one_shop_id_the_first_is_open_and_the_other_reported(
    write: Write, tmp_path: Path
) -> None:
    write("a.json", JSON)
    write("corner.csv", CSV)
    catalogs = load_catalogs(tmp_path)
    assert list(catalogs.shops["corner"].products) == ["jug"]
    (problem,) = catalogs.problems["corner"]
    assert "corner.csv is skipped: another file has the shop id" in problem.reason


def test_a_file_that_cannot_be_used_is_skipped_with_its_reason(
    write: Write, tmp_path: Path
) -> None:
    write("good.csv", CSV)
    write("broken.json", "{\n\n!")
    write("empty.csv", "")
    write("nothing.csv", "Handle,Title\n")
    (tmp_path / "folder.csv").mkdir()
    catalogs = load_catalogs(tmp_path)
    assert list(catalogs.shops) == ["good"]
    assert catalogs.problems["broken"][0].line == 3
    assert "empty.csv is skipped: is empty" in catalogs.problems["empty"][0].reason
    assert "holds no product" in catalogs.problems["nothing"][0].reason
    assert "is not a file" in catalogs.problems["folder"][0].reason


def test_a_folder_without_a_catalog_cannot_be_sold_from(write: Write, tmp_path: Path) -> None:
    write("broken.json", "{")
    with pytest.raises(CatalogError, match=r"holds no catalog.*broken.json is skipped"):
        load_catalogs(tmp_path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.absolute, "there is no such file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b" \n"), "is empty"),
        (
            lambda path: path.write_bytes(b"PK\x03\x04\x00"),
            "is a spreadsheet or an archive",
        ),
        (
            lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0"),
            "is a spreadsheet or an archive",
        ),
        (lambda path: path.write_bytes(b"\xff\xfeH\x00\n\x00\x00\xd8"), "line 2: is not UTF-16"),
        (lambda path: path.write_bytes(b"Handle\n\n\x81"), "line 3: is not UTF-8 text"),
        (lambda path: path.symlink_to(path), ""),
        (sparse, "is larger than 256 MiB"),
    ],
)
@pytest.mark.parametrize("name", ["shop.csv", "shop.json"])
def test_a_file_that_is_no_text_is_refused_with_file_line_and_reason(
    tmp_path: Path, name: str, make: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(CatalogError) as caught:
        load_catalogs(path)
    assert str(caught.value).startswith(f"{path}: {reason}")


def test_a_file_of_another_kind_is_refused(write: Write) -> None:
    with pytest.raises(
        CatalogError,
        match=r"neither a folder nor a \.json, \.jsonl, \.csv, \.tsv, \.txt or \.xml file",
    ):
        load_catalogs(write("shop.xlsx", "x"))


def test_the_reasons_of_an_error_fit_on_one_line_and_are_few(write: Write) -> None:
    rows = "\n".join(f"m{at},Mug\u2028\x1b[31m,x" for at in range(2_000))
    with pytest.raises(CatalogError) as caught:
        load_catalogs(write("shop.csv", f"Handle,Title,Variant Price\n{rows}\n"))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000
    assert "not listed" in caught.value.problems[-1].reason


def test_what_is_read_cannot_be_changed(write: Write) -> None:
    catalogs = load_catalogs(write("shop.csv", CSV))
    with pytest.raises(AttributeError):
        catalogs.default = catalogs.shops["shop"]  # type: ignore[misc]
    with pytest.raises(TypeError):
        catalogs.shops["other"] = catalogs.default  # type: ignore[index]
    with pytest.raises(TypeError):
        catalogs.default.products["other"] = catalogs.default.products["mug"]  # type: ignore[index]


def test_a_catalog_that_memory_cannot_hold_is_refused_in_a_line(
    write: Write, tmp_path: Path
) -> None:
    goods = [
        {"id": f"p{at}", "title": "P", "price": 1, "description": "x" * 4_000}
        for at in range(1_120)
    ]
    write("large.json", json.dumps({"products": goods}))
    write("small.csv", CSV)
    catalogs = load_catalogs(tmp_path, memory=lambda: 2 * 1024 * 1024)
    assert list(catalogs.shops) == ["small"]
    (error,) = catalogs.errors
    assert "needs about 13 MiB of memory, and 2 MiB are left" in str(error)
    assert len(load_catalogs(tmp_path, memory=lambda: None).shops) == 2
