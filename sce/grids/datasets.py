"""Datasets: a full Cartesian grid over a few features, one question, two options.

A dataset is one file ``resources/datasets/NAME.yaml``; adding one needs no code. Every grid point has a
``point_id``, its row-major position over the features in the order listed (the last feature runs fastest).
"""

import json
import re
import unicodedata
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, Field, field_validator, model_validator

from sce.errors import InputError
from sce.files.artifacts import SCHEMAS
from sce.files.contracts import Contract
from sce.files.named_files import read_named
from sce.files.places import found, places
from sce.files.values import Key, Line, OneLine, Page, Two, one_line

DATASETS = Path("resources/datasets")
Kind = Literal["numeric", "ordinal", "categorical"]
MOST_DIGITS = 15  # so that numbers are compared, written and read again exactly
MOST_LEVELS = 10_000
MOST_POINTS = 10_000_000  # of a grid that is laid out whole
MOST_IDS = 2**62
# Columns that stand beside those of the features, in one artifact or another.
_TAKEN = {name for columns in SCHEMAS.values() if "features" in columns for name in columns}


def number(value):
    """``value``, where it is a finite number."""
    if type(value) not in (int, float):
        raise ValueError("a number, without quotes")
    if not abs(value) < 10**MOST_DIGITS:  # nor NaN
        raise ValueError(f"a finite number of at most {MOST_DIGITS} digits")
    return value


Number = Annotated[int | float, BeforeValidator(number)]


class Steps(Contract):
    """Evenly spaced numbers, both ends included."""

    first: Number
    last: Number
    step: Number = 1

    @model_validator(mode="after")
    def _ends_meet(self):
        if self.step <= 0 or self.last <= self.first:
            raise ValueError("first < last and step > 0")
        count = (self.last - self.first) / self.step
        if count >= MOST_LEVELS:
            raise ValueError(f"at most {MOST_LEVELS:,} levels; these are {count + 1:,.0f}")
        if abs(count - round(count)) > 1e-9:
            raise ValueError("last = first + a whole number of steps")
        return self

    @property
    def values(self):
        count = round((self.last - self.first) / self.step)
        return [_tidy(self.first + i * self.step) for i in range(count + 1)]


def plain_levels(levels):
    """``levels`` as written, where they are numbers or texts throughout. YAML reads ``no``, ``on``, ``~`` and
    ``2026-01-01`` as something else, which would silently become a level."""
    if not isinstance(levels, dict | list | Steps):
        raise ValueError("a list of numbers or labels, a mapping code -> label, or {first, last, step}")
    if isinstance(levels, dict | list) and not 0 < len(levels) <= MOST_LEVELS:
        raise ValueError(f"at least two levels and at most {MOST_LEVELS:,}; these are {len(levels):,}")
    if isinstance(levels, dict) and not levels.keys() & Steps.model_fields.keys():
        for code, label in levels.items():
            if type(code) is not int:
                raise ValueError(f"codes that are whole numbers; not {code!r}")
            number(code)
            if not isinstance(label, str):
                raise ValueError(f"labels in quotes where YAML reads something else; not {label!r}")
            one_line(label)
    if isinstance(levels, list):
        for level in levels:
            if type(level) not in (int, float, str):
                quoted = "texts in quotes where YAML reads something else"
                raise ValueError(f"numbers, or {quoted}; not {level!r}")
            one_line(level) if isinstance(level, str) else number(level)
        if len({isinstance(level, str) for level in levels}) > 1:
            raise ValueError("numbers throughout, or texts throughout (a number in quotes is a text)")
    return levels


def refuse_shared(spellings: dict[str, list[str]], what: str) -> None:
    """Raise ValueError where two things (name -> spellings) share one: replies could not be read then. Case,
    white space, kinds of dashes and characters that nobody sees make no difference."""
    owners = {}
    for name, texts in spellings.items():
        for text in texts:
            plain = re.sub(r"[\s_]+", " ", _as_seen(text)).strip().casefold()
            if owners.setdefault(plain, name) != name:
                raise ValueError(f"{what}; {text!r} means {owners[plain]!r} and {name!r}")


