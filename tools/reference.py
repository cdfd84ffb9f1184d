"""``python -m tools.reference`` writes docs/reference.md from the code: the keys of the configuration and of
the files beside it from their contracts, the columns of the artifacts from their schemas, the command line
from its parser.
"""

import argparse
import importlib
import inspect
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from sce.__main__ import TOOLS, parser
from sce.experiments.registry import MODULES, kind, kinds
from sce.files import values
from sce.files.artifacts import SCHEMAS
from sce.files.contracts import Contract
from sce.grids.datasets import Dataset, Number
from sce.models.anthropic import Messages, OnCloud
from sce.models.entries import ENTRIES, Local, Model
from sce.models.remote import Batched, Chat, Hosted, Remote
from sce.money.prices import Prices
from sce.study.config import contract
from sce.wordings.prompts import Prompt

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/reference.md"
NAVIGATION = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
INTRODUCTION = """# Reference

Made from the code by `python -m tools.reference`; a test compares it with the code. What the keys are for:
[Configuration, key by key](configuration.md). What the columns mean: [Files and columns](scores.md). The
commands in use: [Tutorial](tutorial.md)."""
KNOWN = [
    (values.Key, "a name"), (values.FilePath, "a path"), (values.Url, "an address"), (values.Seed, "a seed"),
    (values.Page, "a text"), (values.Line, "one line"), (values.OneLine, "one line"),
    (values.Seconds, "seconds"), (values.Tokens, "a number of tokens"), (Number, "a number"),
    (int, "a whole number"), (float, "a number"), (bool, "`true` or `false`"), (str, "a text"),
    (Any, "anything"), (date, "a day in quotes, such as `\"2026-11-22\"`"),
    (NoneType, "`null`"),
]  # fmt: skip
LIMITS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "at least", "max_length": "at most"}
BASES = {
    Model: "Every model", Local: "Models whose weights are here", Remote: "Models asked over HTTP",
    Hosted: "Models on others' servers", Batched: "Models that can be asked in batches",
    Chat: "Models asked in OpenAI's chat format", Messages: "Models asked in Anthropic's messages format",
    OnCloud: "Anthropic's models on others' clouds",
}  # fmt: skip


def titles(navigation: list[dict]) -> dict[str, str]:
    """Page -> its title in the navigation of the site, in its order."""
    found = {}
    for item in navigation:
        for title, target in item.items():
            found |= {target: title} if isinstance(target, str) else titles(target)
    return found


TITLES = titles(NAVIGATION)


def page() -> str:
    """The whole page, in Markdown."""
    parts = [INTRODUCTION, *_configuration(), *_files(), *_artifacts(), *_command_line()]
    return "\n\n".join(parts) + "\n"


# --- contracts


def _configuration() -> Iterator[str]:
    config = contract(*kinds())
    fields = config.model_fields
    yield "## Configuration"
    yield from _record("A configuration", config, fields.keys() - {"models", "experiments"})
    yield "## Models"
    engines = {entry: f"engine: {engine}" for engine, entry in ENTRIES.items()}
    for entry, title in (BASES | engines).items():
        also = [BASES[base] for base in inspect.getmro(entry)[1:] if base in BASES]
        yield from _record(title, entry, inspect.get_annotations(entry), also, within=f"{title}: ")
    yield "## Experiments"
    experiment = get_args(fields["experiments"].annotation)[1]
    base = experiment.__base__
    yield from _record("Every experiment", base, base.model_fields)
    for name, module in MODULES.items():
        yield f"### {name}"
        yield _prose(importlib.import_module(module))
        yield _prose(type(kind(name)))
        yield from _keys(experiment, kind(name).fields)


def _files() -> Iterator[str]:
    yield "## Other files"
    for title, record in {"A dataset": Dataset, "A wording": Prompt, "Prices": Prices}.items():
        yield from _record(title, record, record.model_fields, within=f"{title}: ")


def _record(title: str, record: type[Contract], fields, also: Iterable[str] = (), within: str = ""):
    """The section of a record: its own words, a table of these of its fields, and the sections of the records
    that stand in them, whose titles begin with ``within``. ``also``: titles of the sections whose keys it has
    too."""
    yield f"### {title}"
    yield _prose(record)
    if also:
        yield "With the keys of: " + ", ".join(f"[{each}](#{anchor(each)})" for each in also) + "."
    yield from _keys(record, fields)
    hints = get_type_hints(record, include_extras=True)
    for key in record.model_fields:
        if key in fields:
            for inner in _contracts(hints[key]):
                yield from _record(f"{within}{key}", inner, inner.model_fields)


