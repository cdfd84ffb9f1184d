"""Would more tries help? A model is asked for several SCEs at once."""

import json
from collections import Counter

import numpy as np

from sce.asking.messages import continued
from sce.asking.protocol import Asked, Step
from sce.engines import About
from sce.experiments.kind import Kind
from sce.experiments.self_modelling import OwnAnswers, SelfModelling
from sce.measuring import outcomes, possible
from sce.reading import parsing
from sce.reading.replies import after_reasoning, objects
from sce.wordings import prompts
from sce.wordings.names import Wordings

prompts.add_prompt_kind("several", {"target", "k"}, {"answer"})


class Propose(Step):
    """``asking``: prompts that each ask for ``k`` SCEs."""

    tokens_out = {"several": 400}

    def __init__(self, asking, k):
        self.asking, self.k = asking, k
        self.wordings = [prompt.name for prompt in asking]

    async def after_answer(self, interview, answered):
        for prompt in self.asking:
            text = prompts.follow_up(prompt, interview.dataset, answered.answer, k=str(self.k))
            more = {"k": self.k}
            about = About(
                "several", prompt.name, answered.record, answered.answer, more=more, control=_by_control
            )
            entry = await interview.ask(continued(answered.messages, answered.entry, text), about)
            yield Asked("several", interview.main.name, prompt.name, answered.point_id, entry)

    def follow_an_answer(self):
        return Counter(several=len(self.asking))


def _by_control(respondent, body) -> str:
    """A list of k: each is the SCE of its policy where it is right this time, else the start."""
    start = respondent.dataset.locate(body["record"])
    own = respondent.counterfactual(start, body["answer"], body["name"]).response
    right = [respondent.is_right(f"several {number}", body["record"]) for number in range(body["more"]["k"])]
    return f"[{', '.join(own if is_right else respondent.written(start) for is_right in right)}]"


class Several(Kind):
    """By wording and metric: ``validity_at_J``, the share of points with a valid SCE among the first J of the
    k, ``excess_at_J``, the mean excess of the nearest valid one, and the mean number of ``readable`` ones on
    the grid."""

    name = "several"
    draws_with = "sce.showing.several_figure"
    fields = {"several": (Wordings, [])}
    wordings = {"several": "several"}
    sections = {"self_modelling": SelfModelling}

    def asks(self, pair):
        wordings = pair.of("several")
        return {"wordings": wordings, "k": pair.config.self_modelling.k} if wordings else {}

    def step(self, asks, find, tasks):
        return Propose([find(name) for name in asks["wordings"]], asks["k"])

    def subjects(self, experiment, config, find):
        return experiment.several

    def measure(self, given):
        return outcomes.table(given.by_metric(lambda metric: _lines(given, metric)))


def _lines(given, metric):
    answers, k, lines = OwnAnswers(given, metric), given.settings["k"], []
    for name, rows in answers.replies("several").groupby("condition", sort=False):
        read = [_records(text, answers.dataset)[:k] for text in rows["text"]]
        tried = list(zip(rows["point_id"], read, strict=True))
        valid = [[answers.is_valid(x, record) for record in records] for x, records in tried]
        excess = [
            [answers.excess(x, r) if good else np.inf for r, good in zip(records, goods, strict=True)]
            for (x, records), goods in zip(tried, valid, strict=True)
        ]
        on_grid = [sum(verdict is not None for verdict in verdicts) for verdicts in valid]
        about = given.scoring | {"points": rows["point_id"]}
        distances = possible.of_distances(metric)
        lines.append(outcomes.mean(name, metric, "readable", on_grid, **about, within=possible.FROM_ZERO))
        for number in range(1, k + 1):
            best = np.array([min(some[:number], default=np.inf) for some in excess], dtype=float)
            found = np.isfinite(best)
            least = np.where(found, best, np.nan)
            lines += [
                outcomes.mean(name, metric, f"validity_at_{number}", found, **about),
                outcomes.mean(name, metric, f"excess_at_{number}", least, **about, within=distances),
            ]
    return lines


def _records(text, dataset):
    """The complete records that a reply lists."""
    if not isinstance(text, str):
        return []
    nodes = [found.node for found in objects(after_reasoning(text)) if None not in found.node]
    read = [parsing.parse_sce(json.dumps(node), dataset) for node in nodes]
    return [parsed.value for parsed in read if parsed.status == "ok"]


KIND = Several()
