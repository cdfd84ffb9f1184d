"""What a user's clone of the study's repository holds: which file is about what, and the figures it prints.

The folders of the clone say which experiment a result file belongs to, the folder or the file is named for
the entry of ``datasets.json`` that was asked, and most files for the model. Its notebooks hold what their
cells printed: validity and mean excess distance of runs whose result files are mostly not in the repository.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from sce.errors import InputError
from sce.files.json_files import read_json
from sce.wordings.published import CONDITIONS, NAME, STUDIED

RESULTS, ANALYSIS = "results", "analysis"
NOTEBOOKS = ("analysis", "figures", "src")
# a folder of results -> our name of the experiment, and its temperature
EXPERIMENTS = {
    "results": ("main", 0),
    "temperature_1": ("temperature_1", 1),
    "distance_function_sensitivity": ("distances", 0),
    "prompt_sensitivity": ("prompt_sensitivity", 0),
    "sensitivity_analysis": ("prompt_sensitivity", 0),
    "decision_boundary_consistency": ("boundary_consistency", 0),
    "operationalising_distance": ("nearest_choice", 0),
    "metacognitive_prompting": ("metacognitive", 0),
}
POINTER = b"version https://git-lfs.github.com/spec/"
POINTER_SIZE = 1024  # bytes; git-lfs keeps its pointers below
REASONING = re.compile(rf"({'|'.join(STUDIED)})_reasoning_(.+)")
AVERAGED = "income"  # the entry whose question was reworded fifty times, and averaged over them

FILE = re.compile(r"Processing (\S+?)\.json")
SCORED = re.compile(r"Validity: ([\d.]+|nan)%, Mean RCF_A: ([\d.]+|nan)")
SCORED_DECIMALS = {"validity_percent": 2, "mean_RCF_A": 4}
PLOTTED = re.compile(r"(Unconstrained|Minimal) (Validity|AM): ([\d.eE+-]+|nan)")
KINDS = {"Unconstrained": "", "Minimal": "_minimal"}
SOURCE = re.compile(r"f['\"](\w+?)(?:_minimal)?/\{model\}\.json")
SETTING = re.compile(r"^(temp|metric|relative) = [\"']?(\d+|mean|median|True|False)\b", re.MULTILINE)
BY_TEMPERATURE = {"0": "main", "1": "temperature_1"}


class Run(NamedTuple):
    """A run of the study: an experiment of ours, an entry of ``datasets.json``, and a model by the name of
    its files ("" where they have none)."""

    experiment: str
    entry: str
    model: str

    @property
    def dataset(self) -> str:
        return NAME.fullmatch(self.entry)[1]

    @property
    def condition(self) -> str:
        """Our name of what the follow-up asked for; a numbered entry rewords it or the question."""
        return CONDITIONS[NAME.fullmatch(self.entry)[2]][0]

    @property
    def temperature(self) -> float | None:
        """Of its answers; None in an experiment that the study does not have."""
        return dict(EXPERIMENTS.values()).get(self.experiment)


class Figure(NamedTuple):
    """A figure that the clone prints: the value of a score (None: not a number), its ``decimals`` where it
    was rounded, and the file that it stands in."""

    run: Run
    score: str
    value: float | None
    decimals: int | None
    source: str


class Files(NamedTuple):
    """Files of a clone, by their paths in it: ``pointers`` are those that git-lfs did not fetch."""

    json: list[str]
    notebooks: list[str]
    pointers: list[str]


def files_of(clone) -> Files:
    """The files of a clone that can hold results, and all pointers. Raises InputError where it is none."""
    clone = Path(clone)
    if not any((clone / folder).is_dir() for folder in (RESULTS, ANALYSIS)):
        allowed = f"a clone of the study's repository, with a folder {RESULTS} or {ANALYSIS}"
        raise InputError(clone, "folder", "neither of its folders", allowed)
    found = Files([], [], [])
    for folder, below, names in os.walk(clone):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            inside = path.relative_to(clone)
            if _is_pointer(path):
                found.pointers.append(inside.as_posix())
            elif name.endswith((".json", ".json.gz")) and inside.parts[0] in (RESULTS, ANALYSIS):
                found.json.append(inside.as_posix())
            elif name.endswith(".ipynb") and inside.parts[0] in NOTEBOOKS:
                found.notebooks.append(inside.as_posix())
    return found


def run_of(path: str) -> Run | None:
    """The run that a path in a clone is named for; None where it names none."""
    *folders, name = Path(path).parts
    stem = name.removesuffix(".gz").removesuffix(".json")
    experiment = experiment_of(path)
    if folders and NAME.fullmatch(folders[-1]):
        return Run(experiment, folders[-1], stem)
    if NAME.fullmatch(stem):
        return Run(experiment, stem, "")
    if reasoning := REASONING.fullmatch(stem):
        return Run(experiment, f"{reasoning[1]}_minimal_reasoning", reasoning[2])
    if experiment == "boundary_consistency" and stem.startswith("average"):
        return Run(experiment, AVERAGED, stem)
    return None


def experiment_of(path: str) -> str:
    """Our name of the experiment that a path in a clone belongs to; its folder's own where we have none."""
    folders = Path(path).parts[:-1]
    folder = folders[1] if folders[0] == ANALYSIS and len(folders) > 1 else folders[0]
    return EXPERIMENTS.get(folder, (folder, None))[0]


