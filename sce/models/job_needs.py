"""What a job that asks a model takes: GPUs, memory, time. From the model's entry, and else from its size.

The defaults are starting points. A job that runs out of memory or time is started again with more (docs/
cluster.md), and asks only what the ledger lacks.
"""

import re
from urllib.parse import urlsplit

from sce.models.entries import Hosted, LlamaCpp, Local, Model, Vllm
from sce.models.weights import weights_file

UNKNOWN_SIZE_B = 8.0  # of a model whose name does not tell its size
# "70B" in Llama-3.3-70B-Instruct, "8x7B" in Mixtral-8x7B, not "A3B" (active parameters) in Qwen3-30B-A3B
_SIZE = re.compile(r"(?<![A-Za-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)([BM])(?![A-Za-z0-9])", re.IGNORECASE)
_FOUR_BIT = re.compile(r"awq|gptq|bitsandbytes|4.?bit|int4|w4a16|mxfp4|nvfp4", re.IGNORECASE)
_EIGHT_BIT = re.compile(r"fp8|8.?bit|int8|w8a8", re.IGNORECASE)


def gpus(model: Model) -> int:
    """GPUs of one job: the parts that vLLM splits the model into; none for others unless they ask."""
    if not isinstance(model, Local):
        return 0
    if model.gpus is not None:
        return model.gpus
    return model.tensor_parallel_size * model.pipeline_parallel_size if isinstance(model, Vllm) else 0


def gpu_type(model: Model) -> str | None:
    """The type of GPU that a job of this model must get; None where any will do, or it takes none."""
    return model.gpu_type if gpus(model) else None


def memory_mb(model: Model, attempt: int = 1) -> int:
    """Host memory of one job; half as much again with every attempt."""
    return round(1000 * (model.memory_gb or _memory_gb(model)) * 1.5 ** (attempt - 1))


def runtime_min(model: Model, attempt: int = 1) -> int:
    """Walltime of one job; as much again with every attempt."""
    return round((model.runtime_min or _runtime_min(model)) * attempt)


def pool(model: Model) -> str | None:
    """The resource that all jobs of one provider share: ``openai``, ``anthropic``, or, after the host and
    port of another ``base_url``, ``api_my_server_8000``; None where there is no provider."""
    if not isinstance(model, Hosted):
        return None
    if model.base_url == type(model).model_fields["base_url"].default:
        return model.engine
    return "api_" + re.sub(r"\W", "_", urlsplit(model.base_url).netloc)


def weights_gb(model: Model) -> float:
    """Size of the weights in memory, in GB (10^9 bytes)."""
    if isinstance(model, LlamaCpp):
        grown = 2 if model.quantization else 1  # from four bits to eight
        return grown * weights_file(model.weights).stat().st_size / 1e9
    return size_b(model) * _bytes_per_parameter(model)


def size_b(model: Vllm) -> float:
    """Billions of parameters, as the entry or the model's name tells."""
    sizes = [
        float(experts or 1) * float(number) / (1 if unit in "bB" else 1000)
        for experts, number, unit in _SIZE.findall(model.model)
    ]
    return model.size_b or max(sizes, default=UNKNOWN_SIZE_B)


def problem(model: Model, gpus_there: int, gpu_memory_gb: float | None) -> str | None:
    """Why a model cannot run on a machine with so many GPUs, each with so much memory (None: unknown); None
    where nothing speaks against it. The engine has the last word: its own buffers come on top."""
    wanted = gpus(model)
    if wanted > gpus_there:
        return f"it takes {wanted} GPUs, and this run may use {gpus_there}"
    known = isinstance(model, Vllm) and (model.size_b or _SIZE.search(model.model))
    if wanted and known and gpu_memory_gb:
        offered = wanted * gpu_memory_gb * model.gpu_memory_utilization
        taken = weights_gb(model)
        if taken > offered:
            return f"its weights take {taken:.0f} GB, and {wanted} GPUs here offer {offered:.0f} GB"
    return None


def _memory_gb(model):
    if isinstance(model, Vllm):
        # The server, a process for each GPU, and the weights on their way through the page cache.
        return 8 + 4 * max(1, gpus(model)) + 1.2 * weights_gb(model)
    return 2 + 1.2 * weights_gb(model) if isinstance(model, LlamaCpp) else 2


def _runtime_min(model):
    if isinstance(model, Vllm):
        return 120 + 4 * size_b(model)
    if isinstance(model, LlamaCpp):
        return 60 + 120 * weights_gb(model)
    if isinstance(model, Hosted):
        return 26 * 60 if model.mode == "batch" else 8 * 60  # a batch may take a day
    return 30


def _bytes_per_parameter(model):
    told = f"{model.quantization or ''} {model.model}"
    if _FOUR_BIT.search(told):
        return 0.6
    if _EIGHT_BIT.search(told):
        return 1.1
    return 4 if model.dtype == "float32" else 2
