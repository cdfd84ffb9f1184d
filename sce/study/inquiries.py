"""Models that are asked about another one: who, about whom, and what (``sce.experiments.about_another``)."""

from sce.experiments.kind import Kind, Pair
from sce.study.study import Study


def explainers(study: Study, model: str, dataset: str, kind: Kind | None = None) -> list[str]:
    """The models that are asked about a model on a dataset, sorted, as their order means nothing; those that
    one kind of experiment asks, where it is given."""
    about = study.pair(model, dataset).experiments
    wanted = study.kinds if kind is None else [kind]
    named = {name for experiment in about for name in experiment.explainers}
    return sorted(
        name for name in named if any(each.asks_about(_pair(study, model, dataset, name)) for each in wanted)
    )


def inquiries(study: Study) -> list[tuple[str, str, str]]:
    """Every (model, dataset, explainer) of the study, each once."""
    return [
        (model, dataset, name) for model, dataset in study.pairs for name in explainers(study, model, dataset)
    ]


def responses_file(model: str, dataset: str, explainer: str) -> str:
    """Where a model's replies about another are, under the folder of results."""
    return f"{model}/{dataset}/peers/{explainer}/responses.parquet"


def protocol_about(study: Study, model: str, dataset: str, explainer: str) -> dict:
    """What ``explainer`` is asked about a model and a dataset, as JSON: ``main`` and ``conditions``, the
    wordings by which the model itself was asked; ``about``: kind of experiment -> condition -> wordings;
    ``options``: what else of the configuration a kind's questions depend on, by kind."""
    pair = _pair(study, model, dataset, explainer)
    about = {kind.name: kind.asks_about(pair) for kind in study.kinds}
    options = {kind.name: kind.options_about(study.config) for kind in study.kinds if about[kind.name]}
    options = {name: some for name, some in options.items() if some}
    return {
        "main": study.questions(model, dataset)[0],
        "conditions": sorted(pair.of("conditions")),
        "about": {
            name: {condition: wordings[condition] for condition in sorted(wordings)}
            for name, wordings in about.items()
            if wordings
        },
        **({"options": options} if options else {}),
    }


def wordings_about(study: Study, model: str, dataset: str, explainer: str) -> list[str]:
    """The names of all wordings in what ``explainer`` is asked about a model and a dataset, each once."""
    asked = protocol_about(study, model, dataset, explainer)
    own = [name for of in asked["about"].values() for wordings in of.values() for name in wordings]
    return list(dict.fromkeys([asked["main"], *asked["conditions"], *own]))


def prompt_files_about(study: Study, model: str, dataset: str, explainer: str) -> list[str]:
    """The files of these wordings, each once."""
    return study.files_of(wordings_about(study, model, dataset, explainer))


def _pair(study, model, dataset, explainer):
    pair = study.pair(model, dataset)
    naming = tuple(experiment for experiment in pair.experiments if explainer in experiment.explainers)
    return Pair(naming, pair.config, pair.find)
