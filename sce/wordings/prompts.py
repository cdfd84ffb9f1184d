"""Prompts: the question asked at every grid point, the conditions that continue it (design 1), what is asked
about an SCE (what a fresh copy would say, or to try again), and the task of choosing the nearest instance, a
conversation of its own.

A prompt is one file ``resources/prompts/NAME.yaml``. Its text holds placeholders in single braces; any
other brace (the JSON shown to the model) is left as it is, so prompts are written as they will be read.
"""

import re
import string
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from sce.errors import InputError
from sce.files.contracts import Contract, check, read_yaml
from sce.grids.datasets import Dataset

PROMPTS = Path("resources/prompts")
PLACEHOLDER = re.compile(r"\{([a-z_0-9]+)\}")
COMMON = {"context", "subject", "question", "option_0", "option_1", "options", "levels", "record"}
REQUIRED = {
    "question": {"description"},
    "condition": {"target"},
    "choice": {"start", "candidates"},
    "self_prediction": {"description"},
    "several": {"target", "k"},
    "feedback": {"target", "outcome"},
}
ALLOWED = {kind: COMMON | needed for kind, needed in REQUIRED.items()}
for _kind in ("condition", "several", "feedback"):
    ALLOWED[_kind].add("answer")
LETTERS = string.ascii_uppercase


class Prompt(Contract):
    """A wording. ``kind`` tells where it stands in the conversation; ``metric`` which distance it defines;
    ``asks`` what the reply holds besides the answer or the record: how sure the model is, or the candidates
    that it considered."""

    name: str
    kind: Literal["question", "condition", "choice", "self_prediction", "several", "feedback"]
    metric: str | None = None
    asks: Literal["confidence", "candidates"] | None = None
    text: str

    @model_validator(mode="after")
    def _placeholders(self):
        found = set(PLACEHOLDER.findall(self.text))
        missing = REQUIRED[self.kind] - found
        unknown = found - ALLOWED[self.kind]
        if missing:
            raise ValueError(f"a text with the placeholder {{{missing.pop()}}}")
        if unknown:
            names = ", ".join(f"{{{name}}}" for name in sorted(ALLOWED[self.kind]))
            raise ValueError(f"only the placeholders {names}; not {{{unknown.pop()}}}")
        return self

    def fill(self, values: dict[str, str]) -> str:
        """The text with a value for each of its placeholders."""
        return PLACEHOLDER.sub(lambda match: values[match.group(1)], self.text).strip()


def load_prompt(path) -> Prompt:
    """The prompt in a YAML file, checked. Raises InputError naming the file, the key and what is allowed."""
    path = Path(path)
    prompt = check(Prompt, read_yaml(path), path)
    if prompt.name != path.stem:
        raise InputError(path, "name", prompt.name, f"the name of the file, {path.stem}")
    return prompt


def ask(prompt: Prompt, dataset: Dataset, description: str) -> str:
    """The text of a question about one instance."""
    return prompt.fill(_common(dataset) | {"description": description})


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


def other_option(dataset: Dataset, option: str) -> str:
    """t(x): the option that was not chosen."""
    return dataset.options[1 - dataset.options.index(option)]


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
