"""The wordings of the published study, read from the user's own copy of its ``datasets.json``.

Nothing of that text is part of this project. Each of the file's entries holds a question and a follow-up, and
its name says what it is for: a dataset, what the follow-up asks for, and perhaps a number
(``income_minimal_l1``, ``house_prices_minimal_7``). The study asked every entry's question anew; here a
boundary is elicited once, so an entry is taken apart into a question wording and a condition (its ``Place``).
Both go by names that begin with ``published.``: a configuration uses them as it uses files under
``resources/prompts``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Literal, NamedTuple

from pydantic import field_validator

from sce.errors import InputError
from sce.files.contracts import Contract, check
from sce.files.json_files import read_json
from sce.files.values import Two
from sce.grids.datasets import dataset_file, load_dataset
from sce.wordings.prompts import Prompt, load_prompt, prompt_file

PREFIX = "published."
QUESTION = "question"
STUDIED = ("income", "house_prices", "heart_disease")
# what follows the dataset in an entry's name -> (our name of the condition, the distance it is about)
CONDITIONS = {
    "": ("unconstrained", None),
    "_minimal": ("minimal", "gower"),
    "_minimal_reasoning": ("metacognitive", "gower"),
    "_minimal_l1": ("minimal_l1", "l1"),
    "_minimal_l2": ("minimal_l2", "l2"),
    "_minimal_semantic": ("minimal_semantic", "semantic"),
}
NAME = re.compile(rf"({'|'.join(STUDIED)})({'|'.join(sorted(CONDITIONS, reverse=True))})(?:_(\d+))?")
FILLED_IN = {"standard_prompt_template": "description", "followup_template": "complement"}


class PublishedPrompt(Prompt):
    """One of the study's wordings: a ``str.format`` template, filled in as the published code does it and
    sent as it is, white space at its ends included. It is written for one dataset."""

    dataset: str
    entry: str

    def _check_placeholders(self, kind):
        """A template's own placeholders were checked when its entry was read."""

    def fill(self, values):
        return self.text.format(description=values.get("description"), complement=values.get("target"))

    def fill_each(self, name, values):
        return lambda value: self.fill(values | {name: value})


class PromptPair(Contract, extra="ignore"):
    """What is read of an entry of the file; the rest says where the published code's data lies."""

    options: Two[str]
    input_key: Literal["description"]
    standard_prompt_template: str
    followup_template: str

    @field_validator(*FILLED_IN)
    @classmethod
    def _is_template(cls, text, info):
        wanted = FILLED_IN[info.field_name]
        try:
            found = {part[1:] for part in Formatter().parse(text) if part[1] is not None}
        except ValueError as error:
            raise ValueError(f"a template for str.format ({error})") from None
        if found != {(wanted, "", None)}:
            raise ValueError(f"a template with the placeholder {{{wanted}}} and no other, nor any format")
        return text


class Place(NamedTuple):
    """Where an entry stands: what it is about, the wording of its question, what its follow-up asks for."""

    dataset: str
    question: str
    condition: str


@dataclass(frozen=True)
class Published:
    """The study's wordings. ``places``: of every entry; ``prompts``: by dataset and name."""

    path: str
    entries: Mapping[str, PromptPair]
    places: Mapping[str, Place]
    prompts: Mapping[tuple[str, str], PublishedPrompt]

    def prompt(self, name: str, dataset: str) -> PublishedPrompt:
        """The wording of this name for a dataset. Raises InputError where the file has none."""
        if (dataset, name) not in self.prompts:
            names = sorted(known for about, known in self.prompts if about == dataset)
            datasets = sorted({about for about, _ in self.prompts})
            there = ", ".join(names) or f"wordings of {', '.join(datasets)}"
            raise InputError(self.path, "wording", f"{name} of {dataset}", there)
        return self.prompts[dataset, name]


def is_published(name: str) -> bool:
    """Whether a prompt's name means a wording of the study."""
    return name.startswith(PREFIX)


def find_prompt(name: str, dataset: str, published: Published | None) -> Prompt:
    """The prompt that a configuration means by ``name`` where it asks about ``dataset``: one of the study's
    or a file of ours."""
    if not is_published(name):
        return load_prompt(prompt_file(name))
    if published is None:
        raise InputError("the configuration", "prompts.published", "nothing", f"a path, because of {name}")
    return published.prompt(name, dataset)


