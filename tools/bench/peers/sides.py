"""The peers as processes: the packages that `make bench-peers` installs, our code, one model."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from app.settings import ROOT
from tools.bench import measure
from tools.bench.peers.pages import write_pages

INSTALLED = Path(sys.prefix) / "peers"
"""Where their packages are, apart from ours."""

Running = AbstractContextManager[tuple[str, int]]
"""A server that runs as long as the block lasts: its address and its process id."""


def react(model_url: str, folder: Path, shop_url: str = "") -> Running:
    """Run the page by the AI SDK and React; styles and pictures come from a shop, if given."""
    shutil.copytree(Path(__file__).parent / "react", INSTALLED, dirs_exist_ok=True)
    bundle = ["client.mjs", "--bundle", "--minify", "--format=esm", "--outfile=client.js"]
    bundle += ['--define:process.env.NODE_ENV="production"', "--log-level=error"]
    esbuild = ROOT / "worker/node_modules/.bin/esbuild"
    subprocess.run([esbuild, *bundle], cwd=INSTALLED, check=True)
    setup = folder / "setup.json"
    write_pages(setup, folder / "page.html")
    server = [sys.prefix + "/node/bin/node", str(INSTALLED / "server.mjs")]
    command = [*server, model_url, str(setup), shop_url]
    return measure.serving(command, {"NODE_ENV": "production"})


def datastar(model_url: str, folder: Path) -> Running:
    """Run the page by Datastar for Python."""
    page = folder / "page.html"
    write_pages(folder / "setup.json", page)
    command = [sys.executable, "-m", "tools.bench.peers.datastar_app", model_url, str(page)]
    return measure.serving(command, {"PYTHONPATH": str(INSTALLED / "python")})
