"""What a configuration must be beyond its contract: names that mean something, and wordings that fit."""

from collections import Counter
from pathlib import Path

from sce.errors import InputError, suggest
from sce.grids.datasets import DATASETS, MOST_POINTS, dataset_file, dataset_names
from sce.measuring.metrics import METRICS, OVER_EMBEDDINGS, space
from sce.models import shards
from sce.models.published import ResultFiles
from sce.money.prices import Prices, check_budget
from sce.reading.texts import check_texts
from sce.wordings.prompts import fits, load_prompt, prompt_file, prompt_files

# What the workflow itself makes under results/, next to the folders of the models.
FOLDERS = {"grids", "embeddings", "experiments", "failures_checked", "report_conversations"}
SUFFIXES = (
    ".parquet",
    ".csv",
    ".md",
    ".tex",
    ".png",
    ".svg",
    ".pdf",
    ".txt",
    ".npy",
    ".json",
    ".log",
    ".html",
)
RULES = {
    "all", "audit", "build_distance_matrix", "build_grid", "build_page", "check_failures", "collect_scores",
    "collect_usage", "compare", "default", "describe_boundaries", "distance_matrices", "draw_tasks", "elicit",
    "elicit_about", "elicit_shard", "embed_descriptions", "experiments", "measure_distances", "measure_kind",
    "measure_points", "parse_responses", "plan", "plot_boundary", "plot_certainty", "plot_experiment",
    "plot_kind", "plot_points", "plot_validity", "score", "scores", "tabulate", "whole_study",
}  # fmt: skip


def check_budgets(study, prices: Prices) -> None:
    """Models that are asked within a budget have a price."""
    asked = [name for e in study.experiments.values() for name in (*e.models, *e.explainers)]
    for name in dict.fromkeys(asked):
        check_budget(study.config.models[name], prices, f"{study.where}: models.{name}")


def check_shards(study) -> None:
    """Models are asked by no more jobs at once than can share the entry's limits."""
    for name, entry in study.config.models.items():
        if allowed := shards.allowed(entry):
            raise InputError(study.where, f"models.{name}.shards", entry.shards, allowed)


def check_names(study) -> None:
    """Models, metrics and datasets that experiments name exist, nothing is named twice, and what names a
    folder or a target collides with none of the workflow's own."""
    tables = {kind.name for kind in study.kinds}
    _check_own(
        study, "models", study.config.models, FOLDERS | tables, "a name that no folder of results/ has"
    )
    _check_own(study, "experiments", study.experiments, RULES, "a name that no rule has")
    _check_folder(study, "ledger", study.config.ledger)
    for name, experiment in study.experiments.items():
        key = f"experiments.{name}"
        known = {
            "models": (study.config.models, "a model of this configuration: "),
            "explainers": (study.config.models, "a model of this configuration: "),
            "metrics": (METRICS, ""),
            "datasets": (dataset_names(), f"a file under {DATASETS}: "),
        }
        for field, (there, what) in known.items():
            for found in getattr(experiment, field):
                if found not in there:
                    raise InputError(study.where, f"{key}.{field}", found, what + suggest(found, there))
        for kind in study.kinds:
            if kind.about_sces and not experiment.conditions:
                for field in kind.fields:
                    if getattr(experiment, field):
                        found = "set, but the experiment has no conditions"
                        allowed = "at least one condition, whose SCEs it asks about"
                        raise InputError(study.where, f"{key}.{field}", found, allowed)
        _check_twice(study, key, experiment)


def _check_own(study, key, names, taken, allowed):
    """The names of models or experiments: on some file systems A and a are one folder."""
    seen = {}
    for name in names:
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            raise InputError(
                study.where, f"{key}.{name}", f"{first} and {name}", "names that differ in letters"
            )
        if name.casefold() in taken or name.casefold().endswith(SUFFIXES):
            raise InputError(study.where, f"{key}.{name}", name, allowed)


