"""Broken markup is found, of whichever kind; what is valid is left alone."""

from __future__ import annotations

import pytest

from app.workbench.checks.markup import invalid_markup
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
    assert invalid_markup(html) == []


def test_a_finding_names_the_line_and_what_stands_there() -> None:
    (finding,) = invalid_markup("<p>one</p>\n<p>two</b></p>")
    assert finding.startswith("line 2: ")
    assert finding.endswith("<p>two</b></p>")
