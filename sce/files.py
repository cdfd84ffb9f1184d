"""Reading the YAML files of the project, each checked by a closed contract."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from sce.errors import InputError


class Contract(BaseModel):
    """A closed record: unknown keys are refused, and nothing changes after it was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML lets a later key silently replace an earlier one; two models with one name must not pass."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise DuplicateKey(key, key_node.start_mark.line + 1)
            seen.add(key)
        return super().construct_mapping(node, deep)


class DuplicateKey(Exception):
    def __init__(self, key, line):
        self.key, self.line = key, line
        super().__init__(f"{key} stands twice (line {line})")


def read_yaml(path) -> dict:
    """The mapping in a YAML file. Raises InputError for a missing file, bad YAML or a key given twice."""
    path = Path(path)
    if not path.is_file():
        siblings = ", ".join(sorted(p.stem for p in path.parent.glob("*.yaml"))) or "none there"
        raise InputError(path, "file", "missing", f"an existing file; beside it: {siblings}")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeyLoader)
    except DuplicateKey as error:
        raise InputError(
            path, error.key, f"the same key twice (line {error.line})", "each key once"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(path, "syntax", " ".join(str(error).split()), "valid YAML in UTF-8") from None
    if not isinstance(content, dict):
        raise InputError(path, "content", type(content).__name__, "a mapping of keys")
    return content


def check(contract: type[Contract], content, where):
    """``content`` as a ``contract``. Raises InputError naming ``where`` and the first wrong key."""
    try:
        return contract.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "content"
        raise InputError(where, key, _found(first), _allowed(contract, first)) from None


def _found(problem):
    return "nothing" if problem["type"] == "missing" else problem["input"]


def _allowed(contract, problem):
    if problem["type"] == "extra_forbidden":
        names = _keys_at(contract, problem["loc"][:-1])
        return "no other key than " + ", ".join(names) if names else "no such key"
    if problem["type"] == "missing":
        return "this key is required"
    return problem["msg"].removeprefix("Value error, ")


def _keys_at(contract, loc):
    """The field names of the record found by following ``loc``; None where the path leaves plain records."""
    for part in loc:
        field = contract.model_fields.get(str(part)) if isinstance(contract, type) else None
        if field is None:
            continue  # a mapping key, a list index, or the tag of a union: the record is the same
        inner = [t for t in _types(field.annotation) if isinstance(t, type) and issubclass(t, BaseModel)]
        if len(inner) != 1:
            return None
        contract = inner[0]
    return sorted(contract.model_fields)


def _types(annotation):
    yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _types(part)
