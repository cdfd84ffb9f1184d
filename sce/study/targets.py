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


def of_pair(study: Study, model: str, dataset: str) -> list[str]:
    """The figures of a pair, and their captions: a map of the grid and where SCEs land, or what is certain
    around the starts."""
    folder = f"results/{model}/{dataset}"
    if study.survey(model, dataset):
        return [*_figures([f"{folder}/certainty"]), f"{folder}/certainty.txt"]
    return [*_figures([f"{folder}/boundary", f"{folder}/landings"]), f"{folder}/landings.txt"]


def outcomes(study: Study, experiment: str, table: str) -> list[str]:
    """The files of one table, of every (model, dataset) of an experiment."""
    pairs = study.pairs_of(experiment)
    return [f"results/{model}/{dataset}/{table}.parquet" for model, dataset in pairs]


def figure_name(kind: Kind) -> str:
    return kind.figure_name or f"{kind.name}_panels"


def drawn_conditions(study: Study, experiment: str) -> list[str]:
    """The conditions that the figures of an experiment's SCEs show: all but those that reword another one,
    whose spread has a figure of its own."""
    conditions = study.tables(experiment).get("scores", [])
    left_out = set(reworded(conditions, study.stems))
    return sorted(set(conditions) - left_out)


def of_experiment(study: Study, experiment: str) -> list[str]:
    """Everything that an experiment ends in."""
    tables, folder = study.tables(experiment), f"results/experiments/{experiment}"
    shown = [kind for kind in study.kinds if kind.name in tables]
    files = [f"{folder}/{table}.{form}" for table in tables for form in TABLE_FORMS]
    drawn = [f"{folder}/{figure_name(kind)}" for kind in shown]
    if drawn_conditions(study, experiment):
        drawn += [f"{folder}/validity", f"{folder}/distances"]
        files += [file for pair in study.pairs_of(experiment) for file in of_pair(study, *pair)]
    drawn += _point_maps(study, experiment)
    return [*files, *_figures(drawn), *(f"{stem}.txt" for stem in drawn)]  # with their captions


def _point_maps(study, experiment):
    kinds = [kind for kind in study.kinds if kind.name in study.tables(experiment) and kind.points_columns]
    return [
        f"results/{model}/{name}/{kind.name}" for kind in kinds for model, name in study.pairs_of(experiment)
    ]


def of_page(study: Study) -> dict[str, list]:
    """What the page shows of the experiments. ``figures``: (experiment, stem of a figure that has a caption),
    the experiment's own first; ``tables``: (experiment, table)."""
    figures, tables = [], []
    for experiment in study.experiments:
        files = of_experiment(study, experiment)
        own = f"results/experiments/{experiment}/"
        stems = [file.removesuffix(".txt") for file in files if file.endswith(".txt")]
        stems.sort(key=lambda stem: (not stem.startswith(f"{own}validity"), not stem.startswith(own)))
        figures += [(experiment, stem) for stem in dict.fromkeys(stems)]
        tables += [(experiment, table) for table in study.tables(experiment)]
    return {"figures": figures, "tables": tables}


def of_steps(study: Study) -> list[str]:
    """The artifacts that the steps on the way leave, which are results too: a deleted one is made again."""
    files = [
        file for name in PAIR_ARTIFACTS for file in of_pairs(study, f"results/{{model}}/{{dataset}}/{name}")
    ]
    files += of_inquiries(study)
    files += [file for pair in study.pairs for file in of_pair(study, *pair)]
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
