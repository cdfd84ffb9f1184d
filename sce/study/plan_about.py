"""What models would be asked about others, as far as the others' answers are known."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import replace

import pandas as pd

from sce.asking.conversations import Interview, elicit
from sce.engines import open_engine
from sce.experiments.protocols import protocol_about
from sce.ledger.of_model import LedgerOfModel
from sce.reading import responses
from sce.study import inquiries
from sce.study.planner import Count, Measured, Planner, file_of, is_there, protocol_asked
from sce.study.study import Study

NO_BOUNDARY = pd.DataFrame(columns=["question", "point_id", "prediction"])
NO_SCES = pd.DataFrame(columns=["condition", "point_id", "status"])


class NoLedger:
    """Holds no answer."""

    def get_all(self, digests: set[str]) -> dict:
        return {}


def count_about(study: Study, explainer: str, name: str, authors: list[str], measured: Measured) -> Count:
    """The questions to a model about others (``authors``) on a dataset. A question about several of them, who
    answered alike, counts once. Where an author's answers are still to come, they count as an upper bound."""
    entry, dataset = study.config.models[explainer], study.datasets[name]
    path, planner, unknown, characters = file_of(study, entry), None, Counter(), Counter()
    with LedgerOfModel(path, read_only=True) if is_there(path) else nullcontext(NoLedger()) as ledger:
        for author in authors:
            asked = inquiries.protocol_about(study, author, name, explainer)
            boundary, sce, mains, explained = _answers_so_far(study, author, name)
            protocol = protocol_about(dataset, entry, asked, study.published, boundary, sce)
            (step,) = protocol.steps
            if planner is None:
                planner = Planner(protocol, open_engine(entry, dataset), ledger, entry.retry, measured)
            elicit(protocol, planner, lambda status: None)
            more = step.at_most(mains, explained)
            for kind, lengths in step.sample(Interview(protocol, None)).items():
                characters[kind] += more[kind] * sum(lengths) / len(lengths)
            unknown += more
    known = planner.found.total() + planner.open.total() - sum(planner.found[s] for s in entry.retry)
    at_most = unknown.total()
    opened, characters = planner.open + unknown, planner.characters + characters
    return Count(known + at_most, planner.found, opened, at_most, characters, dict(step.tokens_out))


def _answers_so_far(study, author, name):
    """The artifacts ``boundary`` and ``sce`` of an author from what its ledger holds; the points whose main
    question is still to be asked; and condition -> those whose SCE is."""
    entry, dataset = study.config.models[author], study.datasets[name]
    protocol, path = replace(protocol_asked(study, author, name), steps=()), file_of(study, entry)
    if not is_there(path):
        return NO_BOUNDARY, NO_SCES, set(protocol.points), {}
    with LedgerOfModel(path, read_only=True) as ledger:
        planner = Planner(protocol, open_engine(entry, dataset), ledger, entry.retry, Measured())
        walked = elicit(protocol, planner, lambda status: None)
    known = walked[(walked["status"] != "unasked") & ~walked["point_id"].isin(planner.mains)]
    if not (known["kind"] == "question").any():
        return NO_BOUNDARY, NO_SCES, planner.mains, planner.explained
    boundary = responses.boundary(known, dataset)
    sce = responses.counterfactuals(known, dataset, study.conditions(author, name))
    return boundary, sce, planner.mains, planner.explained
