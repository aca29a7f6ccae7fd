"""Compiled templates: kept on the disk, and the same for every language."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.rendering.templates import environment


@pytest.mark.parametrize("writable", [True, False])
def test_a_template_is_compiled_once_for_all_languages(tmp_path: Path, *, writable: bool) -> None:
    (tmp_path / "hero.jinja").write_text("{{ _('More') }}")
    if not writable:
        (tmp_path / "__pycache__").symlink_to("nowhere")
    for _ in ("compiled", "loaded"):
        templates = environment(tmp_path)
        spoken = templates.overlay()
        spoken.globals = {"_": str.upper}
        code = templates.get_template("hero.jinja").root_render_func.__code__
        assert spoken.get_template("hero.jinja").root_render_func.__code__ is code
        assert spoken.get_template("hero.jinja").render() == "MORE"


def test_a_template_that_has_changed_is_compiled_again(tmp_path: Path) -> None:
    (tmp_path / "hero.jinja").write_text("before")
    templates = environment(tmp_path)
    assert templates.get_template("hero.jinja").render() == "before"
    (tmp_path / "hero.jinja").write_text("after")
    assert templates.overlay().get_template("hero.jinja").render() == "after"
