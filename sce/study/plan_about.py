"""What models would be asked about others, as far as the others' answers are known."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass

import pandas as pd

from sce.asking.conversations import Interview, responses_of, walk
from sce.asking.protocol import Asked, Protocol
from sce.engines import open_engine
from sce.experiments.protocols import protocol_about
from sce.ledger.of_model import LedgerOfModel
from sce.reading import responses
from sce.study import inquiries
from sce.study.planner import Count, Measured, Planner, file_of, is_there
from sce.study.study import Study

ABOUT_ITSELF = ("question", "condition", "verification", "survey")  # rows that no kind of experiment adds
NO_BOUNDARY = pd.DataFrame(columns=["question", "point_id", "prediction"])
NO_SCES = pd.DataFrame(columns=["condition", "point_id", "status"])


class NoLedger:
    """Holds no answer."""

    def get_all(self, digests: set[str]) -> dict:
        return {}


@dataclass(frozen=True)
class Answers:
    """An author's artifacts ``boundary`` and ``sce`` from what its ledger holds; ``mains``, the points whose
    main question is still to be asked; and ``explained``, condition -> those whose SCE is."""

    boundary: pd.DataFrame
    sce: pd.DataFrame
    mains: set[int]
    explained: dict[str, set[int]]


def count_about(
    study: Study, explainer: str, name: str, authors: dict[str, Answers], measured: Measured
) -> Count:
    """The questions to a model about others (author -> its answers) on a dataset. A question about several of
    them, who answered alike, counts once. Where an author's answers are still to come, they count as an upper
    bound."""
    entry, dataset = study.config.models[explainer], study.datasets[name]
    path, planner, unknown, characters = file_of(study, entry), None, Counter(), Counter()
    with LedgerOfModel(path, read_only=True) if is_there(path) else nullcontext(NoLedger()) as ledger:
        for author, answers in authors.items():
            asked = inquiries.protocol_about(study, author, name, explainer)
            given = answers.boundary, answers.sce
            protocol = protocol_about(dataset, entry, asked, study.published, *given)
            (step,) = protocol.steps
            if planner is None:
                planner = Planner(protocol, open_engine(entry, dataset), ledger, entry.retry, measured)
            walk(protocol, planner)
            more = step.at_most(answers.mains, answers.explained)
            for kind, lengths in step.sample(Interview(protocol, None)).items():
                characters[kind] += more[kind] * sum(lengths) / len(lengths)
            unknown += more
    known = planner.found.total() + planner.open.total() - sum(planner.found[s] for s in entry.retry)
    at_most = unknown.total()
    opened, characters = planner.open + unknown, planner.characters + characters
    return Count(known + at_most, planner.found, opened, at_most, characters, dict(step.tokens_out))


def answers_so_far(
    study: Study, author: str, name: str, protocol: Protocol, rows: list[Asked], planner: Planner
) -> Answers:
    """What the ledger holds of an author's answers: ``rows`` are those of the ``planner``'s walk."""
    asked = [row for row in rows if row.kind in ABOUT_ITSELF]
    mains = planner.mains & {row.point_id for row in asked}  # kinds of experiments ask it elsewhere too
    known = [row for row in asked if row.entry.status != "unasked" and row.point_id not in mains]
    if all(row.kind != "question" for row in known):
        return Answers(NO_BOUNDARY, NO_SCES, mains, planner.explained)
    table, dataset = responses_of(protocol, known), protocol.dataset
    sce = responses.counterfactuals(table, dataset, study.conditions(author, name))
    return Answers(responses.boundary(table, dataset), sce, mains, planner.explained)


def nothing_yet(protocol: Protocol) -> Answers:
    """The answers of an author that was asked nothing."""
    return Answers(NO_BOUNDARY, NO_SCES, set(protocol.points), {})
