"""The stand-in as a process of its own, so that what it costs is not counted with the product."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from .files import load_scenarios
from .server import StandIn


async def serve(port: int, scenarios: Path) -> None:
    """Write the base URL to stdout, then play the file's scenarios until told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with StandIn(port=port) as server:
        server.play(*load_scenarios(scenarios))
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.fake_llm", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--scenario", type=Path, required=True, help="a JSON file of scenarios")
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.scenario))


main()
