"""Every result of a clone of the study's repository, scored by our code beside the figures that it prints.

What stands beside ours, in this order: what a notebook of the clone printed for the run; what the study's
scorer left in the file's place (the file is then no longer there, unless beside it, gzipped); and the scores
that follow from what its post-processing wrote into the rows themselves.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from sce.errors import InputError
from sce.files.json_files import read_json
from sce.grids.datasets import dataset_file, load_dataset
from sce.measuring import published_choices as choices
from sce.measuring.published_scores import FIELDS, NO_ANSWER, score_rows
from sce.reading.published_clone import Figure, Run, experiment_of, figures_of, files_of, run_of
from sce.reading.published_results import checked_rows

METRICS = ("gower", "l1", "l2")  # those that need nothing but the grid
FLOAT32 = 1e-5  # the study's matrices of distances are float32
OWN = "its own rows"
NOT_FETCHED = "git-lfs did not fetch its file"
NO_FILE = "no result file of it in the clone"
AVERAGE = "average_agrees_percent"
COLUMNS = (
    "experiment", "dataset", "condition", "entry", "model", "temperature", "metric", "score",
    "ours", "published", "difference", "agrees", "file", "source", "note",
)  # fmt: skip


class Verified(NamedTuple):
    """``figures``: COLUMNS, a line per figure; ``left``: path -> why the file was not scored."""

    figures: pd.DataFrame
    left: dict[str, str]


class Scored(NamedTuple):
    """A result file of the clone: our scores by metric, what its own rows hold, and in how many percent of
    them the average over reworded questions gives the main one's answer (None: it holds no average)."""

    run: Run
    path: str
    scores: dict[str, dict]
    own: dict[str, float | None]
    average: float | None


def verify(clone, as_published: bool = True) -> Verified:
    """Score everything in a clone, and set it beside what the clone prints.

    as_published: read the files' own parsed fields, as the study does; otherwise parse the raw responses
        anew. Raises InputError for what is no clone; a file that cannot be scored is named in ``left``.
    """
    files = files_of(clone)
    left = dict.fromkeys(files.pointers, "a pointer: git-lfs did not fetch the file")
    scored, figures, tasks, counts = [], [], {}, {}
    for path in files.notebooks:
        try:
            figures += figures_of(clone, path)
        except InputError as error:
            left[path] = str(error).removeprefix(f"{error.where}: ")
    for path in files.json:
        try:
            content = read_json(Path(clone, path), nan_is_null=True)
            if choices.is_tasks(content):
                tasks[path] = choices.measure_tasks(path, content)
            elif choices.is_counts(content):
                counts[path] = content
            elif _is_scores(content):
                figures += _left_scores(path, content)
            else:
                scored.append(_score(path, content, as_published))
        except InputError as error:
            left[path] = str(error).removeprefix(f"{error.where}: ")
    fetched = {run for run in map(run_of, files.pointers) if run}
    lines = [*_lines(scored, figures), *_alone(scored, figures, fetched), *_chosen(tasks, counts)]
    return Verified(pd.DataFrame(lines, columns=COLUMNS), left)


def _is_scores(content):
    return (
        isinstance(content, dict)
        and set(content) == set(FIELDS)
        and all(value is None or isinstance(value, int | float) for value in content.values())
    )


def _named_run(path):
    run = run_of(path)
    if run is None:
        allowed = "a folder or file named for an entry of datasets.json, as results/income_minimal/MODEL.json"
        raise InputError(path, "name", Path(path).name, allowed)
    return run


def _left_scores(path, content):
    run = _named_run(path)
    return [Figure(run, score, value, None, path) for score, value in content.items()]


def _score(path, content, as_published):
    run = _named_run(path)
    dataset = load_dataset(dataset_file(run.dataset))
    rows = checked_rows(path, content, dataset)
    scores = score_rows(path, rows, dataset, METRICS, as_published)
    return Scored(run, path, scores, own_scores(rows), average_agrees(rows, dataset))


def average_agrees(rows: dict[str, dict], dataset) -> float | None:
    """In how many percent of the rows the option with the larger mean probability over reworded questions is
    the answer to the main one. The fields are named for the first words of the options. None without them."""
    names = [option.split()[0] for option in dataset.options]
    agree = []
    for row in rows.values():
        means = [row.get(name) for name in names]
        if not all(isinstance(mean, int | float) for mean in means):
            return None
        agree.append(row.get("original_answer") == dataset.options[means[1] > means[0]])
    return 100 * sum(agree) / len(agree)


# --- what the study's post-processing wrote into the rows ---


def own_scores(rows: dict[str, dict]) -> dict[str, float | None]:
    """The scores that follow from the fields of post-processed rows, by the study's definitions; empty where
    the rows were not post-processed, or none was kept."""
    fields = ("original_answer", "followup_answer", "verification_answer")
    kept = [
        row
        for row in rows.values()
        if "is_valid_counterfactual" in row
        and not any(row.get(field) in (NO_ANSWER, None) for field in fields)
    ]
    if not kept:
        return {}
    valid = np.array([row["is_valid_counterfactual"] == 1 for row in kept])
    share = float(valid.mean())
    result = {
        "validity_percent": 100 * share,
        "mean_distance": _over(np.nanmean, _column(kept, "gower_2_counterfactual")),
    }
    for field, counted in {"RCF": valid, "RCF_A": valid, "ICF": ~valid, "ICF_A": ~valid}.items():
        values = _column(kept, field)[counted]
        result[f"mean_{field}"] = _over(np.nanmean, values)
        result[f"median_{field}"] = _over(np.nanmedian, values)
    result["total_minimality"] = _total(share, result["median_RCF"], result["median_ICF"])
    result["total_minimality_A"] = _total(share, result["mean_RCF_A"], result["mean_ICF_A"])
    result["exact_match"] = 100 * float((valid & (_column(kept, "RCF") == 0)).mean())
    return result


