"""Broken markup is found, of whichever kind; what is valid is left alone."""

from __future__ import annotations

import pytest

from app.catalog.load import load_catalogs
from app.settings import Settings
from app.workbench.checks.markup import invalid_markup, silent_faults
from tests.support.cases import each


@each(
    "html",
    [
        "<p>a<b>c</p>",
        "<div>x",
        "</span>x",
        "<div/>x",
        "<div",
        "<p><div>x</div></p>",
        "<span><p>x</span></p>",
        "<h1>a<h2>b</h2></h1>",
        '<a href="x"><a href="y">z</a></a>',
        "<button><button>x</button></button>",
        "<form><form></form></form>",
        "<td>x</td>",
        "<select><div>x</div></select>",
        "<img></img>",
        "</br>",
        "<div id=a id=b>x</div>",
        '<a title="a"href="b">x</a>',
        '<a title="a"b">x</a>',
        "a &foo; b",
        "a &copy b",
        "a < b",
        "a <b",
        "a\0b",
        "a\x01b",
        "&#x80;",
        "<!-- a -- b --!>",
    ],
)
def test_broken_markup_is_found(html: str) -> None:
    assert invalid_markup(html)


@pytest.mark.parametrize(
    "html", ["<p>a <b>c</b></p>", "<ul><li>x<li>y</ul>", "a & b", "<a href=x>y</a>", '<img alt="">']
)
def test_valid_markup_is_left_alone(html: str) -> None:
    assert invalid_markup(html) == ()


def test_a_finding_names_the_line_and_what_stands_there() -> None:
    (finding,) = invalid_markup("<p>one</p>\n<p>two</b></p>")
    assert finding.startswith("line 2: ")
    assert finding.endswith("<p>two</b></p>")


def silent(html: str) -> list[str]:
    shop = load_catalogs(Settings().catalog).default
    return [each.message for each in silent_faults(html, shop, ["/static/logo.0123456789.svg"])]


@each(
    "html",
    [
        "<p style=color:red>x</p>",
        "<style>p { color: red }</style>",
        "<button onclick=x()>x</button>",
        "<svg onload=x()></svg>",
        '<a href=" JavaScript:void(0)">x</a>',
        "<form action=javascript:x()></form>",
        "<script>x()</script>",
        "<script type=module>x()</script>",
        "<script src=https://cdn.example/x.js></script>",
        "<link rel=stylesheet href=https://fonts.example/x>",
        "<link rel=stylesheet href=shop.css>",
        "<img src=/static/logo.0123456789.svg>",
        "<img alt='' src=/static/logo.svg>",
        "<img alt='' src=logo.svg>",
        "<img alt='' src=//cdn.example/x.png>",
        "<img alt='' src=data:image/png;base64,AA>",
        "<iframe src=https://video.example></iframe>",
        "<video controls></video>",
        "<img alt='' src='http://[x'>",
        "<form action=https://letters.example/join><button>x</button></form>",
    ],
)
def test_what_a_browser_passes_over_in_silence_is_found(html: str) -> None:
    assert len(silent(html)) == 1


@each(
    "html",
    [
        "<script type=application/ld+json>{}</script>",
        "<img alt='' src=/static/logo.0123456789.svg>",
        "<img alt src=/pictures/corner/x.svg>",
        "<a href=https://elsewhere.example>x</a>",
        "<a href=about>x</a><a href=#top data-on=1 title='javascript:'>x</a>",
        "<link rel=canonical href=https://shop.example/store>",
        "<svg><rect fill=red /></svg>",
        "<p>style= onclick= javascript:</p>",
    ],
)
def test_what_a_browser_does_is_no_fault(html: str) -> None:
    assert silent(html) == []
