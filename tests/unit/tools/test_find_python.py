"""Which Python make uses: the newest that runs, and one line where none will do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT

pytestmark = pytest.mark.process

STAND_IN = "#!/bin/sh\necho 'command not found, but it exists in these versions' >&2\nexit 127\n"
OLD = "#!/bin/sh\ncase $2 in *ensurepip*) exit 1;; *) echo is Python 3.9;; esac\n"
LOCATION = f"{sys.base_prefix}/bin/python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder to be the PATH, with what a shell script needs and no Python."""
    (tmp_path / "head").symlink_to("/usr/bin/head")
    return tmp_path


def find(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "find_python.sh"), *arguments],
        env={"PATH": str(machine), "HOME": str(machine)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def put(machine: Path, name: str, script: str) -> None:
    (machine / name).write_text(script)
    (machine / name).chmod(0o755)


def real(machine: Path, name: str) -> None:
    put(machine, name, f'#!/bin/sh\nexec {LOCATION} "$@"\n')


def test_a_stand_in_that_does_not_run_is_passed_over(machine: Path) -> None:
    put(machine, "python3.14", STAND_IN)
    real(machine, "python3.11")
    found = find(machine)
    assert (found.stdout, found.stderr) == (f"{LOCATION}\n", "")


def test_one_that_only_pyenv_knows_is_found(machine: Path) -> None:
    (machine / ".pyenv/versions/3.13.9/bin").mkdir(parents=True)
    real(machine, ".pyenv/versions/3.13.9/bin/python")
    assert find(machine).stdout == f"{LOCATION}\n"


def test_all_are_one_of_each_version_the_newest_first(machine: Path) -> None:
    for name in ("python3.12", "python3.13"):
        put(machine, name, f"#!/bin/sh\necho {name}\n")
    assert find(machine, "--all").stdout == "python3.13\npython3.12\n"
    assert find(machine).stdout == "python3.13\n"


def test_no_python_at_all_is_told_in_one_line(machine: Path) -> None:
    found = find(machine)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("WandStore needs Python 3.11 or newer")
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize(("script", "reason"), [(OLD, "is Python 3.9"), (STAND_IN, "does not run")])
def test_a_python_that_will_not_do_is_told_in_one_line(
    machine: Path, script: str, reason: str
) -> None:
    put(machine, "python3.9", script)
    found = find(machine, "python3.9")
    assert found.returncode == 1
    assert found.stderr == f"python3.9 {reason}: WandStore needs Python 3.11 or newer, with venv.\n"
