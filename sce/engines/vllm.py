"""Open weights through vLLM: its OpenAI-compatible server runs inside the job, on a loopback port of its own
with a key made up for the occasion, and ends with the job however that ends (see sce.engines.keeper).

Temperature 0 is repeatable only as far as the server's batching allows: sums are taken in another order when
other questions share the batch.
"""

import asyncio
import logging
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from sce.engines import About, Fatal, keeper
from sce.engines.chat import chat_request
from sce.engines.openai import ChatEngine
from sce.files.secrets import hide, read_key
from sce.grids.datasets import Dataset
from sce.models.vllm import Vllm
from sce.models.weights import local_weights
from sce.running import devices

MODULE = "vllm.entrypoints.openai.api_server"
POLL_S = 0.5
CLOSE_S = 15
TAIL_BYTES = 200_000
REASONS, LONGEST = 3, 1200  # lines and characters of the server's log in a message
_ERROR = re.compile(r"[\w.]*(?:Error|Exception|Interrupt)\b|Value error,|.*\berror:|.*killed", re.I)


def open_engine(model: Vllm, dataset: Dataset) -> "VllmEngine":
    return VllmEngine(model)


def arguments(model: Vllm, port: int) -> list[str]:
    """The server's command line, without its interpreter."""
    options = {
        "model": _weights(model),
        "served-model-name": model.model,
        "host": "127.0.0.1",
        "port": port,
        "revision": model.revision,
        "dtype": model.dtype,
        "quantization": model.quantization,
        "max-model-len": model.max_model_len,
        "tensor-parallel-size": model.tensor_parallel_size,
        "pipeline-parallel-size": model.pipeline_parallel_size,
        "gpu-memory-utilization": model.gpu_memory_utilization,
        "seed": model.seed,
        "reasoning-parser": model.reasoning_parser,
        "enable-prefix-caching": model.prefix_caching,
        "enable-prompt-tokens-details": True,  # reports how many were cached
        # A model's own sampling defaults (top_p, repetition penalty) would apply unseen.
        "generation-config": "vllm",
        **{name.replace("_", "-"): value for name, value in model.engine_args.items()},
    }
    line = ["-m", MODULE]
    for name, value in options.items():
        if isinstance(value, bool):
            line.append(f"--{name}" if value else f"--no-{name}")
        elif value is not None:
            line += [f"--{name}", str(value)]
    return line


class VllmEngine(ChatEngine):
    """One server with one model, for this job alone."""

    HEEDS_PROXIES = False

    def __init__(self, model: Vllm):
        super().__init__(model)
        self._keeper = self._log = None

    def body(self, messages, about: About) -> dict:
        model = self.model
        server = {
            "revision": model.revision,
            "dtype": model.dtype,
            "quantization": model.quantization,
            "max_model_len": model.max_model_len,
            "reasoning_parser": model.reasoning_parser,
            **model.engine_args,
            **model.weights_identity,
        }
        return {"engine": "vllm", "server": server, **chat_request(model, messages, about)}

    def _checks(self):
        return lambda: _require_vllm(self.model), self._headers

    async def start(self) -> None:
        port = _free_port()
        self._key = key = secrets.token_urlsafe(32)
        self._log = _log_file()
        logging.info("starting vLLM with %s; its log: %s", self.model.model, self._log)
        with self._log.open("wb") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, keeper.__file__, _python(self.model), *arguments(self.model, port)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=_environment(key),
                pass_fds=devices.locks(),  # the keeper ends after the server, and its GPUs come free then
                start_new_session=True,  # Ctrl-C is the job's, which ends the server in good order
            )
        await self._wait_for(f"http://127.0.0.1:{port}/health")
        self._connect(f"http://127.0.0.1:{port}/v1", key)

    async def close(self) -> None:
        await super().close()
        if self._keeper is not None:
            self._keeper.stdin.close()
            try:
                await asyncio.to_thread(self._keeper.wait, CLOSE_S)
            except subprocess.TimeoutExpired:
                self._keeper.kill()
            self._keeper = None

    async def _exchange(self, send):
        if self._keeper is not None and self._keeper.poll() is not None:
            raise Fatal(f"the vLLM server ended unexpectedly: {self._reason()}")
        return await super()._exchange(send)

    async def _wait_for(self, url):
        begin = time.monotonic()
        while not await asyncio.to_thread(_answers, url):
            if self._keeper.poll() is not None:
                raise Fatal(f"vLLM does not start {self.model.model}: {self._reason()}")
            if time.monotonic() - begin > self.model.startup_s:
                raise Fatal(f"vLLM is not ready after {self.model.startup_s:g} s: {self._reason()}")
            await asyncio.sleep(POLL_S)
        logging.info("vLLM is ready after %.0f s", time.monotonic() - begin)

    def _reason(self):
        """The lines of the server's log that say why it failed, or else its last lines."""
        with self._log.open("rb") as file:
            file.seek(max(0, self._log.stat().st_size - TAIL_BYTES))
            lines = [_plain(line) for line in file.read().decode(errors="replace").splitlines()]
        lines = [line for line in lines if line]
        if any(re.search(r"No module named '?vllm", line) for line in lines):
            return _without_vllm(_python(self.model))
        # The first error is the cause; those after it say that something failed before.
        errors = [line for line in lines if _ERROR.match(line) and "root cause" not in line]
        told = list(dict.fromkeys(errors))[:REASONS] or lines[-REASONS:]
        reason = hide(self._hidden(" | ".join(told)), self._key, read_key("HF_TOKEN"))
        return f"{reason[:LONGEST]} (all of it: {self._log})"


def _plain(line):
    """A line of the log without colours, and without the process, level, time and place it begins with."""
    line = re.sub(r"\x1b\[[0-9;]*m", "", line)
    return re.sub(r"^(\([\w.-]+(?: pid=\d+)?\)\s*)?([A-Z]+ [\d-]+ [\d:]+ \[[^\]]*\]\s?)?", "", line).strip()


def _python(model):
    named = model.python or os.environ.get("SCE_VLLM_PYTHON") or sys.executable
    found = shutil.which(os.path.expanduser(named))
    if found is None:
        raise Fatal(f"python: {named} is not a Python interpreter")
    return found


def _require_vllm(model):
    python = _python(model)
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
    if subprocess.run([python, "-c", look], capture_output=True, check=False).returncode:
        raise Fatal(_without_vllm(python))


def _without_vllm(python):
    return f"{python} has no vllm (pip install vllm, or name another interpreter in python)"


def _weights(model):
    return model.model if model.weights is None else str(local_weights(model.weights))


def _environment(key):
    """The server's environment. The key goes this way because every user can read a command line."""
    env = {**os.environ, "VLLM_API_KEY": key, "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    token = read_key("HF_TOKEN")  # gated weights
    return env | {"HF_TOKEN": token} if token else env


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _log_file():
    """Beside the job's log where it has one, else a temporary file."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.FileHandler) and handler.baseFilename != os.devnull:
            return Path(handler.baseFilename).with_suffix(".vllm.log")
    handle, name = tempfile.mkstemp(prefix="sce-vllm-", suffix=".log")
    os.close(handle)
    return Path(name)


def _answers(url):
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy
    try:
        with direct.open(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