def _column(rows, field):
    values = (row.get(field) for row in rows)
    return np.array([value if isinstance(value, int | float) else np.nan for value in values], dtype=float)


def _over(mean, values):
    return None if np.isnan(values).all() else float(mean(values))


def _total(share, excess, shortfall):
    return None if excess is None else share * excess + (1 - share) * (shortfall or 0)


# --- lines ---


def _lines(scored, figures):
    """Ours by metric, beside every figure about that run."""
    for file in scored:
        if file.average is not None:
            yield _line(file.run, "", AVERAGE, file.average, None, file.path, "")
        about = [figure for figure in figures if figure.run == file.run]
        about += [Figure(file.run, score, value, None, OWN) for score, value in file.own.items()]
        metrics = _metrics(file, about)
        for metric, scores in file.scores.items():
            for score in FIELDS:
                beside = [f for f in about if f.score == score and metrics[f.source] == metric]
                reason = scores["reasons"].get(score, "")
                for figure in beside or [None]:
                    yield _line(file.run, metric, score, scores[score], figure, file.path, reason)


def _metrics(file, figures):
    """Source -> the distance that it is about, which it does not say: the one under which most of its figures
    agree, and of several the one whose mean distance is nearest; else gower, the study's own choice."""
    by_source = {}
    for figure in figures:
        by_source.setdefault(figure.source, []).append(figure)
    fits = {
        source: {metric: _fit(scores, about) for metric, scores in file.scores.items()}
        for source, about in by_source.items()
    }
    return {source: max(METRICS, key=fit.get) for source, fit in fits.items()}


def _fit(scores, figures):
    """How well figures fit to scores: how many agree, and how near the mean distance is (the nearer, the
    larger)."""
    compared = {f.score: _compared(scores[f.score], f.value, f.decimals) for f in figures}
    off = compared.get("mean_distance", [None] * 4)[2]
    return sum(agrees is True for *_, agrees in compared.values()), -abs(off or 0)


def _alone(scored, figures, not_fetched):
    """Figures about runs whose result files are not there."""
    there = {file.run for file in scored}
    for figure in figures:
        if figure.run not in there:
            note = NOT_FETCHED if figure.run in not_fetched else NO_FILE
            yield _line(figure.run, METRICS[0], figure.score, None, figure, "", note)


def _chosen(tasks, counts):
    """The tasks of choosing the nearest: by our distances, beside the file's own and the printed counts; and
    every printed accuracy beside what its own counts give."""
    for path, found in tasks.items():
        models = {source: choices.run_of_tasks(found, content) for source, content in counts.items()}
        note = f"largest difference of a distance: {found.largest_difference:.1e}"
        for score, value in found.published.items():
            told = note if score == "mean_distance" else ""
            yield _choice(path, found, "", score, found.ours[score], value, path, told)
        for source, model in models.items():
            if model:
                printed = counts[source][found.dataset][model][str(found.candidates)]
                for score in choices.COUNTS:
                    told = "the run with as many tasks"
                    yield _choice(path, found, model, score, found.ours[score], printed[score], source, told)
    for source, content in counts.items():
        for dataset, models in content.items():
            for model, sizes in models.items():
                for candidates, at in sizes.items():
                    yield _accuracy(source, dataset, _tasks_of(dataset, candidates), model, at)


def _choice(path, found, model, score, ours, published, source, note):
    entry = _tasks_of(found.dataset, found.candidates)
    where = [experiment_of(path), found.dataset, "", entry, model, 0, "gower", score]
    return [*where, *_compared(ours, published, None), path, source, note]


def _tasks_of(dataset, candidates):
    return f"{dataset}, {candidates} candidates"


def _accuracy(source, dataset, entry, model, at):
    """A printed accuracy beside what its own counts give, where it leaves a whole number of replies out."""
    missing = choices.unread(at) or 0
    ours = 100 * at["correct"] / (at["total"] - missing) if at["total"] > missing else None
    note = f"from its own counts, {missing} replies unread"
    where = [experiment_of(source), dataset, "", entry, model, 0, "gower", "accuracy"]
    return [*where, *_compared(ours, at["accuracy"], None), source, source, note]


def _line(run, metric, score, ours, figure, path, note):
    where = [run.experiment, run.dataset, run.condition, run.entry, run.model, run.temperature, metric, score]
    if figure is None:
        return [*where, ours, None, None, None, path, "", note]
    if path and ours is None and figure.value is None:  # both say that there is none
        return [*where, None, None, None, True, path, figure.source, note]
    return [*where, *_compared(ours, figure.value, figure.decimals), path, figure.source, note]


def _compared(ours, published, decimals):
    """Ours, theirs, the difference, and whether they agree: as far as theirs was rounded, and single
    precision goes. Agreement is None where there is nothing to compare."""
    if ours is None or published is None:
        return [ours, published, None, None]
    rounded = 0 if decimals is None else 0.5 * 10**-decimals
    return [ours, published, ours - published, abs(ours - published) <= rounded + FLOAT32 * max(1, abs(ours))]
