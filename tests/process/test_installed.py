"""The package as it is installed: a shop of one's own, and the demo shop, without a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from app import __version__
from app.settings import ROOT
from tools.support import http
from tools.support.server import Server


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = f"-m hatchling build --target wheel --directory {folder}".split()
    subprocess.run([sys.executable, *build], cwd=ROOT, check=True, capture_output=True, timeout=240)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wandstore(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, in an environment that sees our dependencies and not this checkout."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    install = f"-m uv pip install --python {python} --no-deps --no-index {wheel}".split()
    subprocess.run([sys.executable, *install], check=True, capture_output=True, timeout=240)
    packages = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    Path(packages, "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "wandstore"


def run(command: Path, *arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    return subprocess.run(
        [command, *arguments],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_package_has_what_the_shop_needs_and_no_more(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    bundled = {
        path.relative_to(ROOT).as_posix()
        for folder in ("components", "demo", "migrations", "prompts", "static")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {f"app/bundled/{name}" for name in bundled} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]
    assert {name.split("/")[0] for name in names} == {"app", f"wandstore-{__version__}.dist-info"}


def test_the_command_knows_its_version(wandstore: Path, tmp_path: Path) -> None:
    assert run(wandstore, "--version", home=tmp_path).stdout == f"wandstore {__version__}\n"


def test_it_serves_the_demo_shop_and_keeps_nothing_in_the_package(
    wandstore: Path, tmp_path: Path
) -> None:
    quiet = {"HOME": str(tmp_path), "WANDSTORE_DATA": "", "WANDSTORE_DESIGN": ""}
    with Server(tmp_path / "data", quiet, command=(wandstore,)) as server:
        page = http.get(f"{server.url}/store")
        health = http.get(f"{server.url}/health").json()
    assert "Dusk &amp; Dowel" in page.text
    assert health["status"] == "healthy"
    assert (tmp_path / ".local/state/wandstore/shop.sqlite3").is_file()


def test_a_shop_of_ones_own_is_written_checked_and_served_and_what_is_wrong_is_said(
    wandstore: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "corner-shop"
    made = run(wandstore, "new", folder, home=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    checked = run(wandstore, "check", folder, home=tmp_path)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "nothing is wrong\n", "")

    (folder / "components" / "words.py").write_text('CLOSING = "A word of our own"\n')
    cta = folder / "components" / "cta.py"
    cta.write_text(f"from .words import CLOSING\n{cta.read_text()}\nassert CLOSING\n")
    shell = folder / "components" / "shell.jinja"
    shell.write_text(shell.read_text().replace("</body>", "<p>Our own shell</p></body>"))
    with (
        Server(
            tmp_path / "data",
            {"WANDSTORE_DATA": "", "WANDSTORE_DESIGN": "1"},
            command=(wandstore, "serve", folder),
        ) as server,
        http.Client() as client,
    ):
        page = client.get(f"{server.url}/store")
        script = page.text.partition('src="')[2].partition('"')[0]
        served = client.get(f"{server.url}{script}")
        health = client.get(f"{server.url}/health").json()
        server.data = folder / "data"
        allowed = {"Cookie": server.workbench_cookie}
        workbench = client.get(f"{server.url}/design/now", headers=allowed).json()
    assert "Corner Shop" in page.text
    assert "Our own shell" in page.text
    assert served.content in [path.read_bytes() for path in (ROOT / "static").glob("*.js")]
    assert health["status"] == "healthy"
    assert workbench["faults"] == []
    assert (folder / "data" / "shop.sqlite3").is_file()

    (folder / "prompts" / "storefront.md").unlink()
    checked = run(wandstore, "check", folder, home=tmp_path)
    assert checked.returncode == 1
    assert checked.stdout == "prompts/storefront.md: missing\nproblems: 1\n"
    refused = run(wandstore, "serve", folder, home=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith("wandstore cannot start: ")
    assert refused.stderr.count("\n") == 1


def test_a_folder_that_will_not_do_is_told_in_a_line(wandstore: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    refused = run(wandstore, "new", "full", home=tmp_path)
    assert (refused.returncode, refused.stderr) == (2, "no shop was made: full is not empty\n")
    absent = run(wandstore, "serve", "nowhere", home=tmp_path)
    assert absent.returncode == 2
    assert absent.stderr.endswith("nowhere: no such folder\n")
