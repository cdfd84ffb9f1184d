"""The files that a study ends in."""

from sce.experiments.kind import Kind
from sce.measuring.metrics import OVER_EMBEDDINGS
from sce.study.inquiries import inquiries, responses_file
from sce.study.study import Study
from sce.wordings.rewordings import reworded

TABLE_FORMS = ("parquet", "csv", "md", "tex")
FIGURE_FORMS = ("png", "svg", "pdf")
PAIR_ARTIFACTS = tuple(f"{name}.parquet" for name in ("responses", "boundary", "sce", "distances", "scores"))


def of_pairs(study: Study, pattern: str) -> list[str]:
    """The pattern's file for every (model, dataset) of the study."""
    return [pattern.format(model=model, dataset=dataset) for model, dataset in study.pairs]


def asked_in_full(study: Study) -> list[str]:
    """The datasets whose whole grid some model is asked about: of these alone there is a file of the grid."""
    return list(dict.fromkeys(name for model, name in study.pairs if not study.survey(model, name)))


def of_inquiries(study: Study) -> list[str]:
    """The replies of every model that is asked about another."""
    return [f"results/{responses_file(*asked)}" for asked in inquiries(study)]


def _picture(study, model, dataset):
    """The picture of a pair: a map of the grid, or what is certain around the starts."""
    name = "certainty" if study.survey(model, dataset) else "boundary"
    return f"results/{model}/{dataset}/{name}"


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
    files = [f"{folder}/{table}.{form}" for table in tables for form in TABLE_FORMS]
    drawn = [f"{folder}/{figure_name(kind)}" for kind in shown]
    pairs = [f"results/{model}/{dataset}" for model, dataset in study.pairs_of(experiment)]
    conditions = tables.get("scores", [])
    if set(conditions) - set(reworded(conditions, study.stems)):
        drawn.append(f"{folder}/validity")
        files += _figures(_picture(study, *pair) for pair in study.pairs_of(experiment))
    files += [*_figures(drawn), *(f"{stem}.txt" for stem in drawn)]  # with their captions
    files += _figures(f"{pair}/{kind.name}" for kind in shown if kind.points_columns for pair in pairs)
    return files


def of_steps(study: Study) -> list[str]:
    """The artifacts that the steps on the way leave, which are results too: a deleted one is made again."""
    files = [
        file for name in PAIR_ARTIFACTS for file in of_pairs(study, f"results/{{model}}/{{dataset}}/{name}")
    ]
    files += of_inquiries(study)
    files += _figures(_picture(study, *pair) for pair in study.pairs)
    files += [f"results/grids/{dataset}.parquet" for dataset in asked_in_full(study)]
    for experiment, content in study.experiments.items():
        if OVER_EMBEDDINGS & set(content.metrics):
            files += [f"results/embeddings/{dataset}.npy" for dataset in content.datasets]
        for kind in study.kinds:
            if kind.name in study.tables(experiment):
                files += outcomes(study, experiment, kind.name)
                files += outcomes(study, experiment, f"{kind.name}_points") if kind.points_columns else []
                files += [f"results/{kind.name}/{d}.parquet" for d in content.datasets if kind.tasks_columns]
    return list(dict.fromkeys(files))


def _figures(stems):
    return [f"{stem}.{form}" for stem in stems for form in FIGURE_FORMS]
