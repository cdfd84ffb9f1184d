"""The kinds of entries: those of the package, and one that an engine from outside brings along."""

from typing import Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from sce.models import entries
from sce.models.catalogue import entry_type, read_entry


class Toy(entries.Model):
    engine: Literal["toy"]
    colour: str

    @property
    def provider_model(self):
        return self.colour


def test_an_engine_from_outside_brings_its_own_entry(monkeypatch):
    with pytest.raises(ValidationError, match="does not match any of the expected tags"):
        TypeAdapter(entry_type()).validate_python({"engine": "toy", "colour": "red"})
    monkeypatch.setattr("sce.models.catalogue.ENTRIES", entries.ENTRIES | {"toy": Toy})
    model = read_entry({"models": {"m": {"engine": "toy", "colour": "red"}}}, "m")
    assert (type(model), model.provider_model, model.gpus_taken) == (Toy, "red", 0)
    assert model.shape() == {"engine": "toy", "colour": "red", "system": None, "decoding": "free"}
    assert read_entry({"models": {"m": {"engine": "control", "policy": "echo"}}}, "m").policy == "echo"


def test_an_engine_has_one_entry(monkeypatch):
    monkeypatch.setattr(entries, "ENTRIES", {})
    entries.add_entry(Toy)
    entries.add_entry(Toy)
    assert {"toy": Toy} == entries.ENTRIES
    with pytest.raises(ValueError, match="two entries for the engine toy"):
        entries.add_entry(type("Other", (Toy,), {}))