def _check_folder(study, key, path):
    try:
        if Path(path).exists() and not Path(path).is_dir():
            raise InputError(
                study.where, key, f"{path}, a file", "a folder, or a path where there is nothing"
            )
        inside = Path(path).resolve().is_relative_to(Path("results").resolve())
        around = Path.cwd().is_relative_to(Path(path).resolve())
    except OSError as error:
        raise InputError(study.where, key, str(error), "a folder that can be reached") from None
    if inside:  # results may be deleted at any time, and answers were paid for
        raise InputError(study.where, key, path, "a folder outside results/")
    if around:
        raise InputError(study.where, key, f"{path}, which holds this folder", "a folder of its own")


def _check_twice(study, key, experiment):
    for field, names in experiment:
        if isinstance(names, list):
            name, times = next(iter(Counter(names).most_common(1)), (None, 0))
            if times > 1:
                raise InputError(study.where, f"{key}.{field}", f"{name} twice", "each name once")


def check_wordings(study) -> None:
    """Every wording is of the kind that its field holds and asks for what the dataset wants, and each pair
    continues one main question."""
    for name, experiment in study.experiments.items():
        for field, kind in study.wording_fields.items():
            for wording in getattr(experiment, field):
                prompt = study.prompt(wording, experiment.datasets[0])
                if prompt.kind != kind:
                    key, allowed = f"experiments.{name}.{field}", f"prompts of kind {kind}"
                    raise InputError(study.where, key, f"{wording}, a {prompt.kind}", allowed)
                if prompt.metric is not None and prompt.metric not in METRICS:
                    allowed = suggest(prompt.metric, METRICS)
                    raise InputError(prompt_file(wording), "metric", prompt.metric, allowed)
                for dataset in experiment.datasets:
                    _check_form(study, f"experiments.{name}.{field}", wording, dataset)
    for model, dataset in study.pairs:
        _check_published(study, model, dataset)
        mains = study.main_questions(study.pair(model, dataset))
        if len(mains) > 1:
            raise InputError(
                study.where, "experiments", f"{model} on {dataset} continues {' and '.join(mains)}",
                "the same first wording under questions in all experiments that ask this model about this "
                "dataset; to continue another wording, add a second entry of the model",
            )  # fmt: skip


def check_boundaries(study) -> None:
    """What is asked in full can be, and what is asked in part can be searched, in one way for each pair."""
    for name, experiment in study.experiments.items():
        for dataset in experiment.datasets:
            key, size = f"experiments.{name}.boundary", study.datasets[dataset].size
            if not study.is_adaptive(experiment, dataset):
                if size > MOST_POINTS:
                    allowed = f"adaptive; {dataset} has {size:,} points, more than {MOST_POINTS:,}"
                    raise InputError(study.where, key, experiment.boundary, allowed)
                continue
            if unfit := sorted(OVER_EMBEDDINGS & set(experiment.metrics)):
                allowed = "metrics that are sums over features, where a grid is asked in part"
                raise InputError(study.where, f"experiments.{name}.metrics", ", ".join(unfit), allowed)
            others = set(study.tables(name)) - {"scores", "wordings"}
            if others:
                allowed = f"what a grid asked in part can answer; {dataset} is asked in part"
                raise InputError(study.where, f"experiments.{name}", ", ".join(sorted(others)), allowed)
    for model, dataset in study.pairs:
        about = study.pair(model, dataset).experiments
        in_part = [e for e in about if study.is_adaptive(e, dataset)]
        if any(e.adaptive != in_part[0].adaptive for e in in_part):
            allowed = f"one way for {model} on {dataset}, in all experiments that hold them"
            raise InputError(study.where, "experiments", "different ways to ask in part", allowed)
        if in_part and not study.config.models[model].is_asked:
            raise InputError(
                study.where, "experiments", model, "models that can be asked about a grid in part"
            )


