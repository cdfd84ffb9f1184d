"""What the documentation lists is what there is."""

import re

import pytest
import yaml
from pydantic import BaseModel

from sce.experiments.registry import kinds
from sce.grids import datasets
from sce.models import (
    anthropic,
    azure,
    bedrock,
    control,
    entries,
    gemini,
    llama_cpp,
    openai,
    published,
    remote,
    responses,
    vertex,
    vllm,
)
from sce.models.catalogue import read_entry
from sce.showing import style
from sce.study import config
from sce.study.config import contract
from sce.wordings import prompts
from tests.conftest import ROOT

MODELS = [
    entries,
    control,
    llama_cpp,
    remote,
    openai,
    azure,
    responses,
    anthropic,
    bedrock,
    vertex,
    gemini,
    vllm,
    published,
]
README = (ROOT / "config/README.md").read_text()


def contracts(module):
    own = [
        value for value in vars(module).values() if isinstance(value, type) and issubclass(value, BaseModel)
    ]
    return [each for each in own if each.__module__ == module.__name__]


@pytest.mark.parametrize(
    "module", [config, *MODELS, style, datasets, prompts], ids=lambda module: module.__name__
)
def test_config_readme_holds_every_key(module):
    keys = {key for contract in contracts(module) for key in contract.model_fields}
    assert len(keys) > 1
    # In backticks, after a dot of its section, or in an example as KEY:
    missing = {key for key in keys if not re.search(rf"`{key}\b|[`.]{key}`|\b{key}:", README)}
    assert missing == set()


def test_the_examples_of_providers_are_entries():
    section = README.split("### Providers")[1]
    models = yaml.safe_load(re.search(r"```yaml\n(models:.*?)```", section, re.S)[1])["models"]
    assert {read_entry({"models": models}, name).engine for name in models} == {
        "azure", "bedrock", "vertex", "gemini", "responses"
    }  # fmt: skip


def test_config_readme_holds_what_kinds_of_experiments_add():
    config = contract(*kinds())
    experiment = config.model_fields["experiments"].annotation.__args__[1]
    sections = [field.annotation for field in config.model_fields.values()]
    records = [config, experiment, *(s for s in sections if isinstance(s, type) and issubclass(s, BaseModel))]
    keys = {key for record in records for key in record.model_fields}
    assert {"feedback", "tries", "candidates"} <= keys
    assert {key for key in keys if not re.search(rf"`{key}\b|[`.]{key}`|\b{key}:", README)} == set()


@pytest.mark.parametrize(
    "page", ["README.md", "config/README.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_files_that_a_page_names_exist(page):
    named = re.findall(
        r"`((?:config|docs|resources|workflow|sce|envs|profiles|benchmarks|tests)/[\w./-]+)`",
        (ROOT / page).read_text(),
    )
    places = [ROOT, ROOT / "resources/new_study"]  # what the tutorial names is there
    missing = [path for path in named if not any((place / path).exists() for place in places)]
    assert [path for path in missing if "NAME" not in path] == []
