"""The log of the whole process: JSON, line by line, whoever writes them."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

from tests.conftest import StartServer
from tests.support.shopper_client import Shopper, stream_of

FEED = """\
Handle,Title,Variant Price
mug,Mug,9
"cup\u2028\x1b[31m","Cup ""of"" tin",cheap
"""


def test_every_line_is_a_whole_json_object(serve: StartServer, tmp_path: Path) -> None:
    feed = tmp_path / "shop.csv"
    feed.write_text(FEED)
    server = serve(WANDSTORE_CATALOG=str(feed), WANDSTORE_HOUSE_PACE="0")
    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
    with socket.create_connection(("127.0.0.1", server.port)) as garbage:
        garbage.sendall(b"\0\0 nonsense\r\n\r\n")
        garbage.recv(1024)
    server.kill(signal.SIGTERM)
    lines = [json.loads(line) for line in server.log.split("\n")[:-1]]
    assert all({"time", "level", "logger"} <= line.keys() for line in lines)
    writers = {"wandstore", "wandstore.pages", "uvicorn.error"}
    assert {line["logger"] for line in lines} == writers
    assert "shop, line 3" in lines[0]["message"]
    assert [line["status"] for line in lines if line.get("event") == "page"] == ["success"]
