"""The entries of models: which there are, those to choose from in resources/models.yaml, and reading one."""

from functools import cache, reduce
from operator import or_
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, TypeAdapter

from sce.errors import InputError, suggest
from sce.files.places import found
from sce.files.secrets import refuse_keys
from sce.files.yaml_files import read_yaml
from sce.models.anthropic import Anthropic
from sce.models.azure import Azure
from sce.models.bedrock import Bedrock
from sce.models.control import Control
from sce.models.entries import ENTRIES, Model, add_entry
from sce.models.gemini import Gemini
from sce.models.llama_cpp import LlamaCpp
from sce.models.openai import OpenAI
from sce.models.published import ResultFiles
from sce.models.responses import Responses
from sce.models.vertex import Vertex
from sce.models.vllm import Vllm

CATALOGUE = Path("resources/models.yaml")

_HOSTED = (OpenAI, Azure, Responses, Anthropic, Bedrock, Vertex, Gemini)
for _entry in (Control, LlamaCpp, *_HOSTED, Vllm, ResultFiles):
    add_entry(_entry)


def entry_type():
    """The type that an entry is checked as: that of the engine it names, of all that were added so far."""
    return _union(tuple(ENTRIES.values()))


@cache
def _union(entries):
    return Annotated[
        reduce(or_, entries), Field(discriminator="engine"), BeforeValidator(_refuse_keys_of_entry)
    ]


def _refuse_keys_of_entry(content):
    """A key in an entry is refused before anything can print the entry, whatever else is wrong with it."""
    named = content.get("model") or content.get("engine") if isinstance(content, dict) else None
    refuse_keys(content, f"the entry of the model {named}" if named else "a model's entry")
    return content


def resolve(entry, where) -> dict:
    """An entry as written, completed by the entry of the catalogue that its ``from`` names; what stands
    beside it in the configuration counts. Raises InputError for a name the catalogue lacks."""
    if not isinstance(entry, dict) or "from" not in entry:
        return entry
    catalogue, name = _read_catalogue(found(CATALOGUE)), entry["from"]
    if not isinstance(name, str) or name not in catalogue:
        there = suggest(name, catalogue) if isinstance(name, str) else "by its name, a text"
        raise InputError(where, "from", name, f"an entry of {CATALOGUE}: {there}")
    own = {key: value for key, value in entry.items() if key != "from"}
    return catalogue[name] | own


@cache
def _read_catalogue(path):
    """Name -> entry as written; checked as the entry that it becomes."""
    models = read_yaml(path).get("models")
    if not isinstance(models, dict) or not all(isinstance(entry, dict) for entry in models.values()):
        raise InputError(path, "models", type(models).__name__, "a mapping of names to entries")
    return models


def read_entry(config: dict, name: str) -> Model:
    """The entry of one model in a configuration that was checked before."""
    entry = resolve(config["models"][name], f"models.{name}")
    return TypeAdapter(entry_type()).validate_python(entry)
