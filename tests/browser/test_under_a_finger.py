"""Nothing changes under a finger: real pointer, touch and wheel while components arrive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, CDPSession

from tests.support.fake_llm import Scenario
from tests.support.fake_model import SLOTS, Model, answer, component, ends_of_components
from tests.support.waiting import eventually
from tools.support.browser import Watched, watched
from tools.support.server import Server

Gesture = Literal["mouse", "touch", "pen"]

READ_AFTER = 500  # milliseconds in view: `readAfter` of stream.js
SETTLE_AFTER = 200  # milliseconds since the last scroll: `settleAfter`
UNTOUCHED = 300  # milliseconds: the animation of that name in shop.css

# Every click with the link under it, every layout shift although there was input, and
# which slots were swapped in view, with the milliseconds since the page was scrolled.
_RECORD = """
window.clicks = []; window.moved = []; window.seenSwaps = [];
let scrolledAt = -Infinity;
for (const view of [window, visualViewport])
  view.addEventListener("scroll", () => { scrolledAt = performance.now(); }, true);
const link = ({ target }) => target.closest?.("a")?.getAttribute("href") ?? null;
addEventListener("click", (event) => {
  window.clicks.push(link(event));
  if (link(event)) event.preventDefault();
}, true);
new PerformanceObserver((list) => window.moved.push(...list.getEntries().map((entry) => entry.value)))
  .observe({ type: "layout-shift", buffered: true });
