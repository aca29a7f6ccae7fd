"""`make cluster`: two shops behind nginx that share a Redis and a PostgreSQL, all on this machine.

What they keep is gone when it ends. Settings of the environment hold for both shops.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.support import nginx, postgres, redis
from tools.support.server import Server, find_program

_CANNOT_START = 2
_SHOPS = ("shop-1", "shop-2")
_NOT_THEIRS = ("WANDSTORE_PORT", "WANDSTORE_HOST", "WANDSTORE_DATA")


def main() -> int:
    """Run all of it until told to stop."""
    missing = ["nginx"] * (find_program("nginx") is None)
    missing += ["redis-server or valkey-server"] * (redis.installed() is None)
    missing += ["postgresql"] * (postgres.installed() is None)
    if missing:
        sys.stderr.write(f"please install {', '.join(missing)}\n")
        return _CANNOT_START
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with ExitStack() as running:
            _start(running, Path(running.enter_context(TemporaryDirectory(prefix="cluster."))))
            signal.pause()
    except KeyboardInterrupt:
        pass
    return 0


def _start(running: ExitStack, folder: Path) -> None:
    """Start engines, shops and proxy, and tell where they are."""
    engine = running.enter_context(redis.RedisProcess(folder / "redis"))
    database = running.enter_context(postgres.Postgres())
    environment = {
        "SESSION_SECRET": secrets.token_hex(32),
        "WANDSTORE_DESIGN": "0",
        **{name: text for name, text in os.environ.items() if name not in _NOT_THEIRS},
        "WANDSTORE_STATE": "cluster",
        "REDIS_URL": engine.url,
        "DATABASE_URL": database.url(),
    }
    shops = [running.enter_context(Server(folder / name, environment)) for name in _SHOPS]
    port = int(os.environ.get("WANDSTORE_PORT", "8080"))
    places = [f"127.0.0.1:{shop.port}" for shop in shops]
    proxy = running.enter_context(nginx.Nginx(folder / "nginx", places, port))
    lines = [f"serving {proxy.url}/store by two shops; their logs are in {folder}"]
    lines += [
        f"{name}: {shop.url}, process {shop.pid}" for name, shop in zip(_SHOPS, shops, strict=True)
    ]
    sys.stdout.write("\n".join([*lines, ""]))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
