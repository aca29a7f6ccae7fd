"""The shop's own pages in the workbench: in every state, redrawn as they are saved, and checked."""

from __future__ import annotations

import re
from html import unescape

from playwright.sync_api import Page

from tests.workbench.test_checks import IMAGE, assert_told, break_files, check
from tests.workbench.test_gallery import a_window_beside, frame_in_gallery, frame_of
from tools.support import http
from tools.support.browser import Watched
from tools.support.workbench import Desk, until

PRODUCT = "components/pages/product.jinja"
MESSAGE = "components/pages/message.jinja"
PAGES = (
    *("store-page", "listing-page", "categories-page", "product-page"),
    *("basket-page", "checkout-page", "message-page"),
)

LOOKED_AT = [
    ("store-page", "shell", "document.querySelectorAll('[data-filled-by=fallback]:not(:empty)').length === 5"),
    ("store-page", "shell", "document.querySelector('.arranging') !== null"),
    ("store-page", "finished", "document.querySelector('[data-filled-by=fallback], .arranging') === null"),
    ("store-page", "all-sold-out", "document.querySelectorAll('.hero-out, .card-out, .cta-out, .chip-out').length === 22"),
    ("listing-page", "one-category", "document.querySelector('h1').textContent === 'Lamps'"),
    ("listing-page", "last-page", "document.querySelector('[rel=prev]') !== null"),
    ("listing-page", "filtered", "document.querySelectorAll('.chosen a').length === 3"),
    ("listing-page", "nothing-filtered", "document.querySelectorAll('.nothing li a').length > 1"),
    ("listing-page", "near-miss", "document.querySelector('.count').textContent.includes('the nearest we have')"),
    ("listing-page", "nothing-found", "document.querySelector('.nothing') !== null"),
    ("listing-page", "nothing-in-category", "document.querySelector('.nothing a').textContent.startsWith('Without')"),
    ("categories-page", "all", "document.querySelectorAll('.all-categories li').length === 6"),
    ("product-page", "typical", "document.querySelector('.stock').textContent === 'In stock'"),
    ("product-page", "reduced", "document.querySelector('.product s, .product del') !== null"),
    ("product-page", "few-left", "document.querySelector('.stock-few').textContent === 'Only 2 left'"),
    ("product-page", "sold-out", "document.querySelector('.stock-out') !== null"),
    ("product-page", "variants", "document.querySelectorAll('.variant').length === 6 && document.querySelectorAll('.variant:disabled').length === 1"),
    ("product-page", "variants-sold-out", "document.querySelector('.variant:enabled, .buy') === null"),
    ("product-page", "no-picture", "document.querySelector('.product .frame-empty') !== null"),
    ("product-page", "long-texts", "document.querySelector('h1').textContent.length > 60"),
    ("basket-page", "filled", "document.querySelectorAll('.basket-line').length === 3 && document.querySelector('.basket-change') === null"),
    ("basket-page", "changed", "document.querySelectorAll('.basket-change').length === 6 && document.querySelectorAll('.basket-out').length === 4"),
    ("basket-page", "nothing-to-buy", "document.querySelectorAll('.basket-out').length === 2 && document.querySelector('.basket-total') === null"),
    ("basket-page", "empty", "document.querySelector('.basket-line') === null"),
    ("checkout-page", "demonstration", "document.querySelector('.handed').textContent.includes('Total')"),
    ("message-page", "not-found", "document.querySelector('h1').textContent === 'Not here any more'"),
    ("message-page", "went-wrong", "document.querySelector('h1').textContent === 'Something went wrong'"),
    ("message-page", "privacy", "document.querySelector('.message form button').textContent === 'Forget me'"),
]  # fmt: skip


def listening(page: Page) -> None:
    page.wait_for_selector("body[data-listening]")


def test_every_page_is_there_in_every_state(shared_desk: Desk) -> None:
    gallery = shared_desk.get("/pages").text.partition("<div data-gallery")[2]
    shown = []
    for section in gallery.split("<section ")[1:]:
        (kind,) = re.findall('data-kind="(.+?)"', section)
        shown += [[kind, state] for state in re.findall('data-state="(.+?)"', section)]
    states = [item for item in shared_desk.get("/states").json() if item["of"] == "pages"]
    assert shown == [[item["component"], item["state"]] for item in states]
    assert {name for name, _ in shown} == set(PAGES)
    assert 'href="/design/pages/product-page?state=sold-out"' in gallery


