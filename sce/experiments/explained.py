"""Is a model's own explanation better than the one that another gives for it? Another model, the explainer,
learns what the author was asked and answered, and writes the counterfactual in its place."""

import pandas as pd

from sce.asking.messages import record_schema
from sce.engines import About
from sce.experiments.about_another import Inquiry, KindAboutAnother, by_explainer
from sce.measuring import distances, outcomes, scores
from sce.measuring.boundaries import predictions
from sce.measuring.metrics import MAIN_METRIC
from sce.measuring.outcomes import ITSELF, MINUS
from sce.reading.responses import sces_in_place_of
from sce.wordings import prompts
from sce.wordings.names import Wordings

prompts.add_prompt_kind("explanation", {"asked", "answer", "request"}, {"target"})

AVERAGES = ("validity", "exact_match", "mean_excess")
COMPARED = ("validity", "exact_match")


class Explain(Inquiry):
    """The request of the condition, put to the explainer."""

    kind = "explanation"
    tokens_out = 80
    schema = staticmethod(record_schema)
    about_sces = False

    def instances(self, author, condition, start):
        return [author.dataset.record(start)]

    def about(self, author, condition, start, prompt, record):
        answer, more = author.answers[start], {"condition": condition}
        return About(self.kind, prompt.name, record, answer, more=more, control=_by_control)


def _by_control(respondent, body) -> str:
    """Its own SCE: it takes the author's boundary for its own."""
    start = respondent.dataset.locate(body["record"])
    return respondent.counterfactual(start, body["answer"], body["more"]["condition"]).response


class Explained(KindAboutAnother):
    """Of every condition, over the points with a usable SCE, all judged by the author's boundary. In lines
    ``itself`` its own SCEs, in lines ``WORDING by B`` those that B gave for it: ``validity``,
    ``exact_match`` and ``mean_excess`` under Gower's distance (``exact_match_l1`` and so on under others),
    and ``n_STATUS``, the counts by status. In lines ``itself minus WORDING by B`` the mean differences in
    ``validity`` and ``exact_match`` over the points where both can be judged."""

    name = "explained"
    fields = {"explanations": (Wordings, [])}
    wordings = {"explanations": "explanation"}
    needs = ("boundary", "sce", "distances")
    inquires = Explain
    figure_name = "explained"

    def measure(self, given):
        parts, codes = [], predictions(given.dataset, given.tables["boundary"])
        for metric in given.metrics:
            own = given.tables["distances"]
            judged = {ITSELF: own[own["metric"] == metric]}
            for label, replies in by_explainer(given, Explain.kind):
                sces = sces_in_place_of(given.dataset, given.tables["sce"], replies)
                judged[label] = distances.measure(given.dataset, codes, sces, metric, given.embeddings)
            parts += [_scored(given, rows, metric, label) for label, rows in judged.items()]
            parts.append(_compared(given, judged, metric))
        return pd.concat(parts, ignore_index=True)

    def figure_options(self, experiment, find):
        return {"scores": list(COMPARED)}


def _scored(given, rows, metric, label):
    """The lines of one author of SCEs. What depends on no distance is measured under the first alone."""
    table = scores.score(rows, given.estimand, given.scoring["lattice"])
    wanted = table["score"].isin(_names(given, metric))
    if metric == given.metrics[0]:
        wanted |= table["score"].str.startswith("n_")
    return table[wanted].assign(metric=label).replace({"score": _names(given, metric)})


def _compared(given, judged, metric):
    """The lines of the author's own SCEs minus those of each other model, over the same points."""
    lines, own = [], _verdicts(judged[ITSELF])
    for label in [label for label in judged if label != ITSELF]:
        both = own.merge(_verdicts(judged[label]), on=["condition", "point_id"], suffixes=("", "_theirs"))
        for condition in judged[label]["condition"].unique():
            rows = both[both["condition"] == condition]
            about = given.scoring | {"points": rows["point_id"], "found": rows["sce_point_id"]}
            for score, name in _names(given, metric).items():
                if score in COMPARED:
                    values = rows[score] - rows[f"{score}_theirs"]
                    lines.append(outcomes.difference(condition, MINUS + label, name, values, **about))
    return outcomes.table(lines)


def _verdicts(rows):
    """The rows that can be judged, with their scores (0 or 1) for every point."""
    rows = rows[rows["status"] == "kept"]
    valid = rows["valid"].to_numpy(dtype=bool)
    exact = valid & (rows["excess"] == 0).to_numpy(dtype=bool)
    found = rows[["condition", "point_id", "sce_point_id"]]
    return found.assign(validity=valid.astype(float), exact_match=exact.astype(float))


def _names(given, metric):
    """Score -> its name under a metric; validity depends on none, so it is there once."""
    wanted = AVERAGES if metric == given.metrics[0] else AVERAGES[1:]
    more = "" if metric == MAIN_METRIC else f"_{metric}"
    return {name: name if name == "validity" else name + more for name in wanted}


KIND = Explained()
