"""What each process of tests would do before its first tests: done once, before they are forked."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings, strategies

from app.content.prompts import load_words
from app.generation.copy.lexicon import lexicon_of, unreadable
from app.settings import ROOT
from app.workbench.reload.files import read_sources
from tests.support.fake_llm import Scenario
from tests.support.fake_model import answer, demo_products, playing
from tests.support.in_process import InProcessServer
from tests.support.shopper_client import Shopper, stream_of


def warm_up() -> None:
    """Read the lists of words, and have the demo shop open, compose and show a page of each kind."""
    settings(max_examples=1)(given(strategies.text())(lambda _: None))()
    for language, words in load_words(ROOT / "prompts").items():
        for line in lexicon_of(language, words).lines:
            line.phrase  # noqa: B018 - read when first asked for
    for words in read_sources(ROOT).within("prompts/words").values():
        unreadable(words)
    with (
        TemporaryDirectory() as folder,
        playing() as model,
        InProcessServer(Path(folder) / "data", model.environment) as server,
        Shopper(server) as shopper,
    ):
        model.play(Scenario(answer()))
        shopper.follow(stream_of(shopper.store().text))
        for page in ("store", "search?q=lamp", f"products/{demo_products()[0]['id']}"):
            shopper.get(f"/{page}")
