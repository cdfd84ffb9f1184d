"""Configurations, datasets and wordings with anything in any place: they load, or are one InputError."""

import contextlib
import copy
import datetime

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sce.errors import InputError
from sce.files.yaml_files import read_yaml
from sce.grids.datasets import load_dataset
from sce.study.study import load
from sce.wordings.prompts import load_prompt, prompt_file

REMOTE = {
    "model": "m", "max_tokens": 10, "temperature": 0, "effort": "low", "extra_body": {"a": [1]},
    "headers": {"x-a": "b"}, "timeout_s": 5, "max_in_flight": 2, "system": "s", "decoding": "free",
    "attempts": 2, "patience_s": 5, "requests_per_minute": 5, "tokens_per_minute": 5, "retry": ["failed"],
    "max_failed_share": 0.1, "memory_gb": 2, "runtime_min": 5, "partition": "cpu",
}  # fmt: skip
HOSTED = REMOTE | {
    "base_url": "http://localhost:8000/v1", "api_key_env": "SOME_KEY", "check_model": False, "mode": "live",
    "poll_s": 5, "budget_usd": 5,
}  # fmt: skip
CONFIGURATION = {
    "ledger": "ledger",
    "prompts": {"published": None},
    "reference": None,
    "extensions": [],
    "models": {
        "control": {"engine": "control", "policy": "echo", "seed": 3, "rate": 0.5, "wavers": 0.1},
        "openai": {"engine": "openai", **HOSTED, "seed": 3, "logprobs": 2, "revision": "r"},
        "anthropic": {"engine": "anthropic", **HOSTED, "thinking": {"form": "adaptive"}},
        "vllm": {
            "engine": "vllm", **REMOTE, "max_in_flight": "auto", "dtype": "auto", "quantization": "awq",
            "max_model_len": 512, "reasoning_parser": "p", "engine_args": {"a": 1}, "tensor_parallel_size": 1,
            "gpus": 1, "gpu_type": "a100", "size_b": 1, "python": "python", "startup_s": 5,
        },
        "taken": {"from": "gpt41", "max_tokens": 5},
    },
    "experiments": {
        "main": {
            "models": ["control"], "datasets": ["exam"], "questions": ["question"],
            "conditions": ["minimal", "minimal_01..minimal_02"], "metrics": ["gower"],
            "verify_off_grid": True, "choices": ["nearest_choice"], "several": ["several"],
            "feedback": ["feedback"], "self_predictions": ["self_prediction"], "queries": [10],
        }
    },
    "scoring": {"seed": 1, "estimand": "points"},
    "choosing": {"tasks": 5, "candidates": 3, "seed": 1},
    "self_modelling": {"k": 2, "tries": 1},
    "embeddings": {"model": "m"},
    "matrices": {"max_points": 5},
    "figures": {"option_colours": ["#000000", "#111111"], "dpi": 100, "model_colours": ["#000000"]},
}  # fmt: skip

ODD = [
    None, True, False, 0, 1, -1, 2**31, 10**18, 10**30, 0.5, -0.0, 1e300, float("inf"), float("nan"), "", " ",
    "a", "yes", "1", "\0", "\n", "\ud800", "é", "..", "/", "~", "~x", "$X", "${X}", "{", "{value}", "%s",
    "x" * 300, "a..b", "a_1..a_9", "published.minimal", "package:", "http://[", "http://a:99999", [], [[]],
    [None], [1, "a"], {}, {"a": {}}, {1: 2}, {None: None}, {"": ""}, {"engine": "openai"}, {"from": []},
    datetime.date(2026, 1, 1), b"x", {1}, object(),
]  # fmt: skip
odd = st.sampled_from(ODD) | st.text(max_size=5) | st.integers() | st.floats()


def places(content, path=()):
    """The path of every value in nested lists and mappings."""
    if isinstance(content, dict):
        parts = list(content.items())
    else:
        parts = list(enumerate(content)) if isinstance(content, list) else []
    return [(*path, key) for key, _ in parts] + [
        place for key, value in parts for place in places(value, (*path, key))
    ]


def replaced(content, path, value):
    content = copy.deepcopy(content)
    place = content
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return content


def loads_or_says_why(read, *given):
    with contextlib.suppress(InputError):
        read(*given)


@pytest.fixture(scope="module", autouse=True)
def good_to_begin_with():
    load(CONFIGURATION, "config.yaml")


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(places(CONFIGURATION)), value=odd)
@example(path=("experiments", "main", "conditions"), value=[])
def test_a_configuration_loads_or_says_why(path, value):
    loads_or_says_why(load, replaced(CONFIGURATION, path, value), "config.yaml")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(places(CONFIGURATION)), name=odd.filter(lambda value: value.__hash__))
def test_a_name_is_good_or_says_why(path, name):
    *parents, _ = path
    content = copy.deepcopy(CONFIGURATION)
    place = content
    for part in parents:
        place = place[part]
    if isinstance(place, dict):
        place[name] = place.pop(path[-1])
        loads_or_says_why(load, content, "config.yaml")


WRITTEN = [value for value in ODD if type(value) is not object]
FILES = {
    load_dataset: read_yaml("resources/datasets/exam.yaml") | {"option_aliases": {}},
    load_prompt: read_yaml(prompt_file("minimal_07")),
}


@pytest.mark.parametrize("read", FILES)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_file_loads_or_says_why(tmp_path_factory, read, data):
    content = FILES[read]
    path = data.draw(st.sampled_from(places(content)))
    value = data.draw(st.sampled_from(WRITTEN) | st.text(max_size=5) | st.integers() | st.floats())
    file = tmp_path_factory.getbasetemp() / f"{content['name']}.yaml"
    file.write_text(yaml.safe_dump(replaced(content, path, value), allow_unicode=False), "utf-8")
    loads_or_says_why(read, file)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_bytes_are_yaml_or_say_why(tmp_path_factory, data):
    good = prompt_file("minimal").read_bytes()[:300]
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 5)))
    marks = st.text("[]{}:,-?&*!|>'\"%@`#\n\t abn01.~<=", max_size=12).map(str.encode)
    file = tmp_path_factory.getbasetemp() / "some.yaml"
    file.write_bytes(good[:start] + data.draw(marks | st.binary(max_size=12)) + good[end:])
    loads_or_says_why(read_yaml, file)
