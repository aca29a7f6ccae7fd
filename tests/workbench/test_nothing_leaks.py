"""Who may use the workbench, what it writes where, and what it never shows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.workbench.access import Guard
from app.workbench.safe_write import NotWritten, place, write
from tests.conftest import StartServer
from tests.support.fake_model import KEY, component
from tests.support.in_process import InProcessServer
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import ROOT
from tools.support.workbench import Desk, a_desk

SAMPLE = {"component": "cta", "name": "kept", "config": component("cta")["config"]}
PATHS = (
    "",
    "/",
    "/components/hero",
    "/frame/hero",
    "/pages",
    "/pages/product-page",
    "/frame/product-page",
    "/news",
    "/static/bench.js",
    "/play",
    "/states",
)


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    return shared_desk


@pytest.mark.parametrize("design", ["", "0", "true", "yes"])
def test_there_is_no_workbench_outside_development(serve: StartServer, design: str) -> None:
    server = serve(WANDSTORE_DESIGN=design)
    missing = http.get(f"{server.url}/nothing-here")
    for path in PATHS:
        for headers in ({}, {"Host": "localhost"}, {"X-Workbench-Token": "1"}):
            answer = http.get(f"{server.url}/design{path}", headers=headers)
            assert answer.status_code == 404
            assert answer.text == missing.text
    assert http.post(f"{server.url}/design/samples", json=SAMPLE).status_code in (404, 405)


@pytest.mark.process
def test_nothing_of_the_workbench_is_loaded_where_it_is_off(serve: StartServer) -> None:
    server = serve(WANDSTORE_DESIGN="")
    http.get(f"{server.url}/store")
    mapped = Path(f"/proc/{server.pid}/maps")
    eventually(lambda: "pydantic_core" in mapped.read_text())
    assert "watchfiles" not in mapped.read_text()


@pytest.mark.process
def test_where_its_libraries_are_missing_the_start_says_so_in_one_line(tmp_path: Path) -> None:
    started = "import sys; sys.modules['watchfiles'] = None; import os; from app.server import main; main(os.environ)"
    ended = subprocess.run(
        [sys.executable, "-c", started],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "WANDSTORE_DESIGN": "1", "WANDSTORE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr == (
        "wandstore cannot start: WANDSTORE_DESIGN needs watchfiles: install wandstore[design]\n"
    )


@pytest.mark.parametrize(
    "host",
    ["shop.example", "localhost.shop.example", "127.0.0.1.shop.example", "10.0.0.1", "[::2]"],
)
def test_a_host_that_is_not_this_machine_is_refused(desk: Desk, host: str) -> None:
    port = desk.server.port
    for path in ("/", "/components/hero", "/states"):
        assert desk.get(path, Host=f"{host}:{port}").status_code == 403
    assert desk.get("/states", Host=f"localhost:{port}").status_code == 200


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "CF-Connecting-IP", "X-Real-IP", "Via"],
)  # fmt: skip
def test_what_was_forwarded_from_elsewhere_is_refused(desk: Desk, name: str) -> None:
    assert desk.get("/states", **{name: "127.0.0.1"}).status_code == 403
    trace = f"{desk.server.url}/debug/pages/any"
    allowed = {"Cookie": desk.server.workbench_cookie}
    assert http.get(trace, headers={**allowed, name: "127.0.0.1"}).status_code == 403
    assert http.get(trace, headers=allowed).status_code == 404


def test_the_address_that_is_printed_gives_the_key_and_nothing_else_does(desk: Desk) -> None:
    key = desk.server.workbench_cookie.partition("=")[2]
    with http.Client(base_url=desk.url) as browser:
        for path in ("/", "/states", "/?key=", f"/?key={key[:-1]}", f"/?key={key}%ff"):
            assert browser.get(path).status_code == 403
        opened = browser.get(f"/pages?key={key}")
        assert opened.status_code == 303
        assert opened.headers["location"] == "/design/pages"
        assert "HttpOnly; SameSite=Lax" in opened.headers["set-cookie"]
        assert browser.get("/pages").status_code == 200
        forged = {"Cookie": f"workbench_{desk.server.port}={key[:-1]}"}
        assert http.get(f"{desk.url}/pages", headers=forged).status_code == 403
    assert key not in desk.server.log


@pytest.mark.anyio
@pytest.mark.parametrize(
    "client", [("192.168.1.7", 4000), ("10.0.0.1", 1), ("not an address", 1), None]
)
async def test_another_machine_is_refused(client: tuple[str, int] | None) -> None:
    sent: list[Any] = []

    async def inner(*_: Any) -> None:
        raise AssertionError("let through")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "client": client,
        "headers": [(b"host", b"localhost")],
    }
    await Guard(inner, "key")(scope, None, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 403


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Origin": "http://shop.example"}, "Origin"),
        ({"Origin": "null"}, "Origin"),
        ({"Origin": "http://localhost"}, "Origin"),
        ({"Origin": ""}, "Origin"),
        ({"Sec_Fetch_Site": "cross-site"}, "another site"),
        ({"Sec_Fetch_Site": "same-site"}, "another site"),
        ({"Sec_Fetch_Site": "none"}, "another site"),
        ({"X_Workbench_Token": "guessed"}, "token"),
        ({"X_Workbench_Token": ""}, "token"),
    ],
)
def test_only_our_own_pages_can_make_it_write(
    desk: Desk, headers: dict[str, str], why: str
) -> None:
    before = desk.text("components/cta.samples.json")
    answer = desk.post("/samples", SAMPLE, **headers)
    assert answer.status_code == 403
    assert why in answer.text
    assert desk.text("components/cta.samples.json") == before


def test_a_page_elsewhere_cannot_frame_it_nor_run_its_scripts(desk: Desk) -> None:
    for kind in ("iframe", "script"):
        told = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": kind}
        assert desk.get("/", **told).status_code == 403
    policy = desk.get("/").headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    shop = http.get(f"{desk.server.url}/store").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in shop
    assert "frame-src" not in shop


@pytest.mark.parametrize(
    "told",
    [
        {**SAMPLE, "name": "../../elsewhere"},
        {**SAMPLE, "name": "a b"},
        {**SAMPLE, "component": "../prompts/house"},
        {**SAMPLE, "config": {"headline": "<script>"}},
        {**SAMPLE, "config": "text"},
        ["no object"],
    ],
)
def test_a_sample_that_makes_no_sense_is_refused(desk: Desk, told: Any) -> None:
    before = {path: path.read_bytes() for path in desk.root.rglob("*") if path.is_file()}
    assert desk.post("/samples", told).status_code == 400
    after = {path: path.read_bytes() for path in desk.root.rglob("*") if path.is_file()}
    assert {path for path in before if after.get(path) != before[path]} == set()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/static/{'a' * 300}.css", 404),
        ('/drawing/cta?props={"headline":"\\ud800"}', 200),
        ('/components/cta?props={"headline":"\\ud800"}', 200),
        ('/frame/cta?props={"headline":"\\ud800"}', 200),
        (f"/drawing/cta?props={'[' * 4_000}", 200),
    ],
)
def test_whatever_an_address_says_has_an_answer(desk: Desk, path: str, status: int) -> None:
    assert desk.get(path).status_code == status


def test_too_much_is_refused(desk: Desk) -> None:
    assert desk.post("/samples", {"name": "x" * 300_000}).status_code == 400


@pytest.mark.parametrize(
    "path",
    ["/static/..%2fguard.py", "/static/%2e%2e/guard.py", "/static/bench.css/../../guard.py", "/pictures/taken/..%2f..%2fsession.secret", "/pictures/accepted/..%2fhero.py", "/styles/..%2f..%2fprompts%2fhouse", "/markup/..%2fhero", "/runs/..%2f..%2fkept/kept"],
)  # fmt: skip
def test_a_path_that_climbs_leads_nowhere(desk: Desk, path: str) -> None:
    with socket.create_connection(("127.0.0.1", desk.server.port), timeout=60) as connection:
        connection.sendall(
            f"GET /design{path} HTTP/1.1\r\nHost: localhost:{desk.server.port}\r\n"
            f"Cookie: {desk.server.workbench_cookie}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert "import" not in answer
    assert "secret" not in answer.lower()


@pytest.mark.parametrize(
    "name",
    ["app/main.py", "components/../app/main.py", "/etc/passwd", "components/.hidden.json", "components", "components/x.sh", "tests/architecture/test_shape.py", "prompts/a/../../x.md", "components//x.json", "tests/recordings/../x.txt", "components/link/x.json", "components/linked.json"],
)  # fmt: skip
def test_nothing_is_written_elsewhere_or_through_a_link(tmp_path: Path, name: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "components").mkdir(parents=True)
    outside.mkdir()
    (root / "components" / "link").symlink_to(outside)
    (root / "components" / "linked.json").symlink_to(outside / "x.json")
    with pytest.raises(NotWritten):
        place(root, name)
    with pytest.raises(NotWritten):
        write(root, name, b"{}")
    assert list(outside.iterdir()) == []


def test_a_write_is_whole_or_not_at_all(tmp_path: Path) -> None:
    write(tmp_path, "components/hero.css", b"one")
    write(tmp_path, "components/hero.css", b"two")
    assert (tmp_path / "components" / "hero.css").read_bytes() == b"two"
    with pytest.raises(NotWritten, match="already"):
        write(tmp_path, "components/hero.css", b"three", fresh=True)
    assert [path.name for path in (tmp_path / "components").iterdir()] == ["hero.css"]


def test_a_link_in_the_folders_is_not_read_either(tmp_path: Path) -> None:
    with a_desk(tmp_path, InProcessServer) as desk:
        (tmp_path / "private.css").write_text(".cta { content: 'private'; }")
        with desk.saves() as news:
            (desk.root / "components" / "leak.css").symlink_to(tmp_path / "private.css")
            desk.edit("components/cta.jinja", "</h2>", "!</h2>")
            next(news)
        assert "private" not in desk.get("/styles.css").text
        assert "private" not in desk.get("/styles/leak").text


def test_no_key_is_ever_shown(tmp_path: Path) -> None:
    environment = {
        "KIMI_API_KEY": KEY,
        "CLAUDE_API_KEY": KEY,
        "KIMI_BASE_URL": "http://127.0.0.1:9/v1",
        "SESSION_SECRET": "a-secret-that-nobody-may-see",
    }
    with a_desk(tmp_path, InProcessServer, **environment) as desk:
        pages = [
            desk.get(path).text
            for path in (
                "/",
                "/pages",
                "/play",
                "/compose",
                "/checks",
                "/components/hero",
                "/states",
            )
        ]
        pages.append(desk.post("/brief", {"persona": "collector"}).text)
        run = desk.post("/runs", {"source": "kimi"}).json()["run"]
        pages.append(desk.get(f"/runs/{run}/news").text)
        assert "kimi" in pages[2]
        assert [
            at for at, text in enumerate(pages) if KEY in text or "nobody-may-see" in text
        ] == []
        assert KEY not in desk.server.log


def test_what_a_model_or_a_sample_writes_is_never_markup_here(desk: Desk) -> None:
    config = {**component("cta")["config"], "headline": "<img src=x onerror=alert(1)>"}
    told = httpx.QueryParams({"props": json.dumps(config)})
    for kind in ("components", "frame"):
        html = desk.get(f"/{kind}/cta?{told}").text
        assert "<img src=x" not in html
        assert "&lt;img src=x" in html