def _as_seen(text):
    kinds = [(char, unicodedata.category(char)) for char in unicodedata.normalize("NFKC", text)]
    return "".join("-" if kind == "Pd" else char for char, kind in kinds if kind != "Cf")


class Feature(Contract):
    """One feature: its levels and how people write them.

    ``levels`` is a list of numbers, a list of labels (their codes are 1, 2, ...), a mapping code -> label,
    or ``{first, last, step}``. ``wording`` holds ``{value}``. The other fields serve the parser: ``unit``
    and ``aliases`` (label -> other spellings), ``names`` (other names of the feature) and ``composite``
    (a regular expression whose one group is the value, for forms such as 130/80).
    """

    kind: Kind
    levels: Annotated[
        Steps | dict[int, OneLine] | list[Number] | list[OneLine], BeforeValidator(plain_levels)
    ]
    wording: OneLine
    unit: Line | None = None
    names: list[Line] = []
    aliases: dict[str, list[OneLine]] = {}
    composite: str | None = Field(None, max_length=200)
    published_name: Line | None = None

    @field_validator("wording")
    @classmethod
    def _has_value(cls, wording):
        try:
            parts = [part[1:] for part in Formatter().parse(wording) if part[1] is not None]
        except ValueError:  # a brace without its other half
            parts = []
        if parts != [("value", "", None)]:
            raise ValueError("a wording with the placeholder {value} once, and no other brace")
        return wording

    @field_validator("composite")
    @classmethod
    def _one_group(cls, composite):
        try:
            if composite is not None and re.compile(composite).groups != 1:
                raise ValueError("a regular expression with one group")
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"a valid regular expression ({error})") from None
        return composite

    @model_validator(mode="after")
    def _levels_make_sense(self):
        if len(self.codes) < 2:
            raise ValueError("at least two levels")
        if len(set(self.codes)) < len(self.codes) or len(set(self.labels)) < len(self.labels):
            raise ValueError("levels that differ")
        if self.kind != "categorical" and self.codes != sorted(self.codes):
            raise ValueError(f"{self.kind} levels in increasing order")
        if self.kind == "numeric" and not self.is_number:
            raise ValueError("numbers for a numeric feature")
        unknown = set(self.aliases) - set(self.labels)
        if unknown:
            raise ValueError(f"aliases of existing levels, not of {', '.join(sorted(unknown))}")
        if not self.is_number:
            spellings = {label: [label, *self.aliases.get(label, [])] for label in self.labels}
            refuse_shared(spellings, "levels, each under spellings of its own")
        return self

    @cached_property
    def codes(self) -> list[Number]:
        """The value of each level, as it stands in every artifact."""
        if isinstance(self.levels, Steps):
            return self.levels.values
        if isinstance(self.levels, dict):
            return list(self.levels)
        if self.is_number:
            return [_tidy(level) for level in self.levels]
        return list(range(1, len(self.levels) + 1))

    @cached_property
    def labels(self) -> list[str]:
        """The text of each level, as a model reads and writes it."""
        if isinstance(self.levels, dict):
            return list(self.levels.values())
        return [str(level) for level in (self.codes if self.is_number else self.levels)]

    @property
    def is_number(self) -> bool:
        """Whether the levels are themselves numbers (rather than labelled codes)."""
        if isinstance(self.levels, list):
            return not isinstance(self.levels[0], str)
        return isinstance(self.levels, Steps)


