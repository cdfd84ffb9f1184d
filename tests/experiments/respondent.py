"""A control respondent, asked all questions of an experiment through the whole protocol and the ledger."""

from sce.asking.asker import open_asker
from sce.asking.conversations import elicit
from sce.experiments.given import Given
from sce.experiments.protocols import protocol_of
from sce.experiments.registry import kind as find_kind
from sce.reading import responses
from sce.study.parameters import kinds_with_tasks, task_options
from sce.study.study import load

SCORING = {"seed": 1, "estimand": "points"}


def study_of(policy, dataset, entry=None, **fields):
    """The study of one control respondent and one experiment."""
    models = {"m": {"engine": "control", "policy": policy} | (entry or {})}
    experiment = {"models": ["m"], "datasets": [dataset]} | fields
    return load({"models": models, "experiments": {"e": experiment}}, "config.yaml")


def answers_of(study, dataset, folder):
    """(the raw responses, the protocol, the tasks by kind of experiment)."""
    model = study.config.models["m"]
    kinds = kinds_with_tasks(study, "m", dataset)
    tasks = {k.name: k.draw_tasks(study.datasets[dataset], task_options(study, k)) for k in kinds}
    protocol = protocol_of(
        study.datasets[dataset], model, study.protocol("m", dataset), study.published, tasks
    )
    with open_asker(model, study.datasets[dataset], folder) as asker:
        raw = elicit(protocol, asker, lambda status: None)
    assert len(raw) <= protocol.at_most
    return raw, protocol, tasks


def given_of(study, name, dataset, folder, metrics=None, **settings) -> Given:
    """What a kind of experiment is given to measure; ``settings`` replace those of the study."""
    raw, _, tasks = answers_of(study, dataset, folder)
    made = study.datasets[dataset]
    kind = find_kind(name)
    tables = {
        "responses": raw,
        "boundary": responses.boundary(raw, made),
        "sce": responses.counterfactuals(raw, made, study.conditions("m", dataset)),
        "tasks": tasks.get(name),
    }
    settings = kind.settings(study.pair("m", dataset)) | settings
    return Given(made, tables, metrics or study.metrics("m", dataset), settings, **SCORING)


def values(table):
    return table.set_index("score")["value"]
