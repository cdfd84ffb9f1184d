"""What a job that asks a model takes: GPUs, memory, time. From the model's entry, and else what is usual for
its engine and the size of its weights.

The defaults are starting points. A job that runs out of memory or time is started again with more (docs/
cluster.md), and asks only what the ledger lacks.
"""

import re
from urllib.parse import urlsplit

from sce.models.entries import Model
from sce.models.remote import Hosted
from sce.models.vllm import Vllm


def gathering(model: Model) -> Model:
    """Stands for the entry of a model in the needs of a job that asks nobody, and only finds in the ledger
    what its shards have asked."""
    return Model(partition=model.partition)


def gpus(model: Model) -> int:
    """GPUs of one job."""
    return model.gpus_taken


def gpu_type(model: Model) -> str | None:
    """The type of GPU that a job of this model must get; None where any will do, or it takes none."""
    return model.gpu_type if model.gpus_taken else None


def memory_mb(model: Model, attempt: int = 1) -> int:
    """Host memory of one job; half as much again with every attempt."""
    return round(1000 * (model.memory_gb or model.usual_memory_gb) * 1.5 ** (attempt - 1))


def runtime_min(model: Model, attempt: int = 1) -> int:
    """Walltime of one job; as much again with every attempt."""
    return round((model.runtime_min or model.usual_runtime_min) * attempt)


def pool(model: Model) -> str | None:
    """The resource that all jobs of one provider share: ``openai``, ``anthropic``, or, after the host and
    port of another ``base_url``, ``api_my_server_8000``; None where there is no provider."""
    if not isinstance(model, Hosted):
        return None
    if model.base_url == type(model).model_fields["base_url"].default:
        return model.PROVIDER or model.engine
    return "api_" + re.sub(r"\W", "_", urlsplit(model.base_url).netloc)


def problem(model: Model, gpus_there: int, gpu_memory_gb: float | None) -> str | None:
    """Why a model cannot run on a machine with so many GPUs, each with so much memory (None: unknown); None
    where nothing speaks against it. The engine has the last word: its own buffers come on top."""
    wanted = model.gpus_taken
    if wanted > gpus_there:
        return f"it takes {wanted} GPUs, and this run may use {gpus_there}"
    known = isinstance(model, Vllm) and model.known_size_b
    if wanted and known and gpu_memory_gb:
        offered = wanted * gpu_memory_gb * model.gpu_memory_utilization
        if model.weights_gb > offered:
            return (
                f"its weights take {model.weights_gb:.0f} GB, and {wanted} GPUs here offer {offered:.0f} GB"
            )
    return None