def test_a_product_page_is_the_shops(shared_desk: Desk) -> None:
    bodies = [
        page.text.partition("<body")[2].replace("\n", "")
        for page in (
            shared_desk.get("/frame/product-page?state=typical"),
            http.get(f"{shared_desk.server.url}/products/dusk-lamp"),
        )
    ]
    assert bodies[0] == bodies[1] != ""


def test_a_state_shows_what_it_is_called_fits_a_phone_and_neither_acts_nor_reloads(
    shared_desk: Desk, window: Watched, page: Page
) -> None:
    page.set_viewport_size({"width": 360, "height": 240})
    wrong = []
    for name, state, shown in LOOKED_AT:
        page.goto(f"{shared_desk.url}/frame/{name}?state={state}")
        is_shown, wide, acts = page.evaluate(
            f"""[{shown}, document.documentElement.scrollWidth,
                document.querySelectorAll("script, noscript, [http-equiv=refresh]").length]"""
        )
        page.evaluate("dispatchEvent(new Event('pagehide'))")
        if not is_shown or wide != 360 or acts:
            wrong.append((name, state, wide, acts))
    assert wrong == []
    assert not any("/signals" in url or "/stream" in url for url in window.requests)
    page.goto(f"{shared_desk.url}/frame/basket-page?state=changed&text=200")
    facts = page.locator(".basket-facts :is(h2, p)")
    assert facts.count() > 12
    widths = facts.evaluate_all("all => all.map(it => it.getBoundingClientRect().width)")
    assert min(widths) > 250, "words stay whole in letters twice as large"
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_what_is_chosen_and_where_the_focus_is_stand_out_in_any_colours(
    shared_desk: Desk, page: Page
) -> None:
    page.goto(f"{shared_desk.url}/frame/store-page?state=finished")
    page.locator(".cta .button").focus()
    ring, band = (
        page.evaluate(f"getComputedStyle(document.querySelector('{part}')).{color}")
        for part, color in ((".cta .button", "outlineColor"), (".cta", "backgroundColor"))
    )
    assert ring != band
    page.emulate_media(forced_colors="active")
    for state in ("listing-page?state=filtered", "product-page?state=variants"):
        page.goto(f"{shared_desk.url}/frame/{state}&motion=reduced")  # so that no colour fades
        page.evaluate("document.body.style.color = 'HighlightText'")
        colors = page.evaluate(
            """[document.body, ...document.querySelectorAll(
              "main :is([aria-current], [aria-current] *)")]
            .map((part) => getComputedStyle(part).color)"""
        )
        assert len(colors) > 2
        assert set(colors) == {colors[0]}, state


def test_every_state_there_is_has_been_looked_at(shared_desk: Desk) -> None:
    looked_at = {(name, state) for name, state, _ in LOOKED_AT}
    states = [item for item in shared_desk.get("/states").json() if item["of"] == "pages"]
    assert looked_at | {("listing-page", "everything")} == {
        (item["component"], item["state"]) for item in states
    }


def test_a_look_changes_the_page_and_the_address(shared_desk: Desk, page: Page) -> None:
    page.goto(f"{shared_desk.url}/pages/product-page?state=few-left")
    page.wait_for_selector("body[data-begun]")
    frame = frame_of(page, "iframe[data-width='768']")
    for name, value, measured in [
        ("theme", "dark", "getComputedStyle(document.documentElement).colorScheme.includes('dark')"),
        ("dir", "rtl", "getComputedStyle(document.body).direction === 'rtl'"),
        ("language", "ja", "document.documentElement.lang === 'ja' && document.body.innerText.includes('残り')"),
        ("text", "200", "getComputedStyle(document.documentElement).fontSize === '32px'"),
        ("catalog", "no-pictures", "document.querySelectorAll('.frame-empty').length === 7"),
    ]:  # fmt: skip
        page.select_option(f"[name={name}]", value)
        until(frame, measured)
    assert frame.query_selector(".stock-few")
    address = page.url.removeprefix(shared_desk.url)
    frames = re.findall('<iframe[^>]* src="([^"]+)"', shared_desk.get(address).text)
    assert len(frames) == 4
    page.goto(f"{shared_desk.server.url}{unescape(frames[0])}")
    assert page.query_selector(".stock-few")
    assert page.evaluate("document.querySelectorAll('.frame-empty').length") == 7
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"