def check_explainers(study) -> None:
    """Models that are asked about others have something to be asked, and can be asked."""
    fields = [field for kind in study.kinds if kind.needs_explainers for field in kind.wordings]
    for name, experiment in study.experiments.items():
        key = f"experiments.{name}.explainers"
        asks = [field for field in fields if getattr(experiment, field)]
        if bool(asks) != bool(experiment.explainers):
            found = f"none, for {asks[0]}" if asks else ", ".join(experiment.explainers)
            allowed = "models to ask" if asks else f"none, or one of {', '.join(fields)} to ask them"
            raise InputError(study.where, key, found, allowed)
        # A result file answers nothing new, and holds other words than an explainer would be shown.
        for model in (*experiment.explainers, *experiment.models) if asks else ():
            if not study.config.models[model].is_asked:
                found, allowed = f"{model}, a result file", "models that are asked, and about such"
                raise InputError(study.where, key, found, allowed)


def check_samples(study) -> None:
    """What is asked several times can be, and may differ."""
    for name, experiment in study.experiments.items():
        key = f"experiments.{name}.samples"
        if experiment.samples == 1:
            continue
        for model in experiment.models:
            entry = study.config.models[model]
            if not entry.can_differ:
                allowed = "1; it always answers alike (of the controls those with wavers, or random, do not)"
                raise InputError(study.where, key, f"{experiment.samples} for {model}", allowed)
        for model, dataset in study.pairs_of(name):
            pair = study.pair(model, dataset)
            unfit = {
                "repeats": any(pair.of("repeats")),
                "verify_off_grid": any(pair.of("verify_off_grid")),
                "boundary: adaptive": any(study.is_adaptive(e, dataset) for e in pair.experiments),
            }
            for what in (what for what, there in unfit.items() if there):
                allowed = f"1, or no {what} in any experiment of {model} on {dataset}"
                raise InputError(study.where, key, f"{experiment.samples}, and {what}", allowed)


def check_datasets(study) -> None:
    """Every dataset carries the distances that it is measured with and what experiments ask about it."""
    wanted = {(d, m) for e in study.experiments.values() for d in e.datasets for m in e.metrics}
    for name, dataset in study.datasets.items():
        check_texts(dataset, dataset_file(name))
    for dataset, metric in sorted(wanted):
        if metric not in OVER_EMBEDDINGS:  # whose distances are known once descriptions are embedded
            space(study.datasets[dataset], metric)
    for experiment in study.experiments.values():
        for dataset in experiment.datasets:
            for kind in study.kinds:
                kind.check(experiment, study.config, study.datasets[dataset])


def shape_of(study, name: str) -> dict:
    """What shapes a model's answers; weights that are missing are named here, before anything runs."""
    try:
        return study.config.models[name].shape()
    except InputError as error:
        raise InputError(study.where, f"models.{name}.{error.key}", error.found, error.allowed) from None


def _check_form(study, key, wording, name):
    """A wording asks for records, or for rewritten texts where the dataset is one of texts."""
    dataset, prompt = study.datasets[name], study.prompt(wording, name)
    if fits(prompt, dataset):
        return
    others = (load_prompt(file) for file in prompt_files().values())
    fitting = [other.name for other in others if other.kind == prompt.kind and fits(other, dataset)]
    form = "a record" if dataset.text is None else "a rewritten text"
    there = suggest(wording, fitting) or f"no {prompt.kind} does"
    raise InputError(study.where, key, wording, f"what asks for {form} of {name}: {there}")


def _check_published(study, model, dataset):
    entry = study.config.models[model]
    if not isinstance(entry, ResultFiles):
        return
    if dataset not in entry.files:
        have = ", ".join(entry.files)
        raise InputError(study.where, f"models.{model}.files", f"none for {dataset}", f"datasets: {have}")
    asked, names = study.protocol(model, dataset), study.wordings(model, dataset)
    if len(names) > 2 or asked["kinds"]:
        allowed = "one question and one condition, those of the result file"
        raise InputError(study.where, "experiments", f"{model} under {', '.join(names)}", allowed)
