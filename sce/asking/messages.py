"""The messages of a conversation, and the JSON schemas of its replies."""

from sce.grids.datasets import Dataset
from sce.ledger.entries import Entry


def fresh(text: str, system: str | None = None) -> list[dict]:
    """The messages of a conversation that begins with ``text``."""
    before = [{"role": "system", "content": system}] if system else []
    return [*before, {"role": "user", "content": text}]


def continued(messages: list[dict], entry: Entry, text: str) -> list[dict]:
    """The conversation continued: the model's raw answer, as its provider wants it back, then ``text``."""
    turn = entry.turn or {"role": "assistant", "content": entry.response}
    return [*messages, turn, {"role": "user", "content": text}]


def answer_schema(dataset: Dataset, confidence: bool = False) -> dict:
    """JSON schema of an answer, with how sure it is where that is asked for."""
    answer = {"answer": {"type": "string", "enum": list(dataset.options)}}
    return object_schema(answer | ({"confidence": {"type": "number"}} if confidence else {}))


def record_schema(dataset: Dataset) -> dict | None:
    """JSON schema of a record: every feature, each with one of its levels. None where an SCE is a text."""
    if dataset.text is not None:
        return None
    return object_schema(
        {
            name: {
                "type": _json_type(feature),
                "enum": feature.codes if feature.is_number else feature.labels,
            }
            for name, feature in dataset.features.items()
        }
    )


def object_schema(properties: dict) -> dict:
    """JSON schema of an object with exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _json_type(feature):
    if not feature.is_number:
        return "string"
    return "integer" if all(isinstance(code, int) for code in feature.codes) else "number"
