"""What was said, as the page shows it: the replies of one model about one dataset, and the wordings that they
answer. The texts sent are not stored with the replies; the page fills in the wordings as the study did."""

import pandas as pd

from sce.grids.datasets import Dataset
from sce.reading.samples import SAMPLE
from sce.wordings import prompts
from sce.wordings.published import Published, find_prompt

SLOT = "{description}"  # where the page puts the description of a point


def replies(responses: pd.DataFrame, dataset: Dataset) -> dict:
    """The replies of a ``responses`` artifact. ``turns``: one entry for the main question and one for each
    condition, with a list over the N points of the ``reply``, one of the ``reasoning`` (None where there is
    none anywhere) and ``problems``, point -> why there is no answer. ``others``: whatever else was asked, as
    lists of kind, wording, condition, point, reply, reasoning and problem. Further samples are among it, with
    their number beside the kind."""
    if SAMPLE in responses:
        further = responses[SAMPLE] > 1
        numbered = responses["kind"] + ", sample " + responses[SAMPLE].astype(str)
        responses = responses.assign(kind=responses["kind"].mask(further, numbered))
    question = responses["kind"] == "question"
    main = question & (responses["wording"] == responses["wording"][question].iloc[0])
    condition = responses["kind"] == "condition"
    turns = [{"condition": None, **_turn(responses[main], dataset.size)}]
    for name, rows in responses[condition].groupby("condition", sort=False):
        turns.append({"condition": name, **_turn(rows, dataset.size)})
    others = responses[~main & ~condition]
    kept = others[["kind", "wording", "condition", "point_id", "response", "reasoning"]].astype(object)
    kept = kept.where(kept.notna(), None)
    problems = [_problem(*row) for row in zip(others["status"], others["error"], strict=True)]
    return {
        "turns": turns,
        "others": [[*row, problem] for row, problem in zip(kept.values.tolist(), problems, strict=True)],
    }


def _turn(rows, size):
    found = {"reply": [None] * size, "reasoning": None, "problems": {}}
    if rows["reasoning"].notna().any():
        found["reasoning"] = [None] * size
    texts = rows[["response", "reasoning"]].astype(object)
    texts = texts.where(texts.notna(), None)
    points = rows["point_id"].tolist()
    for point, (reply, reasoning) in zip(points, texts.values.tolist(), strict=True):
        found["reply"][point] = reply
        if found["reasoning"] is not None:
            found["reasoning"][point] = reasoning
    for point, status, error in zip(points, rows["status"], rows["error"], strict=True):
        problem = _problem(status, error)
        if problem:
            found["problems"][point] = problem
    return found


def _problem(status, error):
    if status == "answered":
        return None
    return status if pd.isna(error) else f"{status}: {error}"


def wordings(dataset: Dataset, question: str, conditions: list[str], published: Published | None) -> dict:
    """What a model is sent about a dataset. ``question``: with SLOT where the description of the point goes;
    ``conditions``: name -> the follow-up after option 0 and after option 1."""
    text = prompts.ask(find_prompt(question, dataset.name, published), dataset, SLOT)
    follow_ups = {name: find_prompt(name, dataset.name, published) for name in conditions}
    return {
        "question": text,
        "conditions": {
            name: [prompts.follow_up(prompt, dataset, answer) for answer in dataset.options]
            for name, prompt in follow_ups.items()
        },
    }
