"""The image, built and run without Docker: by buildah, over Debian's own Python. `make image`."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.settings import ROOT
from tools.support import http
from tools.support.server import Server

_BASE = re.compile(r"^FROM (python:(3\.\d+)-slim)$", re.MULTILINE)
_PYTHON = (
    "python{}",
    "python{}-minimal",
    "python{}-venv",
    "libpython{}-minimal",
    "libpython{}-stdlib",
)
_SYSTEM = (
    "base-files bash coreutils dash libacl1 libattr1 libbz2-1.0 libc6 libcrypt1 libexpat1 libffi8 "
    "libgcc-s1 libgmp10 liblzma5 libpcre2-8-0 libreadline8 libselinux1 libsqlite3-0 libssl3 "
    "libtinfo6 libuuid1 python3-pip-whl zlib1g"
)
_NETWORK = ("Could not fetch", "No matching distribution", "Temporary failure", "onnection")
_MIB = 1024 * 1024


class ImageUnavailable(Exception):
    """The image cannot be built on this machine; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image, and a container of it: `root` is its file system, `config` what Docker reads."""

    engine: tuple[str, ...]
    container: str
    root: Path
    config: dict[str, Any]
    megabytes: float
    own_megabytes: float

    def command(self, *arguments: str, port: int = 0) -> list[str]:
        """Return the command that runs another in the container, on this machine's network."""
        here = ("--env=WANDSTORE_HOST=127.0.0.1", f"--env=WANDSTORE_PORT={port}")
        return [*self.engine, "run", "--isolation=chroot", *here, self.container, "--", *arguments]

    def server(self, folder: Path) -> Server:
        """Return the shop as the image starts it; what it keeps stays in the container."""
        return Server(folder / "log", command=self.command(*self.config["Entrypoint"]))

    def is_healthy(self, port: int) -> bool:
        """Say whether the image's own check finds the shop well."""
        kind, *check = self.config["Healthcheck"]["Test"]
        assert kind == "CMD"
        return not subprocess.run(
            self.command(*check, port=port), check=False, timeout=60
        ).returncode


@contextmanager
def built(folder: Path) -> Iterator[Image]:
    """Build the image from nothing in a folder, and make a container of it.

    Raises:
        ImageUnavailable: there is no buildah, no Debian to take Python from, or no package index.
    """
    if os.geteuid() or not shutil.which("buildah") or not shutil.which("apt-get"):
        raise ImageUnavailable("no buildah, no apt-get, or not root (tools/install.sh)")
    found = _BASE.search((ROOT / "Dockerfile").read_text())
    assert found is not None
    base, version = found.groups()
    _lay_base(folder / "base", version)
    engine = (
        "buildah",
        f"--root={folder}/store",
        f"--runroot={folder}/run",
        "--storage-driver=vfs",
    )

    def buildah(*arguments: str | Path) -> str:
        return _run([*engine, *arguments])

    scratch = buildah("from", "scratch")
    buildah("add", "--quiet", scratch, folder / "base", "/")
    buildah("config", "--env=PATH=/usr/local/bin:/usr/bin:/bin", scratch)
    buildah("commit", "--quiet", "--rm", scratch, f"docker.io/library/{base}")
    # Docker's own format, without which a health check is not kept.
    build = ("build", "--quiet", "--isolation=chroot", "--format=docker", "--pull-never")
    buildah(*build, "--tag=wandstore", ROOT)
    container = buildah("from", "--pull-never", "localhost/wandstore")
    try:
        config = json.loads(buildah("inspect", "--type=image", "localhost/wandstore"))["Docker"]
        root = Path(buildah("mount", container))
        own, all_of_it = _bytes(root / "venv") + _bytes(root / "shop"), _bytes(root)
        yield Image(engine, container, root, config["config"], all_of_it / _MIB, own / _MIB)
    finally:
        buildah("rm", container)


