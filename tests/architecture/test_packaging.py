"""What is installed: the locks, the package and the image agree with each other."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest

from app.settings import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("run", "design", "dev")
_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ;.*)? \\$", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    found = dict(_PIN.findall(text))
    assert len(found) == text.count("==") - text.count(" == ")
    return found


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in requirements}


def test_what_runs_is_what_is_tested() -> None:
    run, design, dev = map(pins, LOCKS)
    assert run
    assert run.items() <= design.items() <= dev.items()


def test_every_dependency_is_locked() -> None:
    run, design, dev = map(pins, LOCKS)
    project = PROJECT["project"]
    assert names(project["dependencies"]) <= run.keys()
    for extra in ("cluster", "telemetry"):
        assert names(project["optional-dependencies"][extra]) <= run.keys()
    for extra in ("design", "pictures"):
        assert names(project["optional-dependencies"][extra]) <= design.keys()
    assert names(PROJECT["dependency-groups"]["dev"]) <= dev.keys()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^--(?!hash)", text, re.MULTILINE)
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=[a-z])", text))


def test_the_image_has_what_the_package_has() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    shipped = {*wheel["packages"], *wheel["force-include"]}
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY ([a-z]+) \1$", dockerfile, re.MULTILINE))
    assert copied == shipped
    assert all((ROOT / folder).is_dir() for folder in copied)


def test_only_the_image_names_a_version_of_python_to_run() -> None:
    makefile = (ROOT / "Makefile").read_text()
    scripts = [makefile, *(path.read_text() for path in (ROOT / ".ci").iterdir())]
    scripts += [path.read_text() for path in (ROOT / "tools").rglob("*.py")]
    assert not [text for text in scripts if re.search(r"\bpython3\.\d", text)]


def test_a_python_that_is_too_old_is_told_so_in_one_line() -> None:
    ast.parse((ROOT / "app" / "__init__.py").read_text(), feature_version=(3, 4))
    older = "import sys; sys.version_info, sys.version = (3, 10, 13), '3.10.13 (main)'; import app"
    ended = subprocess.run(
        [sys.executable, "-c", older], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == "WandStore needs Python 3.11 or newer, and this is 3.10.13\n"