def load_published(path) -> Published:
    """The study's wordings in a copy of its ``datasets.json``.

    Raises InputError naming the file, the entry and the field: not that format, a dataset the study does not
    have, options other than our dataset's, a question that is not the one its conditions share.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise InputError(path, "content", type(content).__name__, "an object of entries, as in datasets.json")
    names = {name: _read_name(path, name) for name in content}
    options = {dataset: _options(dataset) for dataset in {dataset for dataset, _, _ in names.values()}}
    entries = {name: _read_entry(path, name, content[name], options[names[name][0]]) for name in content}
    places, prompts = {}, {}
    for name, entry in entries.items():
        places[name] = _place(path, name, names[name], entries)
        for prompt in _prompts(name, entry, places[name], CONDITIONS[names[name][1]]):
            known = prompts.setdefault((prompt.dataset, prompt.name), prompt)
            if known.text != prompt.text:
                raise InputError(
                    path,
                    name,
                    f"another text for {prompt.name} than in {known.entry}",
                    "the same text in both",
                )
    return Published(str(path), entries, places, prompts)


def slips(published: Published) -> list[str]:
    """What the file gets wrong, a sentence each: two entries that should ask for different things and ask the
    same, and entries that repeat another one. White space is no difference."""
    found = []
    follow_ups, wholes = {}, {}
    for name, entry in published.entries.items():
        dataset, kind, _ = NAME.fullmatch(name).groups()
        condition = CONDITIONS[kind][0]
        follow_up = " ".join(entry.followup_template.split())
        first, meant = follow_ups.setdefault((dataset, follow_up), (name, condition))
        if meant != condition:
            found.append(f"{name}: asks for {meant}, not {condition}; its follow-up is that of {first}")
        whole = (dataset, condition, " ".join(entry.standard_prompt_template.split()), follow_up)
        first = wholes.setdefault(whole, name)
        if first != name:
            found.append(f"{name}: repeats {first} word for word")
    return found


def _read_name(path, name):
    """(dataset, kind of follow-up, number or None) that an entry's name says."""
    match = NAME.fullmatch(name)
    if not match:
        kinds = ", ".join(f"DATASET{kind}" for kind in CONDITIONS)
        raise InputError(path, name, "an entry of this name", f"{kinds} or one of them and _NUMBER, where "
                         f"DATASET is {', '.join(STUDIED)}")  # fmt: skip
    return match.groups()


def _options(dataset):
    return load_dataset(dataset_file(dataset)).options


def _read_entry(path, name, content, options):
    try:
        entry = check(PromptPair, content, path)
    except InputError as error:
        raise InputError(path, f"{name}.{error.key}", error.found, error.allowed) from None
    if entry.options != options:
        raise InputError(path, f"{name}.options", list(entry.options), f"ours: {list(options)}")
    return entry


def _place(path, name, parts, entries):
    """A numbered entry rewords its question or its follow-up: the one that is not its base's."""
    dataset, kind, number = parts
    base = dataset + kind
    for needed in (dataset, base):
        if needed not in entries:
            raise InputError(path, needed, "nothing", f"this entry, because of {name}")
    question, condition = QUESTION, CONDITIONS[kind][0]
    entry = entries[name]
    if entry.standard_prompt_template != entries[dataset].standard_prompt_template:
        if number is None:
            raise InputError(path, f"{name}.standard_prompt_template", entry.standard_prompt_template[:60],
                             f"the question of {dataset}: all conditions continue the same one")  # fmt: skip
        question = f"{QUESTION}_{int(number):02d}"
    if entry.followup_template != entries[base].followup_template:
        condition = f"{condition}_{int(number):02d}"
    return Place(dataset, PREFIX + question, PREFIX + condition)


def _prompts(name, entry, place, condition):
    """The two wordings of an entry; ``condition``: the name and the distance of the one that its follow-up is
    or rewords."""
    common = {"dataset": place.dataset, "entry": name}
    question = {"name": place.question, "kind": "question", "text": entry.standard_prompt_template}
    follow_up = {"name": place.condition, "kind": "condition", "text": entry.followup_template}
    follow_up |= {"metric": condition[1], "rewords": _reworded(place.condition, condition[0])}
    question |= {"rewords": _reworded(place.question, QUESTION)}
    return PublishedPrompt(**question, **common), PublishedPrompt(**follow_up, **common)


def _reworded(name, base):
    """The wording that ``name`` says in other words; None where it is the main one itself."""
    return PREFIX + base if name != PREFIX + base else None