def figures_of(clone, path: str) -> list[Figure]:
    """What the cells of a notebook printed of scores, in its order. Raises InputError for what is no
    notebook."""
    content = read_json(Path(clone, path))
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise InputError(Path(clone, path), "cells", type(cells).__name__, "a notebook's list of cells")
    found, settings = [], {}
    for cell in cells:
        source = _text(cell.get("source"))
        settings |= dict(SETTING.findall(source))
        printed = "".join(_text(output.get("text")) for output in cell.get("outputs", []))
        found += _scored(path, printed)
        if of_models := SOURCE.search(source):
            found += _plotted(path, printed, of_models[1], settings)
    return found


def _scored(path, printed):
    """Figures of the lines "Processing ENTRY.json... Validity: 9.88%, Mean RCF_A: 0.0007"."""
    run = None
    for line in printed.splitlines():
        if file := FILE.search(line):
            named = NAME.fullmatch(file[1])
            run = Run(experiment_of(path), file[1], "") if named else None
        elif run and (scored := SCORED.search(line)):
            for (score, decimals), value in zip(SCORED_DECIMALS.items(), scored.groups(), strict=True):
                yield Figure(run, score, _number(value), decimals, path)


def _plotted(path, printed, dataset, settings):
    """Figures of a model's name and, below it, "Unconstrained Validity: 99.4", "Minimal AM: 0.02"."""
    experiment = BY_TEMPERATURE.get(settings.get("temp"))
    excess = f"{settings.get('metric', 'mean')}_RCF{'' if settings.get('relative') == 'True' else '_A'}"
    model = None
    for line in filter(None, map(str.strip, printed.splitlines())):
        figure = PLOTTED.fullmatch(line)
        if not figure:
            model = line
        elif experiment and model and NAME.fullmatch(dataset):
            run = Run(experiment, dataset + KINDS[figure[1]], model)
            score = "validity_percent" if figure[2] == "Validity" else excess
            yield Figure(run, score, _number(figure[3]), None, path)


def _number(text):
    return None if text == "nan" else float(text)


def _text(lines):
    """A notebook's text, which is a text or a list of lines."""
    return lines if isinstance(lines, str) else "".join(map(str, lines or []))


def _is_pointer(path):
    try:
        if path.stat().st_size > POINTER_SIZE:
            return False
        with path.open("rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:  # a link to nowhere, or what may not be read: it is named when it is read
        return False
