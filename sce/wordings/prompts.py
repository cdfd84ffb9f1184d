"""Prompts: the question asked at every grid point, the conditions that continue it, and what kinds of
experiment bring along (docs/protocol.md).

A prompt is one file ``NAME.yaml`` in a folder of ``resources/prompts``, and goes by that name alone: no two
files there bear the same one. Its text holds placeholders in single braces; any other brace (the JSON shown
to the model) is left as it is, so prompts are written as they will be read.
"""

import re
import string
from collections.abc import Callable, Collection, Mapping
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pydantic import field_validator, model_validator

from sce.errors import InputError, suggest
from sce.files.contracts import Contract
from sce.files.named_files import read_named
from sce.files.places import places
from sce.files.values import Key, Page
from sce.files.yaml_files import read_yaml
from sce.grids.datasets import Dataset

PROMPTS = Path("resources/prompts")
PLACEHOLDER = re.compile(r"\{([a-z_0-9]+)\}")
COMMON = {"context", "subject", "question", "option_0", "option_1", "options", "levels", "record"}
LETTERS = string.ascii_uppercase


class PromptKind(NamedTuple):
    """A kind of prompt: the placeholders that its text must hold and those that it may, and what its reply
    may hold besides the answer or the record."""

    required: frozenset[str]
    allowed: frozenset[str]
    asks: frozenset[str]


_kinds: dict[str, PromptKind] = {}


def add_prompt_kind(
    name: str, required: Collection[str], allowed: Collection[str] = (), asks: Collection[str] = ()
) -> None:
    """Make ``name`` a kind of prompt whose text must hold the placeholders ``required`` and may hold those of
    COMMON and ``allowed``; ``asks``: the values of a prompt's field of that name."""
    _kinds[name] = PromptKind(
        frozenset(required), frozenset(COMMON).union(required, allowed), frozenset(asks)
    )


add_prompt_kind("question", {"description"})
add_prompt_kind("condition", {"target"}, {"answer"}, asks={"candidates", "text"})


class Prompt(Contract):
    """A wording. ``kind``: its place in a conversation; ``rewords``: the prompt that it says in other words,
    so that their scores are compared; ``metric``: the distance that it defines; ``asks``: what the reply
    holds besides the answer or the record: how sure the model is, or the candidates that it considered; or
    that it holds a rewritten text in place of a record, for datasets whose points are texts."""

    name: Key
    kind: str
    rewords: Key | None = None
    metric: Key | None = None
    asks: Key | None = None
    text: Page

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind):
        if kind not in _kinds:
            raise ValueError(f"one of {', '.join(_kinds)}")
        return kind

    @model_validator(mode="after")
    def _fits_its_kind(self):
        kind = _kinds[self.kind]
        if self.asks is not None and self.asks not in kind.asks:
            raise ValueError(f"asks of a {self.kind}: {', '.join(sorted(kind.asks)) or 'nothing'}")
        self._check_placeholders(kind)
        return self

    def _check_placeholders(self, kind):
        found = set(PLACEHOLDER.findall(self.text))
        missing = kind.required - found
        unknown = found - kind.allowed
        if missing:
            instead = f", not {{{min(unknown)}}}" if unknown else ""
            raise ValueError(f"a text with the placeholder {{{min(missing)}}}{instead}")
        if doubled := [name for name in found if f"{{{{{name}}}}}" in self.text]:
            raise ValueError(f"placeholders in single braces: {{{min(doubled)}}}")
        if unknown:
            names = ", ".join(f"{{{name}}}" for name in sorted(kind.allowed))
            raise ValueError(f"only the placeholders {names}; not {{{min(unknown)}}}")

    def fill(self, values: dict[str, str]) -> str:
        """The text with a value for each of its placeholders."""
        parts = self._parts.copy()
        parts[1::2] = [values[name] for name in parts[1::2]]
        return "".join(parts).strip()

    def fill_each(self, name: str, values: dict[str, str]) -> Callable[[str], str]:
        """``fill`` for many values of the placeholder ``name``, all others of which stay the same."""
        around = [""]
        for place, part in enumerate(self._parts):
            if place % 2 and part == name:
                around.append("")
            else:
                around[-1] += values[part] if place % 2 else part
        return lambda value: value.join(around).strip()

    @cached_property
    def _parts(self) -> list[str]:
        """The text between its placeholders, and their names, by turns."""
        return PLACEHOLDER.split(self.text)


