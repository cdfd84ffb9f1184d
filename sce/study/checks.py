"""What a configuration must be beyond its contract: names that mean something, and wordings that fit."""

from sce.errors import InputError, suggest
from sce.grids.datasets import DATASETS
from sce.measuring.metrics import METRICS


def check_names(study) -> None:
    """Models, metrics and datasets that experiments name exist, and nothing is named twice."""
    for name, experiment in study.experiments.items():
        key = f"experiments.{name}"
        known = {
            "models": (study.config.models, "a model of this configuration: "),
            "metrics": (METRICS, ""),
            "datasets": ([path.stem for path in DATASETS.glob("*.yaml")], f"a file under {DATASETS}: "),
        }
        for field, (there, what) in known.items():
            for found in getattr(experiment, field):
                if found not in there:
                    raise InputError(study.where, f"{key}.{field}", found, what + suggest(found, there))
        for kind in study.kinds:
            if kind.about_sces and not experiment.conditions:
                for field in kind.fields:
                    if getattr(experiment, field):
                        allowed = "conditions whose SCEs it is about"
                        raise InputError(study.where, f"{key}.{field}", "no condition", allowed)
        _check_twice(study, key, experiment)


def _check_twice(study, key, experiment):
    for field, names in experiment:
        if isinstance(names, list):
            twice = [name for name in names if names.count(name) > 1]
            if twice:
                raise InputError(study.where, f"{key}.{field}", f"{twice[0]} twice", "each name once")


def check_wordings(study) -> None:
    """Every wording is of the kind that its field holds, and each pair continues one main question."""
    for name, experiment in study.experiments.items():
        for field, kind in study.wording_fields.items():
            for wording in getattr(experiment, field):
                found = study.prompt(wording, experiment.datasets[0]).kind
                if found != kind:
                    key, allowed = f"experiments.{name}.{field}", f"prompts of kind {kind}"
                    raise InputError(study.where, key, f"{wording}, a {found}", allowed)
    for model, dataset in study.pairs:
        _check_published(study, model, dataset)
        mains = study.main_questions(study.pair(model, dataset))
        if len(mains) > 1:
            raise InputError(
                study.where, "experiments", f"{model} on {dataset} continues {' and '.join(mains)}",
                "one main wording for each model and dataset, the first of questions; for another one, "
                "another entry of the same model",
            )  # fmt: skip


def shape_of(study, name: str) -> dict:
    """What shapes a model's answers; weights that are missing are named here, before anything runs."""
    try:
        return study.config.models[name].shape()
    except InputError as error:
        raise InputError(study.where, f"models.{name}.{error.key}", error.found, error.allowed) from None


def _check_published(study, model, dataset):
    entry = study.config.models[model]
    if entry.engine != "published":
        return
    if dataset not in entry.files:
        have = ", ".join(entry.files)
        raise InputError(study.where, f"models.{model}.files", f"none for {dataset}", f"datasets: {have}")
    asked, names = study.protocol(model, dataset), study.wordings(model, dataset)
    if len(names) > 2 or asked["kinds"]:
        allowed = "one question and one condition, those of the result file"
        raise InputError(study.where, "experiments", f"{model} under {', '.join(names)}", allowed)