def _contracts(hint) -> Iterator[type[Contract]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for part in get_args(hint):
        yield from _contracts(part)


def _keys(record: type[Contract], names: Iterable[str]) -> Iterator[str]:
    """A table of fields in the order of the record, if there are any."""
    hints = get_type_hints(record, include_extras=True)
    rows = []
    for name, field in record.model_fields.items():
        if name in names:
            bounded = get_origin(hints[name]) is Annotated  # its limits stand there too
            allowed = words(hints[name], "" if bounded else _limits(field.metadata))
            rows.append((f"`{name}`", allowed, _default(field.get_default())))
    if rows:
        yield _table(("key", "allowed", "default"), rows)


def words(hint, limits: str = "") -> str:
    """What a field with this type, and these limits, may hold."""
    for known, told in KNOWN:
        if hint == known:
            return told + limits
    inner = get_args(hint)
    match get_origin(hint):
        case origin if origin is Annotated:
            return words(inner[0], _limits(inner[1:]))
        case origin if origin is Literal:
            return ", ".join(f"`{str(v).lower() if isinstance(v, bool) else v}`" for v in inner)
        case origin if origin in (Union, UnionType):
            told = [words(each, limits if each is not NoneType else "") for each in inner]
            return " or ".join(dict.fromkeys(told))
        case origin if origin is list:
            return f"a list: {words(inner[0])}{limits}"
        case origin if origin is tuple:
            return f"two: {words(inner[0])}"
        case origin if origin is dict:
            return f"a mapping of {words(inner[0])} to {words(inner[1])}{limits}"
    return "keys of their own, below"


def _limits(metadata) -> str:
    """The limits of a value, from what stands in ``Annotated``."""
    told = []
    for each in metadata:
        for limit in getattr(each, "metadata", [each]):
            bounds = {sign: getattr(limit, name, None) for name, sign in LIMITS.items()}
            told += [f"{sign} {_number(bound)}" for sign, bound in bounds.items() if bound is not None]
            if getattr(limit, "pattern", None):
                told.append(f"of the form `{limit.pattern}`")
    return "".join(f", {each}" for each in told)


def _number(bound) -> str:
    return f"{int(bound) if bound == int(bound) else bound:,}"


def _default(value) -> str:
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return "as below"
    return f"`{json.dumps(value)}`"


# --- artifacts


def _artifacts() -> Iterator[str]:
    yield "## Artifacts"
    yield (
        "Parquet files, by what their metadata call them; which file is which: "
        "[Files and columns](scores.md). *Features* stands for a column of each feature of the dataset, "
        "*SCE features* for the same with the prefix `sce_`."
    )
    stand_for = {"features": "*features*", "sce_features": "*SCE features*"}
    for name, columns in SCHEMAS.items():
        yield f"### {name}"
        base = _widened(name)
        if base:
            yield f"The columns of [{base}](#{anchor(base)}), and:"
        added = {column: kind for column, kind in columns.items() if column not in SCHEMAS.get(base, ())}
        rows = [(stand_for.get(column, f"`{column}`"), str(kind)) for column, kind in added.items()]
        yield _table(("column", "type"), rows)


def _widened(name: str) -> str | None:
    """The artifact with the most columns that another one has all of."""
    columns = SCHEMAS[name].items()
    inside = [other for other in SCHEMAS if SCHEMAS[other].items() < columns]
    return max(inside, key=lambda other: len(SCHEMAS[other]), default=None)


# --- the command line


def _command_line() -> Iterator[str]:
    yield "## Command line"
    yield "To be used in the folder of a study. Every command has `--help`."
    yield from _commands(parser(TOOLS), "python -m sce")


def _commands(command: argparse.ArgumentParser, called: str) -> Iterator[str]:
    """The sections of a command's commands."""
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {choice.dest: choice.help for choice in action._choices_actions}
            for name, inner in action.choices.items():
                yield f"### {called} {name}"
                yield _sentences(told[name], inner.description)
                yield from _arguments(inner)
                yield from _commands(inner, f"{called} {name}")


def _arguments(command: argparse.ArgumentParser) -> Iterator[str]:
    rows = []
    for action in command._actions:
        if not isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
            named = action.metavar or action.dest.upper()
            named = named if isinstance(named, str) else " ".join(named)  # one for each value
            taken = "" if action.nargs == 0 else f" {named}"
            called = ", ".join(f"`{option}{taken}`" for option in action.option_strings)
            choices = f" ({', '.join(f'`{choice}`' for choice in action.choices)})" if action.choices else ""
            told = (action.help or "") % {"default": action.default}
            rows.append((called or f"`{taken.strip()}`", told + choices))
    if rows:
        yield _table(("argument", "meaning"), rows)


# --- Markdown


def _sentences(*texts: str | None) -> str:
    """Texts of the command line, each once, as sentences."""
    return " ".join(f"{text[0].upper()}{text[1:].rstrip('.')}." for text in dict.fromkeys(texts) if text)


def _prose(documented) -> str:
    """What code says about itself, in Markdown; pages that it names become links."""
    text = re.sub(r"docs/\s+", "docs/", inspect.getdoc(documented) or "").replace("``", "`")
    text = text.replace("config/README.md", "docs/configuration.md")
    return re.sub(r"\bdocs/(\w+\.md)", lambda page: f"[{TITLES[page[1]]}]({page[1]})", text)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def anchor(title: str) -> str:
    """The anchor of a title, as the site makes it."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title.lower()).strip())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