document.addEventListener("DOMContentLoaded", () => new MutationObserver((records) => {
  for (const { target } of records) {
    const { top, bottom } = target.getBoundingClientRect();
    const still = Math.min(performance.now() - scrolledAt, 1e6);
    if (top < innerHeight && bottom > 0) window.seenSwaps.push([target.dataset.slot, still]);
  }
}).observe(document, { subtree: true, attributeFilter: ["data-filled-by"] }));
"""


# Presses what has come into view only now, and then points elsewhere.
_PRESSED_ONCE_SEEN = """async (slot) => {
  const place = document.querySelector(`[data-slot=${slot}]`);
  place.scrollIntoView({ block: "center", behavior: "instant" });
  await new Promise((seen) => new IntersectionObserver(
    ([{ isIntersecting }]) => isIntersecting && seen()).observe(place));
  place.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, clientX: 9, clientY: 9 }));
  document.body.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, clientX: 9, clientY: 9 }));
}"""


class Shopper:
    """A hand at the page, and the model that is told when to write the next component."""

    def __init__(self, seen: Watched, model: Model, gesture: Gesture) -> None:
        self.page = seen.page
        self.seen = seen
        self._model = model
        self._gesture = gesture
        self._cdp: CDPSession = seen.page.context.new_cdp_session(seen.page)
        self._written = 0

    def next_component(self) -> str:
        """Have the next component written, and wait until the page has taken it in."""
        slot = SLOTS[self._written]
        self._written += 1
        self._model.reached(self._written)
        self._model.release()
        place = f"[data-slot={slot}]"
        self.page.wait_for_selector(f"{place}[data-filled-by={slot}], {place}:has(.offer)")
        return slot

    def read(self) -> None:
        """Look for a while, and move."""
        self.page.wait_for_timeout(READ_AFTER + 200)
        self.page.mouse.move(3, 3)
        self.page.mouse.move(4, 4)

    def point(self, x: float, y: float) -> None:
        """Move the mouse; a finger is nowhere before it touches."""
        self._at = {"x": x, "y": y}
        if self._gesture == "mouse":
            self.page.mouse.move(x, y, steps=3)
        elif self._gesture == "pen":
            self._pen("mouseMoved")

    def press(self, x: float, y: float) -> None:
        self._at = {"x": x, "y": y}
        if self._gesture == "mouse":
            self.page.mouse.down()
        elif self._gesture == "pen":
            self._pen("mousePressed")
        else:
            self._touch("touchStart", [self._at])

    def release(self) -> None:
        if self._gesture == "mouse":
            self.page.mouse.up()
        elif self._gesture == "pen":
            self._pen("mouseReleased")
        else:
            self._touch("touchEnd", [])

    def spread(self, pixels: int) -> None:
        """Move two fingers apart, or together where it is less than nothing."""
        apart = max(60, 60 - pixels)
        for step in range(12):
            half = (apart + pixels * step / 11) / 2
            points: list[dict[str, float]] = [
                {"x": 180, "y": 400 + way * half, "id": at} for at, way in enumerate((-1, 1))
            ]
            self._touch("touchMove" if step else "touchStart", points)
        self._touch("touchEnd", [])

    def tap(self, x: float, y: float) -> None:
        self.press(x, y)
        self.release()

    def scroll(self, pixels: int) -> None:
        """Scroll down by wheel or finger, in many steps."""
        gesture: dict[str, object] = {"x": 180, "y": 400, "yDistance": -pixels, "speed": 1600}
        gesture["gestureSourceType"] = self._gesture
        self._cdp.send("Input.synthesizeScrollGesture", gesture)

    def slow_down(self, times: int) -> None:
        """Have animations take so many times as long."""
        self._cdp.send("Animation.enable")
        self._cdp.send("Animation.setPlaybackRate", {"playbackRate": 1 / times})

    def recorded(self, name: str) -> list[Any]:
        found: list[Any] = self.page.evaluate(f"window.{name}")
        return found

    def fillers(self) -> dict[str, str]:
        return {slot: filler for slot, (filler, _) in self.seen.slots().items()}

    def centre_of(self, selector: str) -> tuple[float, float]:
        box = self.page.locator(selector).first.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def link_at(self, x: float, y: float) -> str | None:
        found: str | None = self.page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y)?.closest('a')?.getAttribute('href') ?? null",
            [x, y],
        )
        return found

    def _touch(self, kind: str, points: list[dict[str, float]]) -> None:
        self._cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def _pen(self, kind: str) -> None:
        pen = {"type": kind, "pointerType": "pen", "button": "left", "clickCount": 1}
        self._cdp.send("Input.dispatchMouseEvent", pen | self._at)


@contextmanager
def shopping(
    browser: Browser, server: Server, model: Model, width: int, gesture: Gesture = "mouse"
) -> Iterator[Shopper]:
    """Open the shop, its components held back one by one."""
    text = answer()
    model.play(Scenario(text, hold_after=(0, *ends_of_components(text)[:-1])))
    with opened(browser, server, model, width, gesture) as shopper:
        yield shopper


@contextmanager
def opened(
    browser: Browser,
    server: Server,
    model: Model,
    width: int,
    gesture: Gesture,
    *,
    zooms: bool = False,
) -> Iterator[Shopper]:
    """Open the shop with whatever the model plays; a phone zooms."""
    with watched(browser, width, has_touch=gesture == "touch", is_mobile=zooms) as seen:
        seen.page.add_init_script(_RECORD)
        seen.page.goto(f"{server.url}/store", wait_until="load")
        yield Shopper(seen, model, gesture)
        assert seen.console == []
        assert seen.violations() == []


@pytest.mark.parametrize(
    ("width", "gesture", "moment"),
    [
        *((1280, "mouse", moment) for moment in ("before", "aimed", "pressed", "released")),
        *((360, "touch", moment) for moment in ("before", "pressed", "released")),
        *((1280, "pen", moment) for moment in ("aimed", "pressed")),
        (1280, "touch", "pressed"),
    ],
)
def test_a_click_goes_to_what_it_was_begun_on(
    browser: Browser,
    composed_by_model: Server,
    model: Model,
    width: int,
    gesture: Gesture,
    moment: str,
) -> None:
    with shopping(browser, composed_by_model, model, width, gesture) as shopper:
        if moment == "before":
            shopper.next_component()
            shopper.page.wait_for_timeout(UNTOUCHED + 100)
        if moment == "aimed":
            shopper.read()
        x, y = shopper.centre_of("[data-slot=hero] .frame")
        shopper.point(x, y)
        aimed = shopper.link_at(x, y)
        assert aimed is not None
        if moment == "aimed":
            shopper.next_component()
        shopper.press(x, y)
        if moment == "pressed":
            shopper.next_component()
        shopper.release()
        if moment == "released":
            shopper.next_component()
        eventually(lambda: shopper.recorded("clicks"))
        assert shopper.recorded("clicks") == [aimed]
        assert shopper.recorded("moved") == []


@pytest.mark.parametrize("gesture", ["mouse", "touch"])
def test_a_draft_that_is_pressed_stays_when_its_correction_comes(
    browser: Browser, composed_by_model: Server, model: Model, gesture: Gesture
) -> None:
    draft = answer(component("hero", product_id=component("grid")["config"]["product_ids"][0]))
    model.play(Scenario(draft + answer(), hold_after=(0, len(draft))))
    with opened(browser, composed_by_model, model, 360, gesture) as shopper:
        shopper.next_component()
        shopper.page.wait_for_timeout(UNTOUCHED + 100)
        x, y = shopper.centre_of("[data-slot=hero] .frame")
        shopper.point(x, y)
        aimed = shopper.link_at(x, y)
        shopper.press(x, y)
        model.reached(2)
        model.release()
        shopper.seen.wait_until_done()
        shopper.release()
        eventually(lambda: shopper.recorded("clicks"))
        assert shopper.recorded("clicks") == [aimed]
        assert shopper.recorded("moved") == []
        shopper.page.locator("[data-slot=hero] > .offer").wait_for()
        shopper.page.reload()
        assert shopper.page.locator("[data-slot=hero] .frame").first.is_visible()
        corrected = shopper.page.locator("[data-slot=hero] a").first.get_attribute("href")
        assert corrected != aimed, "the stored page has the correction"


def test_a_finger_that_was_on_its_way_when_something_came_does_nothing(
    browser: Browser, composed_by_model: Server, model: Model
) -> None:
    with shopping(browser, composed_by_model, model, 360, "touch") as shopper:
        shopper.slow_down(20)
        x, y = shopper.centre_of("[data-slot=hero] .frame")
        before = shopper.link_at(x, y)
        shopper.next_component()
        shopper.tap(x, y)
        shopper.slow_down(1)
        shopper.page.wait_for_timeout(UNTOUCHED + 100)
        after = shopper.link_at(x, y)
        shopper.tap(x, y)
        eventually(lambda: len(shopper.recorded("clicks")) == 2)
        assert shopper.recorded("clicks") == [None, after]
        assert None not in (before, after)
        assert before != after


@pytest.mark.parametrize(("width", "gesture"), [(360, "touch"), (1280, "mouse")])
def test_what_comes_while_one_scrolls_waits_where_it_could_be_seen(
    browser: Browser, composed_by_model: Server, model: Model, width: int, gesture: Gesture
) -> None:
    model.play(Scenario(answer(), first_delay=0.5, deltas_per_second=150))
    with opened(browser, composed_by_model, model, width, gesture) as shopper:
        shopper.page.mouse.move(width / 2, 400)
        for pixels in (1200, -600, 2400, -4000):
            shopper.scroll(pixels)
        shopper.seen.wait_until_done()
        shopper.page.wait_for_timeout(SETTLE_AFTER + 300)
        assert all(still >= SETTLE_AFTER for _, still in shopper.recorded("seenSwaps"))
        assert shopper.recorded("moved") == []
        filled = [slot for slot, filler in shopper.fillers().items() if filler == slot]
        offered = shopper.page.locator("[data-slot]:has(> .offer)")
        assert len(filled) + offered.count() == len(SLOTS)
        assert filled


def test_what_is_read_or_was_pressed_stays_and_offers_what_came_until_it_is_out_of_view(
    browser: Browser, composed_by_model: Server, model: Model
) -> None:
    with shopping(browser, composed_by_model, model, 360) as shopper:
        shopper.read()
        before = shopper.seen.slots()["hero"][1]
        shopper.next_component()
        filler, html = shopper.seen.slots()["hero"]
        assert filler == "fallback"
        assert html.startswith(before)
        for _ in range(8):
            shopper.page.mouse.wheel(0, 300)
            shopper.page.wait_for_timeout(50)
        shopper.page.wait_for_selector("[data-slot=hero][data-filled-by=hero]", state="attached")
        assert shopper.page.locator(".offer").count() == 0
        assert shopper.recorded("seenSwaps") == []
        assert shopper.recorded("moved") == []
        shopper.page.evaluate(_PRESSED_ONCE_SEEN, "filters")
        shopper.next_component()
        assert shopper.fillers()["filters"] == "fallback"


@pytest.mark.parametrize("way", ["mouse", "keyboard", "touch"])
def test_an_offer_brings_what_came_but_to_no_press_that_was_on_its_way(
    browser: Browser, composed_by_model: Server, model: Model, way: str
) -> None:
    gesture: Gesture = "touch" if way == "touch" else "mouse"
    with shopping(browser, composed_by_model, model, 1280, gesture) as shopper:
        shopper.read()
        shopper.slow_down(20)
        shopper.next_component()
        shopper.point(*(place := shopper.centre_of("[data-slot=hero] .offer")))
        shopper.tap(*place)
        eventually(lambda: shopper.recorded("clicks"))
        assert shopper.fillers()["hero"] == "fallback"
        shopper.slow_down(1)
        offer = shopper.page.get_by_role("button", name="Arranged for you")
        if way == "keyboard":
            shopper.page.locator("[data-slot=hero] .button").focus()
            shopper.page.keyboard.press("Tab")
            assert offer.evaluate("button => button === document.activeElement")
            shopper.page.keyboard.press("Enter")
        else:
            offer.tap() if way == "touch" else offer.click()
        shopper.page.wait_for_selector("[data-slot=hero][data-filled-by=hero]")
        assert offer.count() == 0
        shopper.page.wait_for_timeout(100)
        assert shopper.recorded("moved") == []
        assert (
            shopper.page.evaluate("document.activeElement.closest('[data-slot]')?.dataset.slot")
            == "hero"
        )


def test_an_offer_takes_no_room_and_covers_nothing(
    browser: Browser, composed_by_model: Server, model: Model
) -> None:
    places = """() => [...document.querySelectorAll('[data-slot] *:not(.offer, .offer *)')]
        .map((element) => JSON.stringify(element.getBoundingClientRect()))"""
    covered = """() => [...document.querySelectorAll('.offer')].filter((offer) => {
        const [mine, slot] = [offer, offer.parentElement].map((box) => box.getBoundingClientRect());
        const content = offer.parentElement.firstElementChild.parentElement.children;
        const under = [...content].filter((child) => child !== offer)
            .some((child) => child.getBoundingClientRect().bottom > mine.top);
        return under || mine.bottom > slot.bottom || mine.height < 24;
    }).length"""
    with shopping(browser, composed_by_model, model, 360) as shopper:
        page = shopper.page
        before = {}
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 6000})
            before[width] = page.evaluate(places)
        shopper.read()
        for _ in SLOTS:
            shopper.next_component()
        assert page.locator(".offer").count() == len(SLOTS)
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 6000})
            assert page.evaluate(places) == before[width]
            assert page.evaluate(covered) == 0


def test_what_is_typed_in_stays_and_an_offer_that_is_taken_keeps_the_text(
    browser: Browser, composed_by_model: Server, model: Model
) -> None:
    with shopping(browser, composed_by_model, model, 360) as shopper:
        page = shopper.page
        page.click("#filters-q")
        page.keyboard.type("a warm lamp")
        page.evaluate("document.activeElement.setSelectionRange(2, 6)")
        for _ in SLOTS:
            shopper.next_component()
        assert shopper.fillers()["filters"] == "fallback"
        page.keyboard.type("X")
        assert page.evaluate("document.activeElement.value") == "a X lamp"
        page.locator("[data-slot=filters] .offer").click()
        page.wait_for_selector("[data-slot=filters][data-filled-by=filters]")
        assert page.input_value("#filters-q") == "a X lamp"


def test_what_is_selected_stays_even_out_of_view(
    browser: Browser, composed_by_model: Server, model: Model
) -> None:
    with shopping(browser, composed_by_model, model, 360) as shopper:
        selected = shopper.page.evaluate(
            """() => {
              getSelection().selectAllChildren(document.querySelector("[data-slot=hero] :is(h1, h2)"));
              return String(getSelection());
            }"""
        )
        for _ in SLOTS:
            shopper.next_component()
        shopper.scroll(1600)
        shopper.page.wait_for_timeout(SETTLE_AFTER + 200)
        assert shopper.page.evaluate("String(getSelection())") == selected != ""
        assert shopper.fillers()["hero"] == "fallback"
        shopper.page.evaluate("getSelection().empty()")
        shopper.scroll(200)
        shopper.page.wait_for_selector("[data-slot=hero][data-filled-by=hero]", state="attached")


def test_while_one_pinches_and_pans_nothing_in_sight_is_swapped(
    browser: Browser, composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,), deltas_per_second=150))
    with opened(browser, composed_by_model, model, 360, "touch", zooms=True) as shopper:
        model.reached(1)
        shopper.spread(300)
        model.release()
        while shopper.page.evaluate("document.querySelector('main[data-stream]') !== null"):
            for pixels in (-500, 300, -200, 300):
                shopper.spread(pixels)
        assert shopper.page.evaluate("visualViewport.scale") > 1
        assert all(still >= SETTLE_AFTER for _, still in shopper.recorded("seenSwaps"))
        assert shopper.recorded("moved") == []


@pytest.mark.parametrize("slot", ["hero", "recommendations"])
def test_only_what_is_below_the_screen_may_grow(
    browser: Browser, composed_by_model: Server, model: Model, slot: str
) -> None:
    with shopping(browser, composed_by_model, model, 360) as shopper:
        fallback = shopper.page.get_attribute(f"[data-slot={slot}] a", "href")
        shopper.page.evaluate(
            """(css) => {
              document.adoptedStyleSheets = [new CSSStyleSheet()];
              document.adoptedStyleSheets[0].replaceSync(css);
            }""",
            f"[data-slot={slot}]:not(:has([href='{fallback}']))::after "
            "{ content: ''; display: block; block-size: 300px }",
        )
        for _ in SLOTS:
            shopper.next_component()
        shopper.page.wait_for_timeout(100)
        in_view = slot == "hero"
        assert shopper.fillers()[slot] == ("fallback" if in_view else slot)
        assert shopper.page.locator(f"[data-slot={slot}] > .offer").count() == in_view
        assert shopper.recorded("moved") == []
