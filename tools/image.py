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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from hashlib import sha256
from pathlib import Path
from typing import Any

from app.settings import ROOT
from tools.support import http
from tools.support.server import Server

_NAME = "localhost/wandstore"
_LAYERED = "--storage-driver=overlay"
_MOST_KEPT = 400 << 20
"""Bytes of a file with what was built, from which on all is built from nothing."""
_BASE = re.compile(r"^FROM (python:(3\.\d+)-slim)$", re.MULTILINE)
_COPY = re.compile(r"^(?:ADD|COPY) (?!--from)(.+) \S+$", re.MULTILINE)
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
def built(folder: Path, kept: Path | None = None) -> Iterator[Image]:
    """Build the image in a folder, and make a container of it.

    `kept` is a file with what was built before, of which only what has changed is built anew; it
    is written where there is none, or another. Without it all is built from nothing.

    Raises:
        ImageUnavailable: there is no buildah, no Debian to take Python from, or no package index.
    """
    if os.geteuid() or not shutil.which("buildah") or not shutil.which("apt-get"):
        raise ImageUnavailable("no buildah, no apt-get, or not root (tools/install.sh)")
    engine = _engine(folder)
    if kept is None:
        _build(engine, folder)
    else:
        _build_what_changed(engine, folder, kept)
    container = _run([*engine, "from", "--pull-never", _NAME])
    try:
        config = json.loads(_run([*engine, "inspect", "--type=image", _NAME]))["Docker"]
        root = Path(_run([*engine, "mount", container]))
        own, all_of_it = _bytes(root / "venv") + _bytes(root / "shop"), _bytes(root)
        yield Image(engine, container, root, config["config"], all_of_it / _MIB, own / _MIB)
    finally:
        _run([*engine, "rm", container])


def _engine(folder: Path) -> tuple[str, ...]:
    """Return buildah with layers where they cost little: in memory, where they can be mounted."""
    engine = ("buildah", f"--root={folder}/store", f"--runroot={folder}/run")
    layered = (*engine, _LAYERED)
    for needed in (("df", "--type=tmpfs", str(folder)), (*layered, "images")):
        if subprocess.run(needed, capture_output=True, check=False).returncode:
            shutil.rmtree(folder / "store", ignore_errors=True)
            return (*engine, "--storage-driver=vfs")
    return layered


def _build(engine: tuple[str, ...], folder: Path, *, on_base: bool = False) -> None:
    """Build the image, and first what it is based on, unless that is there."""
    found = _BASE.search((ROOT / "Dockerfile").read_text())
    assert found is not None
    base, version = found.groups()
    if not on_base:
        _lay_base(folder / "base", version)
        scratch = _run([*engine, "from", "scratch"])
        _run([*engine, "add", "--quiet", scratch, folder / "base", "/"])
        _run([*engine, "config", "--env=PATH=/usr/local/bin:/usr/bin:/bin", scratch])
        _run([*engine, "commit", "--quiet", "--rm", scratch, f"docker.io/library/{base}"])
    # Docker's own format, without which a health check is not kept.
    build = ("build", "--quiet", "--isolation=chroot", "--format=docker", "--pull-never")
    layers = f"--layers={str(_LAYERED in engine).lower()}"
    _run([*engine, *build, layers, f"--tag={_NAME}", ROOT])


def _build_what_changed(engine: tuple[str, ...], folder: Path, kept: Path) -> None:
    """Build on what a file keeps, and have it keep what comes of it; nothing, where that fails."""
    copied = _COPY.findall((ROOT / "Dockerfile").read_text())
    files = [ROOT / ".dockerignore", *(ROOT / it for names in copied for it in names.split())]
    made_of = [_digest([Path(__file__), ROOT / "Dockerfile"], engine[-1]), _digest(files)]
    tar = ["tar", "--xattrs", "--xattrs-include=*", f"--directory={folder}"]
    note, before = folder / "made_of", [""]
    try:
        if kept.exists() and kept.stat().st_size < _MOST_KEPT:
            _run([*tar, "--extract", f"--file={kept}"])
            before = note.read_text().split()
        if before == made_of:
            return
        if not (on_base := before[0] == made_of[0]):
            shutil.rmtree(folder / "store", ignore_errors=True)
        _build(engine, folder, on_base=on_base)
    except BaseException:
        kept.unlink(missing_ok=True)
        raise
    note.write_text("\n".join(made_of))
    with (begun := kept.with_suffix(".begun")).open("ab") as file, suppress(BlockingIOError):
        flock(file, LOCK_EX | LOCK_NB)  # another run may be keeping the same
        _run([*tar, "--create", f"--file={begun}", note.name, "store"])
        begun.replace(kept)


def _digest(places: Iterable[Path], word: str = "") -> str:
    found = sha256(word.encode())
    for place in places:
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.is_file() and file.parent.name != "__pycache__":
                mode, data = file.stat().st_mode, file.read_bytes()
                found.update(f"{file.relative_to(ROOT)} {mode} {len(data)}\n".encode())
                found.update(data)
    return found.hexdigest()


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
