"""What the metadata of every artifact ought to say it was made from: the parameters of its step, as the
configuration and the checkout have them now."""

import json

from sce.experiments import registry
from sce.files.json_files import exact
from sce.money.prices import Prices
from sce.study import parameters
from sce.study.inquiries import inquiries, responses_file
from sce.study.parameters import code, dataset_content
from sce.study.study import Study
from sce.study.targets import asked_in_full


def expected_notes(study: Study, prices: Prices) -> dict[str, dict]:
    """Artifact (under the folder of results) -> its parameters by name."""
    found = {f"grids/{name}.parquet": _grid(study, name) for name in asked_in_full(study)}
    for model, dataset in study.pairs:
        found |= {f"{model}/{dataset}/{name}": note for name, note in _of_pair(study, model, dataset).items()}
    for about in inquiries(study):
        found[responses_file(*about)] = {
            "asked": exact(parameters.asked_about(study, *about)),
            "code": parameters.elicit_about_code(study, *about),
        }
    for experiment in study.experiments:
        found |= _of_experiment(study, experiment)
    found |= _of_all(study, prices)
    return {file: {name: _decoded(value) for name, value in note.items()} for file, note in found.items()}


def _grid(study, name):
    return {"content": dataset_content(study, name), "code": code("build_grid")}


def _of_pair(study, model, name):
    known = dataset_content(study, name)
    read = {
        "conditions": study.conditions(model, name),
        "content": known,
        "code": code("parse_responses"),
    }
    asked = parameters.asked(study, model, name)
    metrics = study.metrics(model, name)
    return {
        "responses.parquet": {"asked": exact(asked), "code": parameters.elicit_code(study, model, name)},
        "boundary.parquet": read,
        "sce.parquet": read,
        "distances.parquet": {
            "metrics": metrics,
            "survey": parameters.survey(study, model, name),
            "content": known,
            "code": parameters.measure_code(study, model, name),
        },
        "scores.parquet": {
            "estimand": study.config.scoring.estimand,
            "content": known,
            "code": code("score"),
        },
    }


def _of_experiment(study, experiment):
    found = {}
    for table in study.tables(experiment):
        found[f"experiments/{experiment}/{table}.parquet"] = {
            "tabulated": parameters.tabulate(study, experiment, table),
            "reference": parameters.files_content(study.reference_files()),
            "code": code("tabulate"),
        }
    for kind in study.kinds:
        if kind.name in study.tables(experiment):
            for model, dataset in study.pairs_of(experiment):
                found |= _of_kind(study, kind, model, dataset)
    return found


def _of_kind(study, kind, model, name):
    module, known = registry.MODULES[kind.name], dataset_content(study, name)
    found = {
        f"{model}/{name}/{kind.name}.parquet": {
            "measured": parameters.measure(study, kind.name, model, name),
            "content": known,
            "code": code("measure_kind", module),
        }
    }
    if kind.points_columns:
        made = {"module": module, "content": known, "code": code("measure_points", module)}
        found[f"{model}/{name}/{kind.name}_points.parquet"] = made
    if kind.tasks_columns:
        made = {"module": module, "content": known, "code": code("draw_tasks", module)}
        found[f"{kind.name}/{name}.parquet"] = made | {"options": exact(parameters.task_options(study, kind))}
    return found


def _of_all(study, prices):
    pairs = exact(study.pairs)
    contents = parameters.dataset_contents(study)
    asked = parameters.usage_of(study)
    used = {"pairs": asked, "prices": parameters.prices(study, prices), "code": code("collect_usage")}
    compared = {
        "pairs": pairs,
        "stems": exact(study.stems),
        "estimand": study.config.scoring.estimand,
        "contents": contents,
        "code": code("compare"),
    }
    return {
        "scores.parquet": {"pairs": pairs, "code": code("collect_scores")},
        "differences.parquet": compared,
        "boundaries.parquet": {"pairs": pairs, "contents": contents, "code": code("describe_boundaries")},
        "usage.parquet": used,
        "failures.parquet": used,
    }


def _decoded(value):
    """A parameter as the metadata hold it: JSON texts decoded."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value
