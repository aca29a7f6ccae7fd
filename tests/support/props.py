"""What props are validated against in tests: a shop, and our own lists of words."""

from __future__ import annotations

from app.content.prompts import load_prompts
from app.generation.copy import PropsContext
from app.settings import ROOT

props_context = PropsContext(load_prompts(ROOT / "prompts").words)
