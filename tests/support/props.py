"""Our own components, and what their props are validated against in tests: no test changes them."""

from __future__ import annotations

from app.content.components import load_library
from app.content.prompts import load_prompts
from app.generation.copy import PropsContext
from app.settings import ROOT

LIBRARY = load_library(ROOT / "components")
props_context = PropsContext(load_prompts(ROOT / "prompts").words)
