"""Does a model know about itself what others do not? Its own prediction of what it answers at an SCE, made
before it was asked for one, against those of other models that know its question and its answer."""

import numpy as np

from sce.asking.messages import answer_schema
from sce.engines import About
from sce.errors import InputError
from sce.experiments.about_another import Inquiry, KindAboutAnother, by_explainer
from sce.experiments.self_modelling import OwnAnswers
from sce.experiments.self_prediction import actual_of, foreseen_by_control
from sce.measuring import outcomes, possible
from sce.measuring.outcomes import ITSELF, MINUS
from sce.reading.responses import answer_of
from sce.wordings import prompts
from sce.wordings.names import Wordings

prompts.add_prompt_kind("peer_prediction", {"asked", "answer", "description"})

OWN = "self_prediction_before"  # the kind of its own predictions that know as much as a peer's


class Foresee(Inquiry):
    """What the author answers at its SCE, on the grid or verified off it."""

    kind = "peer_prediction"
    tokens_out = 20
    schema = staticmethod(answer_schema)
    about_sces = True

    def instances(self, author, condition, start):
        sce = author.sces.get((condition, start))
        return [] if sce is None or sce.prediction is None else [sce.record]

    def about(self, author, condition, start, prompt, record):
        answer, more = author.answers[start], {"start": author.dataset.record(start)}
        return About(self.kind, prompt.name, record, answer, more=more, control=foreseen_by_control)


class PeerPrediction(KindAboutAnother):
    """Of every condition, over SCEs whose own prediction is known. ``accuracy``, the share of readable
    replies that foresee it: in lines ``itself`` the model's own before the SCE was asked for (the mean over
    wordings, where there are several), in lines ``WORDING by B`` those of B; in lines ``itself minus WORDING
    by B`` the mean difference over the SCEs about which both have a readable reply. ``valid``, in lines
    ``itself``: the accuracy of taking every SCE for valid. ``unparseable``: the number of B's replies that
    are missing or cannot be read."""

    name = "peer_prediction"
    fields = {"peer_predictions": (Wordings, [])}
    wordings = {"peer_predictions": "peer_prediction"}
    inquires = Foresee
    figure_name = "peer_prediction"

    def check(self, experiment, config, dataset):
        if experiment.peer_predictions and not experiment.self_predictions:
            allowed = "self_predictions, which they are compared with"
            raise InputError(f"dataset {dataset.name}", "peer_predictions", "no self_predictions", allowed)

    def measure(self, given):
        answers = OwnAnswers(given, given.metrics[0])  # no distance is measured
        actual = actual_of(answers)
        own = _right(answers.dataset, actual, answers.replies(OWN))
        theirs = {
            label: _right(answers.dataset, actual, rows) for label, rows in by_explainer(given, Foresee.kind)
        }
        lines = []
        for condition in given.tables["sce"]["condition"].unique():
            points = [point for about, point in actual if about == condition]
            known = [actual[condition, point] for point in points]
            about = given.scoring | {"points": points, "found": [reached for *_, reached in known]}
            share = about | {"within": possible.SHARE}

            def of(right, condition=condition, points=points):
                return np.array([right.get((condition, point), np.nan) for point in points])

            valid = [target == there for target, there, _ in known]
            lines.append(outcomes.mean(condition, ITSELF, "accuracy", of(own), **share))
            lines.append(outcomes.mean(condition, ITSELF, "valid", valid, **share))
            for label, right in theirs.items():
                unread = int(np.isnan(of(right)).sum())
                lines.append(outcomes.mean(condition, label, "accuracy", of(right), **share))
                lines.append(outcomes.number(condition, label, "unparseable", unread, len(points)))
                excess = of(own) - of(right)
                lines.append(outcomes.difference(condition, MINUS + label, "accuracy", excess, **about))
        return outcomes.table(lines)

    def figure_options(self, experiment, find):
        return {"scores": ["accuracy"]}


def _right(dataset, actual, rows):
    """(condition, point) -> whether a reply foresees the answer there (0 or 1, a mean over wordings); those
    that cannot be read are left out. rows: of ``responses``."""
    found = {}
    for row in rows.to_dict("records"):
        key = row["condition"], row["point_id"]
        said = answer_of(row, dataset)
        if said is not None and key in actual:
            found.setdefault(key, []).append(float(said == actual[key][1]))
    return {key: float(np.mean(values)) for key, values in found.items()}


KIND = PeerPrediction()