def descendant(pid: int, command: str) -> int:
    """Return the id of the process under another whose command line ends so."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    lines = {it: Path(f"/proc/{it}/cmdline").read_bytes().replace(b"\0", b" ") for it in found}
    return next(
        it for it, line in reversed(lines.items()) if line.decode().strip().endswith(command)
    )


def _lay_base(root: Path, version: str) -> None:
    """Lay what ours uses of the official image: Debian's Python, and pip where it is there."""
    debs = root.with_name("packages")
    debs.mkdir(parents=True)
    get = ["apt-get", "--quiet=2", "-o=Acquire::Retries=0", "-o=Acquire::http::Timeout=10"]
    packages = [*(name.format(version) for name in _PYTHON), *_SYSTEM.split()]
    download = [*get, "download", *packages]
    try:
        if subprocess.run(download, cwd=debs, capture_output=True, check=False).returncode:
            _run([*get, "update"])  # the lists may be older than what can be had
            _run(download, cwd=debs)
    except subprocess.CalledProcessError as error:
        raise ImageUnavailable(f"no Debian packages of Python {version}: {error.stderr}") from None
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for package in debs.iterdir():
        unpack = 'dpkg-deb --fsys-tarfile "$0" | tar --extract --keep-directory-symlink "$@"'
        without = [f"--exclude=./usr/share/{name}" for name in ("doc", "locale", "man")]  # as there
        _run(["sh", "-c", unpack, package, f"--directory={root}", *without])
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    local = root / "usr" / "local"
    (packages_of_pip := local / "lib" / f"python{version}" / "site-packages").mkdir(parents=True)
    (seen := packages_of_pip.with_name("dist-packages")).mkdir(exist_ok=True)
    (seen / "pip.pth").write_text(f"/{packages_of_pip.relative_to(root)}\n")
    with zipfile.ZipFile(next((root / "usr/share/python-wheels").glob("pip-*.whl"))) as wheel:
        wheel.extractall(packages_of_pip)
    (local / "bin").mkdir(exist_ok=True)
    for name in ("python", "python3"):
        (local / "bin" / name).symlink_to(f"/usr/bin/python{version}")
    _reach_the_index(root)


def _reach_the_index(root: Path) -> None:
    """Have pip in there find what pip finds here."""
    told = _run([sys.executable, "-m", "pip", "config", "list"])
    lines = [f"index-url = {url}" for url in re.findall(r"\.index-url='(.+)'", told)[:1]]
    known = Path("/etc/ssl/certs/ca-certificates.crt")
    if known.exists():
        (inside := root / known.relative_to("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(known, inside)
        lines.append(f"cert = {known}")
    (root / "etc" / "pip.conf").write_text("\n".join(["[global]", *lines, ""]))


def _run(command: Sequence[str | Path], cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=cwd, check=True, capture_output=True, text=True, timeout=600
        )
    except subprocess.CalledProcessError as error:
        if "build" in command and any(word in error.stderr for word in _NETWORK):
            raise ImageUnavailable(
                f"the package index cannot be reached:\n{error.stderr}"
            ) from None
        sys.stderr.write(error.stderr)
        raise
    return done.stdout.strip()


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def main() -> int:
    """Build, start, look, stop; print what it took."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        try:
            with built(Path(name)) as image:
                print(f"built in {time.monotonic() - began:.0f} s")
                print(f"{image.megabytes:.0f} MiB, of which {image.own_megabytes:.0f} are ours")
                began = time.monotonic()
                with image.server(Path(name)) as server:
                    http.get(f"{server.url}/store").raise_for_status()
                    print(f"first page after {time.monotonic() - began:.1f} s")
                    print("healthy" if image.is_healthy(server.port) else "NOT healthy")
                    began = time.monotonic()
                    os.kill(descendant(server.pid, "-m app"), signal.SIGTERM)
                    assert server.process is not None
                    server.process.wait(60)
                    print(f"stopped after {time.monotonic() - began:.1f} s")
        except ImageUnavailable as missing:
            sys.stderr.write(f"{missing}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
