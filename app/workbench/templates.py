"""The workbench's own pages: its templates and files, which no shopper is ever served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from app.rendering.templates import environment
from app.workbench.responses import file

_HERE = Path(__file__).resolve().parent


class Templates:
    """Draws the workbench's pages. `known` gives what every page shows."""

    def __init__(self, known: Callable[[], dict[str, Any]]) -> None:
        self._known = known
        self._templates = environment(_HERE / "templates")
        self._templates.globals["drawn"] = Markup
        self._templates.globals["names_of"] = lambda names: dict(zip(names, names, strict=True))

    def draw(self, name: str, /, **context: Any) -> str:
        """Return a page's HTML."""
        template = self._templates.get_template(f"{name}.jinja")
        return template.render(**self._known(), page=name, **context)

    def file(self, name: str) -> str:
        """Return the text of a file of the workbench's own."""
        return (_HERE / "static" / name).read_text("utf-8")


async def static(request: Request) -> Response:
    """Answer with a file of the workbench's own."""
    return file(_HERE / "static" / request.path_params["name"])
