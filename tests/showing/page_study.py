"""A small study on disk for the tests of the page, made by the package's own steps from made-up replies."""

import json
from pathlib import Path

import pandas as pd

from sce.files import artifacts
from sce.grids.datasets import DATASETS, Dataset, load_dataset
from sce.measuring import boundaries, comparisons, distances, scores
from sce.measuring.dependence import Lattice
from sce.money import usage
from sce.reading import responses
from sce.showing.page import experiments
from sce.showing.page.contents import Contents, PairFiles, collect

WEATHER = load_dataset(DATASETS / "weather.yaml")
CONDITIONS = ["minimal", "unconstrained"]
MODELS = ("plain", "hostile")
MARKUP = '<img src="x" onerror="window.hacked = 1"><script>window.hacked = 1</script></script>'
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="243pt" height="90pt" viewBox="0 0 243 90">'
    '<rect width="243" height="90" fill="#eeeeee"/><circle cx="120" cy="45" r="30" fill="#0072b2"/></svg>'
)
HUGE = 2_000_000  # characters of the longest reply
SETTINGS = {"engine": "openai", "model": "made-up-1", "system": "You are <b>helpful</b>."}


def made_study(folder: Path, dataset: Dataset = WEATHER) -> Contents:
    """Two models on ``weather`` (or a finer grid of it), both warm from 15 degrees on. ``plain`` changes the
    temperature alone: to the nearest other prediction when asked minimal, to the end of the grid otherwise.
    So does ``hostile``, in replies full of markup and of characters that reorder text, with reasoning. Its
    first reply is huge, point 1 failed, point 2 is off the grid, point 3 holds no record."""
    files = [_write_pair(folder / model / "weather", model, dataset) for model in MODELS]
    tables = _write_tables(folder, files, dataset)
    found = collect(tables, files, {"weather": dataset}, dict.fromkeys(MODELS, SETTINGS))
    _add_experiments(found, folder, artifacts.read(tables["scores"]))
    return found


def _add_experiments(found, folder, scores):
    """Two experiments: ``main`` with a figure and a table of its own and two figures of models, ``other``
    with one of these."""
    stems = ["experiments/main/validity", "plain/weather/landings", "hostile/weather/landings"]
    for stem in stems:
        path = folder / stem
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".svg").write_text(SVG)
        path.with_suffix(".txt").write_text(f"What {path.parent.name} {path.stem} finds.\n")
    table = folder / "experiments/main/scores.parquet"
    outcomes = scores.assign(reference=None, reference_source=None)[list(artifacts.columns("outcomes"))]
    artifacts.write(outcomes, table, "outcomes")
    figures = [("main", stem) for stem in stems] + [("other", stems[1])]
    listed = {
        "figures": [(experiment, f"results/{stem}") for experiment, stem in figures],
        "tables": [("main", "scores")],
    }
    files = [folder / stem for _, stem in figures]
    pictures, captions = ([file.with_suffix(form) for file in files] for form in (".svg", ".txt"))
    experiments.add(found, listed, pictures, captions, [table])


def _write_pair(folder, model, dataset):
    table = pd.DataFrame(_replies(model, dataset))[list(artifacts.columns("responses"))]
    boundary = responses.boundary(table, dataset)
    if model == "plain":
        boundary["probability_1"] = (boundary["temperature"] + 5) / 40
        boundary["probability_0"] = 1 - boundary["probability_1"]
    sce = responses.counterfactuals(table, dataset, CONDITIONS)
    measured = distances.measure(dataset, boundaries.predictions(dataset, boundary), sce, "gower")
    files = PairFiles(
        model, "weather", *(folder / f"{n}.parquet" for n in ("responses", "boundary", "sce", "distances"))
    )
    features = list(dataset.features)
    artifacts.write(table, files.responses, "responses")
    artifacts.write(boundary, files.boundary, "boundary", features)
    artifacts.write(sce, files.sce, "sce", features)
    artifacts.write(measured, files.distances, "distances")
    return files


def _replies(model, dataset: Dataset):
    empty = dict.fromkeys(artifacts.columns("responses"))
    empty |= {
        "wording": "question",
        "status": "answered",
        "finish_reason": "stop",
        "batch": False,
        "attempts": 1,
    }
    for point in range(dataset.size):
        warm = dataset.record(point)["temperature"] >= 15
        reply = json.dumps({"answer": dataset.options[int(warm)]})
        yield empty | {"kind": "question", "point_id": point, "response": reply}
    for condition in CONDITIONS:
        for point in range(dataset.size):
            row = empty | {"kind": "condition", "condition": condition, "point_id": point}
            said = _sce(dataset, condition, point)
            yield row | (_hostile(point, said) if model == "hostile" else {"response": said})


def _sce(dataset, condition, point):
    record = dataset.record(point)
    cold, warm = (10, 15) if condition == "minimal" else (-5, 35)
    record["temperature"] = cold if record["temperature"] >= 15 else warm
    return json.dumps(record)


def _hostile(point, said):
    row = {"response": f"{MARKUP} \u202egnitrever\u202c {said}", "reasoning": f"I think {MARKUP}"}
    if point == 0:
        row["response"] = "x" * HUGE + row["response"]
    if point == 1:
        return {"status": "failed", "finish_reason": None, "error": f"500: {MARKUP}"}
    if point == 2:
        row["response"] = '{"temperature": 17.5, "wind_speed": 0}'
    if point == 3:
        row["response"] = "No."
    return row


def _write_tables(folder, files, dataset):
    read = {pair.model: artifacts.read(pair.distances) for pair in files}
    asked = {pair.model: artifacts.read(pair.responses) for pair in files}
    shapes = [boundaries.describe_boundary(dataset, artifacts.read(pair.boundary)) for pair in files]
    lattice = Lattice.of(dataset)
    pairs = {(model, "weather"): table for model, table in read.items()}
    here = [{"model": model, "dataset": "weather"} for model in read]
    made = {
        "all_scores": [
            scores.score(table, "points", lattice).assign(model=model, dataset="weather")
            for model, table in read.items()
        ],
        "differences": [comparisons.differences(pairs, {}, "points", {"weather": lattice})],
        "boundaries": [pd.DataFrame([a | b for a, b in zip(here, shapes, strict=True)])],
        "usage": [usage.usage(table, None, model, "weather") for model, table in asked.items()],
        "failures": [usage.failures(table, model, "weather") for model, table in asked.items()],
    }
    paths = {}
    for artifact, parts in made.items():
        name = artifact.removeprefix("all_")
        paths[name] = folder / f"{name}.parquet"
        table = pd.concat(parts, ignore_index=True)[list(artifacts.columns(artifact))]
        artifacts.write(table, paths[name], artifact)
    return paths
