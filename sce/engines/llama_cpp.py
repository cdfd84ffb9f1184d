"""llama.cpp in process (PyPI ``xllamacpp``): any GGUF file, on any machine.

A reply depends on its own request alone: one request at a time, and of what was computed before only what
this request would compute in the same way (``sce.engines.prefix_cache``).
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from sce.engines import AGAIN, About, Fatal, Rejected, Transient, is_installed
from sce.engines.chat import logprobs_of, response_format, usage_of
from sce.engines.prefix_cache import SLOTS, PrefixCache
from sce.grids.datasets import Dataset
from sce.ledger.entries import Reply
from sce.models.llama_cpp import LlamaCpp
from sce.models.quantize import QUANTIZED, quantized
from sce.models.weights import gguf_identity, weights_file

NO_LIBRARY = "the engine llama_cpp needs the package xllamacpp (pip install xllamacpp)"
# In a body for its identity alone.
NOT_SENT = {"engine", "weights", "quantization", "context", "prompt_cache", AGAIN}


def open_engine(model: LlamaCpp, dataset: Dataset) -> "LlamaCppEngine":
    return LlamaCppEngine(model)


class LlamaCppEngine:
    """One model in this process, asked one request at a time."""

    free = False

    def __init__(self, model: LlamaCpp):
        self.model = model
        self.fingerprint, _ = gguf_identity(model.weights)
        self._server = self._cache = None
        # Of one thread: a request that nobody waits for any more ends before the next one begins.
        self._one_at_a_time = ThreadPoolExecutor(1)

    def lacks(self) -> list[str]:
        return [] if is_installed("xllamacpp") else [NO_LIBRARY]

    def body(self, messages, about: About) -> dict:
        body = {
            "engine": "llama_cpp",
            "weights": self.fingerprint,
            "messages": messages,
            "temperature": self.model.temperature,
            "seed": self.model.seed,
            "max_tokens": self.model.max_tokens,
            "context": self.model.context,
        }
        if self.model.prompt_cache:
            body["prompt_cache"] = True
        if self.model.quantization:
            body["quantization"] = self.model.quantization
        if about.schema:
            body["response_format"] = response_format(about)
        if self.model.logprobs:
            body |= {"logprobs": True, "top_logprobs": 20}
        return body

    async def start(self) -> None:
        self._server = await asyncio.to_thread(self._load)
        self._cache = PrefixCache(self.send)

    def _load(self):
        # Read when the library loads: threads that wait for work leave their core to others.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        try:
            import xllamacpp
        except ImportError as error:
            raise Fatal(NO_LIBRARY) from error
        weights = weights_file(self.model.weights)
        params = xllamacpp.CommonParams()
        params.n_ctx = SLOTS * self.model.context
        params.n_parallel = SLOTS
        params.cache_ram_mib = params.n_ctx_checkpoints = 0  # nothing is kept but what PrefixCache knows of
        params.swa_full = True  # a sliding window's memory can be cut like any other
        params.prefill_assistant = False
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self.model.threads
        params.warmup = False
        params.verbosity = 0
        params.model.path = str(self._to_load(weights))
        try:
            return xllamacpp.Server(params)
        except Exception as error:
            raise Fatal(f"llama.cpp cannot load {weights}: {error}") from error

    def _to_load(self, weights):
        """The file to load: the weights as they are, or those that some job has once quantized."""
        if not self.model.quantization:
            return weights
        try:
            return quantized(weights, self.model.quantization)
        except ImportError as error:
            raise Fatal("quantization needs the package gguf (pip install gguf)") from error
        except ValueError as error:
            raise Fatal(f"these weights cannot be quantized: {error}") from error
        except OSError as error:
            raise Fatal(f"no room for two copies of {weights} in {QUANTIZED}: {error}") from error

    async def ask(self, body) -> Reply:
        loop = asyncio.get_running_loop()
        return reply_of(await loop.run_in_executor(self._one_at_a_time, self._cache.ask, request_of(body)))

    def send(self, request: dict) -> dict:
        """The server's result of a request, some of which may be in its memory already. Raises Rejected,
        Fatal or Transient."""
        result = self._server.handle_chat_completions(request)
        if "error" in result:
            message = result["error"].get("message", str(result["error"]))
            if result["error"].get("type") == "exceed_context_size_error":
                raise Rejected(f"{message} (context: {self.model.context})")
            if result["error"].get("code", 500) < 500:
                raise Fatal(f"llama.cpp refuses the request: {message}")
            raise Transient(message)
        return result

    async def close(self) -> None:
        self._one_at_a_time.shutdown(wait=False, cancel_futures=True)
        self._server = self._cache = None


def request_of(body: dict) -> dict:
    """The request in a body: what the server is sent."""
    return {key: value for key, value in body.items() if key not in NOT_SENT}


def reply_of(result: dict) -> Reply:
    """The reply in a result of the server."""
    choice = result["choices"][0]
    finish = choice["finish_reason"]
    return Reply(
        status="truncated" if finish == "length" else "answered",
        response=choice["message"]["content"],
        reasoning=choice["message"].get("reasoning_content"),
        finish_reason=finish,
        logprobs=logprobs_of(choice),
        usage=usage_of(result["usage"]),
    )
