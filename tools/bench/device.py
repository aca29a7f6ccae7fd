"""What a shopper's device does: Chromium four times slower, on a slow line.

The page as a shell, streamed and kept; the streamed one beside the same page by the AI SDK and
React, where `make bench-peers` has installed them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tools.bench import measure, shoppers
from tools.bench.measure import Row
from tools.bench.peers import sides
from tools.support.browser import launch
from tools.support.server import Server

_RATE = 100.0
_SILENT = 0.5
_SLOWDOWN = 4
_LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
"""Milliseconds and bytes a second: the slow 4G that Lighthouse measures with."""

_MOST_TO_PAINT = 50
_LOADS = 5
_SETTLED = 2_000
_PATIENCE = 60_000

_WATCH = """(() => {
  const seen = (window.seen = { arrived: {}, painted: {}, blocked: 0, largest: 0 });
  const stamps = (text) => text.match(/zq[a-j]{15}/g) ?? [];
  const note = (text) => {
    for (const stamp of stamps(text)) seen.arrived[stamp] ??= performance.now();
  };
  const Decoder = TextDecoderStream;
  window.TextDecoderStream = class {
    constructor() {
      const decoder = new Decoder();
      const transform = (text, to) => (note(text), to.enqueue(text));
      this.writable = decoder.writable;
      this.readable = decoder.readable.pipeThrough(new TransformStream({ transform }));
    }
  };
  const observe = (type, see) =>
    new PerformanceObserver((list) => list.getEntries().forEach(see))
      .observe({ type, buffered: true });
  observe("longtask", ({ duration }) => (seen.blocked += Math.max(0, duration - 50)));
  observe("largest-contentful-paint", ({ startTime }) => (seen.largest = startTime));
  new MutationObserver((records) => {
    const fresh = [];
    for (const node of records.flatMap(({ addedNodes }) => [...addedNodes])) {
      if (!node.textContent.includes("zq")) continue;
      note(node.textContent);
      const element = node.nodeType === 1 ? node : node.parentElement;
      if (!element?.isConnected || element.closest("[hidden]")) continue;
      for (const stamp of stamps(node.textContent)) {
        if (stamp in seen.painted) continue;
        seen.painted[stamp] = 0;
        fresh.push(stamp);
      }
    }
    if (fresh.length) requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => fresh.forEach((stamp) => (seen.painted[stamp] = performance.now()));
      port2.postMessage(0);
    });
  }).observe(document, { subtree: true, childList: true });
})();"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Of one page: ms to the first and largest paint, ms blocked, ms from event to paint, kB.

    `cookies` are those of who comes back.
    """

    first: float
    largest: float
    blocked: float
    to_paint: list[float]
    loaded: float
    cookies: Any


def run(folder: Path) -> Iterator[Row]:
    """Open each kind of page in a browser that knows nothing of it, a streamed one some times."""
    ours, theirs = list[Seen](), list[Seen]()
    with sync_playwright() as playwright:
        browser = launch(playwright)
        with measure.model(_SILENT) as model_url, _shop(folder / "shell", model_url) as server:
            yield from _rows("shell", [_look(browser, server.url)])
        with measure.model(_RATE) as model_url:
            for at in range(_LOADS):  # each in a shop of its own, in which nothing is decided
                with _shop(folder / f"device-{at}", model_url) as server:
                    ours.append(_look(browser, server.url, ends="main:not([data-stream])"))
                    kept = _look(browser, server.url, ours[-1].cookies)
                    if not sides.INSTALLED.exists():
                        continue
                    with sides.react(model_url, folder, server.url) as (url, _):
                        theirs.append(_look(browser, url))
        how = "streamed; baseline: AI SDK, React"
        yield from _rows(how, ours, theirs)
        late, limit = _late(ours), f"at most {_MOST_TO_PAINT} ms"
        name = f"device, event to paint, 95th percentile, {how}"
        baseline = _late(theirs) if theirs else None
        yield Row(name, late, "ms", baseline, limit, late <= _MOST_TO_PAINT)
        yield from _rows("kept", [kept])
        browser.close()


def _shop(data: Path, model_url: str) -> AbstractContextManager[Server]:
    asking = {"KIMI_BASE_URL": model_url, "KIMI_API_KEY": "bench", **shoppers.NO_LIMITS}
    return measure.shop(data, asking)


def _look(browser: Browser, url: str, cookies: Any = None, ends: str = "main") -> Seen:
    """Open the page and let it come to its end; return what the device did meanwhile."""
    viewport: ViewportSize = {"width": 390, "height": 844}
    context = browser.new_context(viewport=viewport, storage_state=cookies)
    page = context.new_page()
    page.add_init_script(_WATCH)
    tools = context.new_cdp_session(page)
    loaded: list[float] = []
    tools.on("Network.dataReceived", lambda it: loaded.append(it["encodedDataLength"]))
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", _LINE)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWDOWN})
    page.goto(f"{url}/store", wait_until="load", timeout=_PATIENCE)
    page.wait_for_selector(ends, timeout=_PATIENCE)
    page.wait_for_timeout(_SETTLED)
    seen: dict[str, Any] = page.evaluate("window.seen")
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    state = context.storage_state()
    context.close()
    arrived, painted = seen["arrived"], seen["painted"]
    to_paint = [at - arrived[stamp] for stamp, at in painted.items() if at]
    return Seen(first, seen["largest"], seen["blocked"], to_paint, sum(loaded) / 1000, state)


def _rows(how: str, ours: Sequence[Seen], theirs: Sequence[Seen] = ()) -> Iterator[Row]:
    for name, unit in (("first", "ms"), ("largest", "ms"), ("blocked", "ms"), ("loaded", "kB")):
        label = f"{name} paint" if name in ("first", "largest") else name
        baseline = median(getattr(seen, name) for seen in theirs) if theirs else None
        value = median(getattr(seen, name) for seen in ours)
        yield Row(f"device, {label}, {how}", value, unit, baseline)


def _late(looks: Sequence[Seen]) -> float:
    waits = [wait for seen in looks for wait in seen.to_paint]
    return quantiles(waits, n=20, method="inclusive")[-1]