def test_a_finished_page_is_arranged_for_the_persona(shared_desk: Desk) -> None:
    heads = []
    for persona in ("collector", "bargain_hunter"):
        page = shared_desk.get(f"/frame/store-page?state=finished&persona={persona}").text
        assert re.search(f'<html [^>]*data-persona="{persona}"', page)
        heads += re.findall('<h1 class="hero-headline.*?>(.+?)</h1>', page)
    assert len(set(heads)) == 2


def test_a_saved_page_is_redrawn_in_every_window_keeping_scroll_and_a_broken_one_is_not(
    desk: Desk, page: Page
) -> None:
    gallery = a_window_beside(page)
    gallery.goto(f"{desk.url}/pages")
    other = frame_in_gallery(gallery, "[data-state='sold-out']")
    listening(gallery)
    page.goto(f"{desk.url}/pages/product-page?state=sold-out")
    listening(page)
    frame = frame_of(page, "iframe[data-width='360']")
    frame.evaluate("window.before = 'the same document'")
    page.evaluate("scrollTo(0, 200)")
    desk.edit(PRODUCT, "Sold out", "All gone")
    frame.wait_for_selector(".stock-out:has-text('All gone')")
    assert frame.evaluate("window.before") == "the same document"
    assert page.evaluate("scrollY") == 200
    other.wait_for_selector(".stock-out:has-text('All gone')")
    before = frame.inner_html("body")
    desk.edit(PRODUCT, "{{ item.title }}</h1>", "{{ item.titel }}</h1>")
    fault = page.wait_for_selector(f"[data-faults] .fault[data-file='{PRODUCT}']")
    assert fault
    assert "has no attribute 'titel'" in fault.inner_text()
    assert frame.inner_html("body") == before
    assert http.get(f"{desk.server.url}/products/dusk-lamp").status_code == 200
    desk.edit(PRODUCT, "item.titel", "item.title")
    page.wait_for_selector("[data-faults]:empty", state="attached")


def test_what_a_page_is_drawn_with_redraws_it(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.url}/pages/store-page?state=all-sold-out")
    frame = frame_of(page, "iframe[data-width='1024']")
    listening(page)
    for edit, seen in [
        (("components/shell.jinja", "Skip to the shop", "Skip ahead"), ".skip:has-text('Skip ahead')"),
        (("components/hero.jinja", "</h1>", " ✓</h1>"), ".hero-headline:has-text('✓')"),
        (("components/parts/product.jinja", "Sold out", "All gone"), ".card:has-text('All gone')"),
        (("prompts/house.json", "Well loved, well made", "Words of its own"), "h2:has-text('Words of its own')"),
    ]:  # fmt: skip
        assert frame.query_selector(seen) is None
        desk.edit(*edit)
        frame.wait_for_selector(seen, state="attached")


def test_what_is_broken_in_a_page_or_in_one_of_its_states_is_found(desk: Desk, page: Page) -> None:
    edits = [
        (MESSAGE, "{{ button }}", "{{ button.few }}"),  # which the first has not
        (MESSAGE, '<h1 class="title">{{ title }}</h1>', "<p>{{ title }}</p>"),
        (MESSAGE, "<p>{{ text }}", "<p>{{ text }}<div></div>"),
        ("components/shell.jinja", '<footer class="footer">', f'<footer class="footer">{IMAGE}'),
    ]
    break_files(desk, edits)
    page.goto(f"{desk.url}/pages/message-page?state=privacy")
    listening(page)
    page.select_option("[name=theme]", "dark")
    page.wait_for_selector("[data-here] .fault")
    assert "has no attribute 'few'" in page.inner_text("[data-here]")
    found = check(desk, page, "message-page")
    drawing = [item[:2] for item in found if item[3] == "drawing"]
    assert drawing == [["message-page", "privacy"]]
    assert_told(
        found,
        [
            ("axe", "page-has-heading-one"),
            ("markup", "line"),
            ("alt", "bench.svg has no alt"),
        ],
    )


def test_there_is_no_other_page(shared_desk: Desk) -> None:
    for path in ("/pages/none", "/pages/hero", "/frame/none-page", "/drawing/none-page"):
        assert shared_desk.get(path).status_code == 404
