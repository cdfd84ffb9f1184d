"""Scores that the published study reported, as one table, to stand beside ours.

They are read from the user's folder of published values (the ``published_*.json`` files); only the
exact-match percentages, which no file holds, are kept here. All distances are Gower's.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from sce.errors import InputError
from sce.files.json_files import read_json
from sce.wordings.published import PREFIX

COLUMNS = ["model", "dataset", "condition", "temperature", "score", "value", "source"]
TEMPERATURE_1 = "published_scores_temperature1.json"
SENSITIVITY = "published_scores_prompt_sensitivity.json"
CHOICES = "published_gower_mcq.json"
TABLE_2 = "the paper's Table 2, as quoted in its scorer notebook"
# the study's short name -> the name its weights or its provider's API have
MODELS = {
    "Gemma_2_27B": "google/gemma-2-27b-it",
    "llama3_3_70B": "meta-llama/Llama-3.3-70B-Instruct",
    "DeepSeek_32B": "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
    "DeepSeek_70B": "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    "claude_3_7_sonnet": "claude-3-7-sonnet-20250219",
    "gpt4_1": "gpt-4.1-2025-04-14",
    "o3": "o3-2025-04-16",
}
# Percent of kept rows, at temperature 0: income, house prices, heart disease. Neither source names the
# condition; it is the unconstrained one, as the same notebook finds 17.46 for o3 on minimal heart disease.
EXACT_MATCH = {
    "Gemma_2_27B": (0.00, 0.00, 0.15),
    "llama3_3_70B": (3.33, 0.00, 0.00),
    "DeepSeek_32B": (6.89, 0.06, 0.05),
    "DeepSeek_70B": (19.70, 0.19, 0.42),
    "claude_3_7_sonnet": (9.95, 0.00, 0.00),
    "gpt4_1": (15.70, 0.00, 0.00),
    "o3": (4.27, 0.00, 0.00),
}


def load_reference(folder=None) -> pd.DataFrame:
    """The published values in ``folder``, one a row; an empty table where no folder is given.

    model: the name its provider knows it by. condition: ours; for a rewording, the name of the published
    wording, because ours of the same number is another text. score: as in ``sce.measuring.scores`` (shares,
    not percent), and for the task of choosing the nearest: accuracy (of the readable answers), questions and
    unparseable.

    Raises InputError for a folder that is missing or holds none of the files, and for a file of another form.
    """
    if folder is None:
        return pd.DataFrame(columns=COLUMNS)
    readers = {TEMPERATURE_1: _temperature_1, SENSITIVITY: _sensitivity, CHOICES: _choices}
    there = {Path(folder) / name: read for name, read in readers.items() if (Path(folder) / name).is_file()}
    if not there:
        raise InputError(folder, "folder", "no file of published values", "one with " + ", ".join(readers))
    rows = list(_exact_match())
    for path, read in there.items():
        try:
            rows += read(read_json(path), path.name)
        except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            found = f"{type(error).__name__}: {error}"
            raise InputError(path, "content", found, "the form of the published file of this name") from None
    return pd.DataFrame(rows, columns=COLUMNS)


def reference_files(folder) -> list[str]:
    """The files of published values in a folder; none where no folder is given."""
    paths = [Path(folder) / name for name in (TEMPERATURE_1, SENSITIVITY, CHOICES)] if folder else []
    return [str(path) for path in paths if path.is_file()]


def beside(
    scores: pd.DataFrame, reference: pd.DataFrame, respondents: Mapping[str, tuple[str, float | None]]
) -> pd.DataFrame:
    """``scores`` with the columns ``reference`` and ``reference_source``: the published value for the same
    model, dataset, condition, temperature and score, null where there is none.

    scores: columns model, dataset, condition, metric, score, ...; scores of other metrics than Gower's have
    no reference, except validity, which depends on no metric. respondents: model key -> (the name its
    provider knows it by, its temperature). A model that takes no temperature (None) matches all the study's
    temperatures. Our own and the study's main wordings of a condition share a value; rewordings do not.
    """
    asked = pd.DataFrame(
        [(key, name, temperature) for key, (name, temperature) in respondents.items()],
        columns=["key", "model", "temperature"],
    ).astype({"temperature": float})
    known = reference.merge(asked, on="model", suffixes=("", "_asked"))
    same = known["temperature_asked"].isna() | (known["temperature_asked"] == known["temperature"])
    known = known[same].sort_values("temperature", kind="stable")
    known = known.drop_duplicates(["key", "dataset", "condition", "score"])
    values = known.set_index(["key", "dataset", "condition", "score"])[["value", "source"]]
    comparable = (scores["metric"] == "gower") | (scores["score"] == "validity")
    mains = set(reference["condition"])
    conditions = scores["condition"].map(lambda name: name if name in mains else name.removeprefix(PREFIX))
    wanted = pd.MultiIndex.from_arrays([scores["model"], scores["dataset"], conditions, scores["score"]])
    found = values.reindex(wanted).set_index(scores.index).where(comparable)
    return scores.assign(reference=found["value"].astype(float), reference_source=found["source"])


def _exact_match():
    for model, percentages in EXACT_MATCH.items():
        for dataset, percent in zip(("income", "house_prices", "heart_disease"), percentages, strict=True):
            yield MODELS[model], dataset, "unconstrained", 0.0, "exact_match", percent / 100, TABLE_2


def _temperature_1(rows, source):
    for row in rows:
        where = MODELS[row["model"]], row["dataset"]
        for condition in ("unconstrained", "minimal"):
            percent, excess = row[f"{condition}_validity_percent"], row[f"{condition}_mean_excess"]
            at = (*where, condition, float(row["temperature"]))
            yield *at, "validity", percent / 100, source
            yield *at, "mean_excess", float(excess), source


def _sensitivity(rows, source):
    for row in rows:
        name, _, number = row["dataset"].rpartition("_")
        dataset = name.removesuffix("_minimal")
        condition = f"{PREFIX}{'minimal' if name != dataset else 'unconstrained'}_{int(number):02d}"
        at = MODELS[row["model"]], dataset, condition, float(row["temperature"])
        yield *at, "validity", row["validity_percent"] / 100, source
        yield *at, "mean_excess", float(row["mean_excess"]), source


def _choices(content, source):
    """The published accuracy leaves unreadable answers out, so their number follows from it."""
    for dataset, models in content.items():
        for model, by_candidates in models.items():
            for candidates, found in by_candidates.items():
                condition = "nearest_choice" if int(candidates) == 4 else f"nearest_choice_of_{candidates}"
                at = model, dataset, condition, 0.0
                correct, questions = int(found["correct"]), int(found["total"])
                yield *at, "accuracy", found["accuracy"] / 100, source
                yield *at, "questions", float(questions), source
                if correct:  # an accuracy of 0 says nothing about the number of readable answers
                    readable = round(100 * correct / found["accuracy"])
                    yield *at, "unparseable", float(questions - readable), source
