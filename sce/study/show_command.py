"""``python -m sce show MODEL DATASET POINT``: one conversation as it was, and the verdict on it; then what
other models were asked about it."""

import re
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from sce.errors import FEW, InputError, suggest
from sce.files import artifacts
from sce.grids.datasets import Dataset, dataset_file, load_dataset
from sce.reading.samples import SAMPLE
from sce.showing.page.conversations import SLOT, wordings
from sce.showing.page.fates import FATES, fates
from sce.study.show_about import questions_about
from sce.wordings.published import load_published

# Control characters and those that reorder or hide text: a reply must not steer the terminal.
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def add_arguments(parser) -> None:
    """The arguments of ``python -m sce show``."""
    parser.add_argument("model", help="its name in the configuration")
    parser.add_argument("dataset", help="its name in the configuration")
    parser.add_argument("point", type=int, help="a point_id of the grid")
    parser.add_argument("--condition", help="one condition alone")
    parser.add_argument("--results", default="results", help="where the run wrote (%(default)s)")
    parser.add_argument("--published", metavar="FILE", help="the study's datasets.json, where it was asked")


def run(options) -> int:
    """Print the conversation; 0."""
    dataset = load_dataset(dataset_file(options.dataset))
    if not 0 <= options.point < dataset.size:
        raise InputError("show", "POINT", options.point, f"a point_id from 0 to {dataset.size - 1}")
    folder = Path(options.results) / options.model / options.dataset
    names = ("responses", "boundary", "sce", "distances")
    if not all((folder / f"{name}.parquet").is_file() for name in names):
        there = sorted(str(path.parent.relative_to(options.results)) for path in _measured(options.results))
        named = f"{options.model}/{options.dataset}"
        raise InputError(options.results, "MODEL/DATASET", named, suggest(named, there) or "a finished run")
    tables = {name: artifacts.read(folder / f"{name}.parquet") for name in names}
    here = {name: table[table["point_id"] == options.point] for name, table in tables.items()}
    if not (here["responses"]["kind"] == "question").any():  # a grid that was asked in part
        there = tables["responses"].query("kind == 'question'")["point_id"].drop_duplicates()
        some = ", ".join(map(str, sorted(there)[:FEW]))
        allowed = f"one of the {len(there):,} points that the question was asked at: {some}, ..."
        raise InputError("show", "POINT", options.point, allowed)
    published = load_published(options.published) if options.published else None
    console = Console()
    _print(console, options, dataset, here, published)
    if (folder / "peers").is_dir():
        _print_about(console, options, dataset, tables, published)
    return 0


def visible(text: str) -> str:
    """A text with everything in it that could hide, reorder or steer made visible."""
    return INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def _measured(results):
    return Path(results).glob("*/*/distances.parquet")


def _print(console, options, dataset: Dataset, here, published):
    """Every condition as a block of its own, every turn in a frame. ``here``: the artifacts' rows of
    the point, by artifact."""
    responses, distances = here["responses"], here["distances"]
    known = list(distances["condition"].unique())
    if options.condition not in (None, *known):
        raise InputError("show", "--condition", options.condition, f"one of {', '.join(known)}")
    questions = responses[responses["kind"] == "question"]
    questions = questions[questions["wording"] == questions["wording"].iloc[0]]
    sent = wordings(dataset, questions["wording"].iloc[0], known, published)
    described = dataset.describe(dataset.record(options.point))
    told = sent["question"].replace(SLOT, described)
    predicted = here["boundary"]["prediction"].iloc[0]
    for condition in known if options.condition is None else [options.condition]:
        # Every condition continues the answer in a conversation of its own.
        console.print(Rule(Text(f"{options.model} on {dataset.name}, point {options.point}: {condition}")))
        _frame(console, "question", told, "blue")
        for _, question in questions.iterrows():
            _reply(console, options.model, question)
        asked = (responses["kind"] == "condition") & (responses["condition"] == condition)
        if not asked.any():
            console.print(Text(f"{condition}: no SCE was asked for.", style="bold"))
            continue
        follow_up = sent["conditions"][condition][dataset.options.index(predicted)]
        _frame(console, condition, follow_up, "blue")
        for _, row in responses[asked].iterrows():
            _reply(console, options.model, row)
        for line in verdicts(distances[distances["condition"] == condition]):
            console.print(Text(line, style="bold"))


def _print_about(console, options, dataset, tables, published):
    """Every question to another model about this point as a block of its own."""
    folder = Path(options.results) / options.model / options.dataset
    for question in questions_about(folder, dataset, tables, options.point, published):
        if options.condition not in (None, question.row["condition"]):
            continue
        about = f"{question.asked} about {options.model} on {dataset.name}, point {options.point}"
        console.print(Rule(Text(f"{about}: {question.row['condition']}, {question.row['wording']}")))
        _frame(console, "question", question.text, "blue")
        _reply(console, question.asked, question.row)
        for line in verdicts(question.judged) if question.verdict is None else [question.verdict]:
            console.print(Text(line, style="bold"))


def verdicts(rows: pd.DataFrame) -> list[str]:
    """A line for every metric that a row of ``distances`` was measured in."""
    names = list(FATES)
    lines = []
    for code, row in zip(fates(rows), rows.itertuples(), strict=True):
        sample = f", sample {row.sample}" if SAMPLE in rows else ""
        line = f"{row.condition}{sample}, {row.metric}: {FATES[names[code]]}"
        if pd.notna(row.distance):
            line += f" (distance {row.distance:.3g}"
            line += f", needed {row.nearest_distance:.3g})" if pd.notna(row.nearest_distance) else ")"
        lines.append(line)
    return lines


def _reply(console, model, row):
    if pd.notna(row["reasoning"]):
        _frame(console, f"{model}, reasoning", row["reasoning"], "dim")
    if pd.notna(row["response"]):
        _frame(console, model, row["response"], "green")
    if row["status"] != "answered":
        cause = f": {row['error']}" if pd.notna(row["error"]) else ""
        console.print(Text(visible(f"{row['status']}{cause}"), style="bold red"))


def _frame(console, title, text, style):
    console.print(Panel(Text(visible(text)), title=Text(title), title_align="left", border_style=style))
