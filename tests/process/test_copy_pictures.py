"""`wandstore pictures FOLDER`: says what it copied and what it could not, and what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

from tools.support.server import ROOT

_WITHOUT_PILLOW = """
import sys
sys.modules["PIL"] = None
from app.__main__ import main
sys.exit(main())
"""


def pictures(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command, "pictures", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_says_what_it_copied_and_what_it_could_not(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (200, 100)).save(folder / "mug.png")
    missing = pictures(tmp_path, "-c", _WITHOUT_PILLOW)
    assert (missing.returncode, "Pillow" in missing.stderr) == (2, True)
    first = pictures(tmp_path, "-m", "app")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"{folder}: 1 copied, 0 as they were, 0 without copies\n"
    (folder / "broken.jpg").write_bytes(b"no picture")
    second = pictures(tmp_path, "-m", "app")
    told, summary = second.stdout.splitlines()
    assert told.startswith("broken.jpg: no copies: ")
    assert summary == f"{folder}: 0 copied, 1 as they were, 1 without copies"
    assert second.returncode == 1
    assert pictures(tmp_path / "none", "-m", "app").returncode == 2