class Dataset(Contract):
    """A full grid with its question. ``subject`` names what a point describes (a respondent, a house);
    ``context`` says where the data comes from. Where there is a ``text``, a point is that text with the
    wording of every feature in its slot, and an SCE is a rewritten text; else a point is a list of lines, and
    an SCE a record in JSON."""

    name: Key
    title: Line
    subject: Line
    context: str = Field("", max_length=100_000)
    question: Page
    options: Two[Line]
    option_aliases: dict[str, list[OneLine]] = {}
    features: dict[str, Feature] = Field(min_length=1, max_length=100)
    # Left out of the content where there is none, so that datasets of records keep their digests.
    text: Page | None = Field(None, exclude_if=lambda text: text is None)

    @model_validator(mode="after")
    def _consistent(self):
        if self.options[0] == self.options[1]:
            raise ValueError("two different options")
        if set(self.option_aliases) - set(self.options):
            raise ValueError(f"option_aliases of {self.options[0]!r} and {self.options[1]!r} only")
        spellings = {option: [option, *self.option_aliases.get(option, [])] for option in self.options}
        refuse_shared(spellings, "options, each under spellings of its own")
        return self

    @model_validator(mode="after")
    def _features_differ(self):
        columns = {*_TAKEN, *(f"sce_{name}" for name in self.features)}
        for name in self.features:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
                raise ValueError(
                    f"feature names in at most 63 lower case letters, digits and _; not {name!r}"
                )
            if name in columns:
                raise ValueError(f"feature names that no column of a table has; not {name!r}")
        names = {name: [name, *feature.names] for name, feature in self.features.items()}
        refuse_shared(names, "features, each under names of its own")
        published = {name: [f.published_name] for name, f in self.features.items() if f.published_name}
        refuse_shared(published, "features, each with a published_name of its own")
        if self.size > MOST_IDS:
            raise ValueError(f"a grid of at most {MOST_IDS:,} points; this one has {self.size:,}")
        return self

    @model_validator(mode="after")
    def _text_has_its_slots(self):
        if self.text is None:
            return self
        try:
            slots = [part[1:] for part in Formatter().parse(self.text) if part[1] is not None]
        except ValueError:  # a brace without its other half
            slots = []
        if sorted(slots) != sorted((name, "", None) for name in self.features):
            allowed = ", ".join(f"{{{name}}}" for name in self.features)
            raise ValueError(f"a text with {allowed}, each once, and no other brace")
        for name, feature in self.features.items():
            if not re.search(r"\w\W*$", feature.wording.partition("{value}")[0]):
                allowed = "a wording with words before {value}, by which it is found in a rewritten text"
                raise ValueError(f"features.{name}: {allowed}")
        return self

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(feature.codes) for feature in self.features.values())

    @cached_property
    def size(self) -> int:
        """Number of grid points N."""
        return int(np.prod([int(n) for n in self.shape], dtype=object))

    @cached_property
    def _ranks(self) -> list[tuple[str, dict]]:
        return [(name, {code: rank for rank, code in enumerate(codes)}) for name, codes in self._codes]

    def locate(self, record: dict) -> int | None:
        """The point_id of a record {feature: code}; None off grid. 45.0 and 45 are the same level."""
        point_id = 0
        for name, ranks in self._ranks:
            rank = ranks.get(record[name])
            if rank is None:
                return None
            point_id = point_id * len(ranks) + rank
        return point_id

    def record(self, point_id: int) -> dict:
        """The record {feature: code} of a grid point."""
        levels = zip(self._codes, self.ranks_at(point_id), strict=True)
        return {name: codes[rank] for (name, codes), rank in levels}

    @cached_property
    def _codes(self) -> list[tuple[str, list[Number]]]:
        return [(name, feature.codes) for name, feature in self.features.items()]

    def ranks_at(self, point_id: int) -> list[int]:
        """The level of every feature at a grid point, counted from 0. Raises ValueError off the grid."""
        rest, ranks = point_id, []
        for size in reversed(self.shape):
            rest, rank = divmod(rest, size)
            ranks.append(rank)
        if rest:
            raise ValueError(f"point {point_id} of a grid of {self.size}")
        return ranks[::-1]

    def describe(self, record: dict) -> str:
        """The description text of a record, on the grid or off it (numbers off the grid as they are)."""
        said = {}
        for name, sentences in self._sentences.items():
            value = record[name]
            sentence = sentences.get(value)
            if sentence is None:
                sentence = self.features[name].wording.format(value=_tidy(value))
            said[name] = sentence
        return self.joined(said)

    @cached_property
    def _sentences(self) -> dict[str, dict]:
        """Feature -> code -> what is said of that level."""
        return {
            name: {code: f.wording.format(value=text) for code, text in zip(f.codes, f.labels, strict=True)}
            for name, f in self.features.items()
        }

    def joined(self, said: dict[str, str]) -> str:
        """The description of what is said of every feature."""
        if self.text is None:
            return "\n".join("- " + sentence for sentence in said.values())
        return self.text.format(**said).strip()

    @cached_property
    def options_text(self) -> str:
        """The options as a JSON list."""
        return json.dumps(list(self.options), ensure_ascii=False)

    @cached_property
    def levels_text(self) -> str:
        """The valid values of every feature, a line each; of a text those of every slot, after what the text
        says there."""
        if self.text is None:
            said = self.features
        else:
            said = [f'"{feature.wording.format(value="...")}"' for feature in self.features.values()]
        parts = zip(said, self.features.values(), strict=True)
        return "\n".join(f"- {name}: {_levels(feature)}" for name, feature in parts)

    @cached_property
    def record_text(self) -> str:
        """A record to fill in, as JSON."""
        return json.dumps(dict.fromkeys(self.features, ""), ensure_ascii=False)

    def grid(self) -> pd.DataFrame:
        """All N points: point_id, one column of codes per feature, description. Raises InputError for more
        than MOST_POINTS."""
        if self.size > MOST_POINTS:
            allowed = f"at most {MOST_POINTS:,} points to lay out; ask such a grid with boundary: adaptive"
            raise InputError(f"dataset {self.name}", "points", self.size, allowed)
        ranks = np.indices(self.shape).reshape(len(self.shape), -1)
        columns = {"point_id": np.arange(self.size)}
        said = []
        for rank, (name, feature) in zip(ranks, self.features.items(), strict=True):
            columns[name] = np.array(feature.codes)[rank]
            written = [feature.wording.format(value=label) for label in feature.labels]
            said.append(np.array(written, dtype=object)[rank])
        rows = zip(*said, strict=True)
        columns["description"] = [self.joined(dict(zip(self.features, row, strict=True))) for row in rows]
        return pd.DataFrame(columns)


