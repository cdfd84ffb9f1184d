"""The files that a study ends in."""

from sce.experiments.kind import Kind
from sce.study.study import Study
from sce.wordings.rewordings import reworded


def of_pairs(study: Study, pattern: str) -> list[str]:
    """The pattern's file for every (model, dataset) of the study."""
    return [pattern.format(model=model, dataset=dataset) for model, dataset in study.pairs]


def outcomes(study: Study, experiment: str, table: str) -> list[str]:
    """The files of one table, of every (model, dataset) of an experiment."""
    pairs = study.pairs_of(experiment)
    return [f"results/{model}/{dataset}/{table}.parquet" for model, dataset in pairs]


def figure_name(kind: Kind) -> str:
    return kind.figure_name or f"{kind.name}_panels"


def of_experiment(study: Study, experiment: str) -> list[str]:
    """Everything that an experiment ends in."""
    tables, folder = study.tables(experiment), f"results/experiments/{experiment}"
    shown = [kind for kind in study.kinds if kind.name in tables]
    files = [f"{folder}/{table}.md" for table in tables]
    files += [f"{folder}/{figure_name(kind)}.png" for kind in shown]
    pairs = [f"results/{model}/{dataset}" for model, dataset in study.pairs_of(experiment)]
    conditions = tables.get("scores", [])
    if set(conditions) - set(reworded(conditions, study.stems())):
        files += [f"{folder}/validity.png", *(f"{pair}/boundary.png" for pair in pairs)]
    files += [f"{pair}/{kind.name}.png" for kind in shown if kind.points_columns for pair in pairs]
    return files