def prompt_files() -> Mapping[str, Path]:
    """Name -> file of every prompt under ``resources/prompts``, the user's own before the workflow's. Raises
    InputError where two in one place bear one name."""
    found = [_files_under(place, Path.cwd()) for place in places(PROMPTS)]
    return dict(chain.from_iterable(files.items() for files in reversed(found)))


def prompt_file(name: str) -> Path:
    """The file of the prompt of this name. Raises InputError with what else there is."""
    files = prompt_files()
    if name not in files:
        raise InputError(PROMPTS, "prompt", name, f"a file under {PROMPTS}: {suggest(name, files)}")
    return files[name]


def load_prompt(path) -> Prompt:
    """The prompt in a YAML file, checked. Raises InputError naming the file, the key and what is allowed."""
    path = Path(path)
    prompt = read_named(Prompt, path)
    if prompt.rewords is not None:
        _check_reworded(path, prompt)
    return prompt


def ask(prompt: Prompt, dataset: Dataset, description: str) -> str:
    """The text of a question about one instance."""
    return asking(prompt, dataset)(description)


def asking(prompt: Prompt, dataset: Dataset) -> Callable[[str], str]:
    """``ask`` of a wording and a dataset, for many descriptions."""
    return prompt.fill_each("description", _common(dataset))


def follow_up(prompt: Prompt, dataset: Dataset, answer: str, **values: str) -> str:
    """The text of a condition after the model chose the option ``answer``; its target is the other option.
    ``values``: of further placeholders, where the kind of prompt has any."""
    target = other_option(dataset, answer)
    return prompt.fill(_common(dataset) | {"target": target, "answer": answer} | values)


def choose(prompt: Prompt, dataset: Dataset, start: int, candidates: list[int]) -> str:
    """The text of a choice between candidates (grid points), each under a letter: which is nearest?"""
    described = [dataset.describe(dataset.record(point_id)) for point_id in (start, *candidates)]
    lettered = [f"{letter}:\n{text}" for letter, text in zip(LETTERS, described[1:], strict=False)]
    return prompt.fill(_common(dataset) | {"start": described[0], "candidates": "\n\n".join(lettered)})


def fits(prompt: Prompt, dataset: Dataset) -> bool:
    """Whether a wording asks for SCEs in the form that the dataset says: records, or rewritten texts."""
    if dataset.text is None:
        return prompt.asks != "text"
    asks_for_record = prompt.kind == "condition" or "{record}" in prompt.text
    return prompt.asks == "text" or not asks_for_record


def other_option(dataset: Dataset, option: str) -> str:
    """t(x): the option that was not chosen."""
    return dataset.options[1 - dataset.options.index(option)]


def _check_reworded(path, prompt):
    others = {name: file for name, file in prompt_files().items() if name != prompt.name}
    if prompt.rewords not in others:
        there = suggest(prompt.rewords, others)
        raise InputError(path, "rewords", prompt.rewords, f"another prompt under {PROMPTS}: {there}")
    kind = read_yaml(others[prompt.rewords]).get("kind")
    if kind != prompt.kind:
        raise InputError(path, "rewords", f"{prompt.rewords}, a {kind}", f"another {prompt.kind}")


@cache
def _files_under(folder, working_directory):
    """Looked up once: a study names a hundred wordings for each of a hundred pairs of model and dataset."""
    files = {}
    for path in sorted((working_directory / folder).rglob("*.yaml")):
        path = path.relative_to(working_directory) if not folder.is_absolute() else path
        first = files.setdefault(path.stem, path)
        if first != path:
            raise InputError(folder, path.stem, f"{first} and {path}", "each name once, whatever the folder")
    return files


def _common(dataset):
    return {
        "context": dataset.context,
        "subject": dataset.subject,
        "question": dataset.question,
        "option_0": dataset.options[0],
        "option_1": dataset.options[1],
        "options": dataset.options_text,
        "levels": dataset.levels_text,
        "record": dataset.record_text,
    }
