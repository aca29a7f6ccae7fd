"""What is wrong with a style: a browser passes over it, the check does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.workbench.checks.shop import style_faults
from app.workbench.reload.files import Sources

OURS = Sources(
    Path("/ours"), {"static/shop.css": ":root { --ink: black; }", "static/icon.svg": "<svg/>"}
)
HOSTS = ["https://pictures.example"]


def faults(text: str, **others: str) -> list[tuple[int, str]]:
    sources = Sources(Path("/shop"), {"components/hero.css": text, **others})
    return [(fault.line, fault.message) for fault in style_faults(sources, OURS, HOSTS)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a {\n  color: red;\n", [(1, "a bracket is not closed")]),
        ("a { }\n}\n", [(2, "a bracket closes what none has opened")]),
        ("a { }\n/* b { }", [(2, "a comment does not end")]),
        (
            'a { content: "b; }\nc { }',
            [(1, "a quote does not end"), (1, "a bracket is not closed")],
        ),
        ("a { color: var(--unheard-of); }", [(1, "--unheard-of is set nowhere")]),
        (
            '\n@import url("https://fonts.example/x");',
            [(2, "@import is not followed: copy here what it names")],
        ),
        (
            "a { background: url( 'https://cdn.example/x.png' ) }",
            [(1, "nothing is loaded from cdn.example: put the file into static/")],
        ),
        (
            'a { background: url("data:image/png;base64,AA") }',
            [(1, "nothing is loaded from data: addresses: put the file into static/")],
        ),
        *(
            (
                f"a {{ background: url({name}) }}",
                [(1, f"{name} is not found: name a file of static/, as logo.svg")],
            )
            for name in ("nope.svg", "shop.css", "/static/icon.svg", "img/icon.svg", "Icon.svg")
        ),
    ],
)
def test_what_a_browser_passes_over_is_named_by_its_line(
    text: str, expected: list[tuple[int, str]]
) -> None:
    assert faults(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'a::before { content: "} /* \\" {"; }',
        "/* var(--unheard-of) } ' \" */ a { color: red; }",
        "a { color: var(--unheard-of, red); }",
        "a { color: var( --ink ); }",
        "a { --own: 1; order: var(--own); }",
        "a { background: url(icon.svg), url( 'icon.svg' ); filter: url(#blur); src: url() }",
        '/* url(x.png) @import "x"; */ a { content: "url(x.png) @import"; }',
        "@namespace svg url(http://www.w3.org/2000/svg);",
        "a { background: url(https://pictures.example/x.png) }",
        "@property --own { syntax: '*'; inherits: false; } a { order: var(--own); }",
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize(
    "template", ['<p style="--size: 2">', '<script>style.setProperty("--size", 2)</script>']
)
def test_a_template_or_a_script_may_set_what_a_style_uses(template: str) -> None:
    assert faults("a { order: var(--size); }", **{"components/hero.jinja": template}) == []
