"""Closed contracts: what a file or a configuration may hold, and the one error for what it may not."""

from typing import Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from sce.errors import InputError, closest

# What is allowed where a value is of another type, by pydantic's name of the error (its words are Python's).
OF_TYPE = {
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "a mapping of keys"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    "finite_number": "a finite number",
    "list_type": "a list",
    "string_type": "text, in quotes where YAML reads something else",
}


class Contract(BaseModel):
    """A closed record: unknown keys are refused, nothing is taken for what it is not (``yes`` for the number
    1, ``"3"`` for 3), every number is a finite one, and nothing changes after it was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def check(contract: type[Contract], content, where):
    """``content`` as a ``contract``. Raises InputError naming ``where`` and the first wrong key."""
    try:
        return contract.model_validate(content)
    except ValidationError as error:
        errors = error.errors()
        # Where a required key is missing, a key that does not belong there is likely its misspelling.
        first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
        keys, names, records = _follow(contract, first["loc"])
        found = "nothing" if first["type"] == "missing" else first["input"]
        if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
            keys.append(first["ctx"]["discriminator"].strip("'"))
            found = first["ctx"].get("tag", "nothing")
            allowed = "one of " + ", ".join(_tags(records, keys[-1]))
        else:
            allowed = _allowed(first, names)
        raise InputError(where, ".".join(keys) or "content", found, allowed) from None


def _allowed(problem, names):
    if problem["type"] == "extra_forbidden":
        close = closest(str(problem["loc"][-1]), names, 1)
        return f"no other key than {', '.join(names)}{'; perhaps ' if close else ''}{''.join(close)}"
    if problem["type"] == "missing":
        return "this key is required"
    if problem["type"] == "string_pattern_mismatch":
        return f"text of the form {problem['ctx']['pattern']}"
    if problem["type"] in OF_TYPE:
        return OF_TYPE[problem["type"]]
    return problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")


def _follow(contract, loc):
    """The keys a reader would see along ``loc``, the field names of the record that the last one is in, and
    the records that its own value may be.

    Where a tag says which of several records it is (an engine), pydantic's path holds it, and it is no key.
    """
    keys, records, names = [], [contract], []
    free = False  # whether the next key is of the user's choosing: it may be called like a tag or a field
    for part in loc:
        if "[" in str(part):  # pydantic's name of a type or a check, no key
            continue
        if free:
            keys.append(str(part))
            free = False
            continue
        tagged = [r for r in records if len(records) > 1 and _has_tag(r, part)]
        if tagged:
            records = tagged
            continue
        keys.append(str(part))
        names = sorted({name for record in records for name in record.model_fields})
        fields = [r.model_fields[part] for r in records if part in r.model_fields]
        if fields:
            types = list(_types(fields[0].annotation))
            free = any(get_origin(t) is dict for t in types)
            records = [t for t in types if isinstance(t, type) and issubclass(t, BaseModel)]
    return keys, names, records


def _tags(records, field):
    """The values of the field that distinguishes the records."""
    return [tag for record in records for tag in get_args(record.model_fields[field].annotation)]


def _has_tag(record, tag):
    return any(
        get_origin(field.annotation) is Literal and get_args(field.annotation) == (tag,)
        for field in record.model_fields.values()
    )


def _types(annotation):
    yield annotation
    for part in get_args(annotation):
        yield from _types(part)
