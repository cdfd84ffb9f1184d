"""The protocol of one model and dataset, with the steps of all kinds of experiments that it is asked."""

import importlib
from collections.abc import Mapping

import pandas as pd

from sce.asking.protocol import Protocol
from sce.experiments.registry import kind
from sce.grids.datasets import Dataset
from sce.models.entries import Model
from sce.models.shards import Shard
from sce.reading.authors import read_author
from sce.wordings.published import Published, find_prompt

SURVEY = "sce.searching.survey"  # the module that asks a grid in part
ABOUT = "sce.experiments.about_another"  # the module that asks one model about another


def protocol_of(
    dataset: Dataset,
    model: Model,
    asked: dict,
    published: Published | None,
    tasks: Mapping[str, pd.DataFrame],
    shard: Shard | None = None,
) -> Protocol:
    """The protocol that ``asked`` (``Study.protocol``) describes, or the part of a shard. ``tasks``: of the
    kinds of experiments that draw some, by their name."""

    def find(name):
        return find_prompt(name, dataset.name, published)

    # By name: what a full grid is asked depends on no search.
    survey = (
        importlib.import_module(SURVEY).survey_of(dataset, asked["survey"]) if "survey" in asked else None
    )
    return Protocol(
        dataset,
        questions=[find(name) for name in asked["questions"]],
        conditions=[find(name) for name in asked["conditions"]],
        system=model.system,
        structured=model.decoding == "json_schema",
        verify_off_grid=asked["verify_off_grid"],
        steps=tuple(kind(name).step(asks, find, tasks.get(name)) for name, asks in asked["kinds"].items()),
        survey=survey,
        samples=asked.get("samples", 1),
        shard=shard,
    )


def protocol_about(
    dataset: Dataset,
    model: Model,
    asked: dict,
    published: Published | None,
    boundary: pd.DataFrame,
    sce: pd.DataFrame,
) -> Protocol:
    """The protocol by which a model is asked about another one, whose artifacts ``boundary`` and ``sce`` are.
    ``asked``: see ``sce.study.inquiries.protocol_about``."""

    def find(name):
        return find_prompt(name, dataset.name, published)

    module = importlib.import_module(ABOUT)  # by name: what a model is asked of itself does not depend on it
    conditions = {name: find(name) for name in asked["conditions"]}
    author = read_author(dataset, find(asked["main"]), conditions, boundary, sce)
    options = asked.get("options", {})
    inquiries = [
        kind(name).inquiry(
            {condition: list(map(find, names)) for condition, names in wordings.items()},
            **options.get(name, {}),
        )
        for name, wordings in asked["about"].items()
    ]
    return Protocol(
        dataset,
        questions=[],
        conditions=[],
        system=model.system,
        structured=model.decoding == "json_schema",
        steps=(module.AskAbout(author, inquiries),),
    )