def dataset_file(name: str) -> Path:
    """The file of a dataset: the user's own, or the workflow's."""
    return found(DATASETS / f"{name}.yaml")


def dataset_names() -> list[str]:
    """The datasets that there are."""
    return sorted({file.stem for place in places(DATASETS) for file in place.glob("*.yaml")})


def load_dataset(path) -> Dataset:
    """The dataset in a YAML file, checked. Raises InputError naming the file, the key and what is allowed."""
    return read_named(Dataset, path)


def _levels(feature: Feature) -> str:
    labels, codes = feature.labels, feature.codes
    if not feature.is_number:
        order = "in increasing order" if feature.kind == "ordinal" else "in no order"
        return f"one of {json.dumps(labels, ensure_ascii=False)} ({order})"
    steps = {round(b - a, 9) for a, b in pairwise(codes)}
    if len(steps) == 1 and len(codes) > 2:
        step = steps.pop()
        if step == 1:
            return f"a whole number from {labels[0]} to {labels[-1]}"
        return f"{labels[0]} to {labels[-1]} in steps of {step:g}"
    return "one of " + ", ".join(labels)


def _tidy(number):
    """500.0 -> 500, and 0.30000000000000004 -> 0.3: levels are written the way people write them."""
    number = round(number, 9)
    return int(number) if number == int(number) else number
