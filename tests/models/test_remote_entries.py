"""Entries of models that are asked over HTTP, and the catalogue of those to choose from."""

import json

import pytest

from sce.errors import InputError
from sce.files.contracts import check
from sce.files.yaml_files import read_yaml
from sce.models.catalogue import CATALOGUE, read_entry
from tests.asking.questions import Entries, question
from tests.engines.test_remote import body_of


def catalogue():
    """Name -> entry, of those to choose from."""
    names = read_yaml(CATALOGUE)["models"]
    return {name: read_entry({"models": {name: {"from": name}}}, name) for name in names}


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"engine": "openai"}, False),
        ({"engine": "openai", "temperature": None}, True),
        ({"engine": "openai", "temperature": None, "thinking": {"form": "disabled"}}, False),
        ({"engine": "openai", "thinking": {"form": "enabled"}}, True),
        ({"engine": "openai", "effort": "low"}, True),
        ({"engine": "openai", "effort": "none"}, False),
        ({"engine": "responses"}, True),
        ({"engine": "responses", "temperature": 0}, False),
        ({"engine": "anthropic"}, False),  # recent models take no temperature, whether they reason or not
        ({"engine": "anthropic", "thinking": {"form": "adaptive"}}, True),
        ({"engine": "anthropic", "thinking": {"form": "between_tools"}}, False),
        ({"engine": "gemini", "thinking": {"form": "disabled"}, "temperature": None}, False),
        ({"engine": "gemini", "thinking": {"form": "enabled", "budget": 100}}, True),
    ],
)
def test_which_models_are_expected_to_reason(fields, reasons):
    assert read_entry({"models": {"mine": {"model": "tiny"} | fields}}, "mine").reasons is reasons


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"engine": "opneai"}, "openai"),
        ({"decoding": "json_schema", "structured": "none"}, "structured"),
        ({"extra_body": {"seed": 1}}, "extra_body may not hold seed"),
        ({"extra_body": {"stream": True}}, "stream"),
        ({"base_url": "example.org"}, "https"),
        ({"logprobs": 21}, "20"),
        ({"temperature": -1}, "0"),
        ({"colour": "red"}, "no other key"),
        ({"engine": "anthropic", "thinking": {"form": "enabled"}}, "budget"),
        ({"engine": "anthropic", "thinking": {"form": "adaptive", "budget": 2000}}, "budget"),
        ({"engine": "anthropic", "thinking": {"form": "enabled", "budget": 2000}}, "max_tokens"),
        ({"engine": "anthropic", "logprobs": 5}, "no other key"),
    ],
)
def test_a_mistake_in_an_entry_is_named(fields, told):
    content = {"models": {"mine": {"engine": "openai", "model": "tiny"} | fields}}
    with pytest.raises(InputError) as error:
        check(Entries, content, "models.yaml")
    assert told in str(error.value)
    assert str(error.value).startswith("models.yaml: models.mine")


def test_the_catalogue_holds_the_study(reference):
    catalog = catalogue()
    published = json.loads((reference / "published_models.json").read_text())
    ours = {}
    for name, model in catalog.items():
        ours.setdefault(getattr(model, "model", None), name)
    missing = [name for name in published if name not in ours]
    assert missing == []
    assert len(published) == 43
    for name, told in published.items():
        model = catalog[ours[name]]
        engine = {"vllm": "vllm", "openai": "openai", "anthropic": "anthropic", "google": "openai"}
        assert model.engine == engine[told["provider"]]
        assert (model.system or "") == told["system"]
        reasoning = any(mark in name.lower() for mark in ("r1-distill", "reasoning", "o3"))
        assert model.max_tokens == (4000 if reasoning or told["type"] == "api" else 1000)
        assert (model.temperature is None) == (name == "o3-2025-04-16")
        if told["type"] == "local":
            assert model.dtype == "bfloat16"
            assert model.seed == 42
            big = told["size"] >= 70 or "Scout" in name  # 16 experts, not billions
            assert (model.tensor_parallel_size >= 4) == big


def test_every_entry_of_the_catalogue_makes_a_request():
    for name, model in catalogue().items():
        body = body_of(model, [{"role": "system", "content": "s"}, *question(0)])
        assert json.loads(json.dumps(body)) == body, name
        assert model.provider_model, name
