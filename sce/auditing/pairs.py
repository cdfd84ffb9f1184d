"""One model on one dataset, from its replies to its scores."""

from dataclasses import dataclass
from pathlib import Path

from sce.asking.protocol import Protocol
from sce.auditing import averages, certain, in_part, interval_checks, ledgers, measures, replies, requests
from sce.auditing.geometry import distances_of
from sce.auditing.neighbours import Neighbours
from sce.auditing.tables import Files
from sce.engines import Fatal, open_engine
from sce.errors import InputError
from sce.models.entries import Model


@dataclass(frozen=True)
class PairToAudit:
    """What the configuration says of a model and a dataset. ``folder``: of its artifacts; ``ledger``: its
    file; ``embeddings``: the file of them, for the semantic metric. ``survey``: how a part of the grid was
    asked; None where all of it was. ``estimand``: what intervals are over; ``neighbours``: of the grid, None
    where they are not told apart."""

    model: str
    entry: Model
    protocol: Protocol
    folder: Path
    ledger: Path
    metrics: list[str]
    embeddings: Path
    survey: dict | None
    estimand: str
    neighbours: Neighbours | None

    @property
    def dataset(self):
        return self.protocol.dataset


def audit_pair(pair: PairToAudit, files: Files) -> dict[int, str | None] | None:
    """Check the artifacts of a pair. Returns its predictions, of the points that were asked: point -> option;
    None where its replies cannot be read."""
    findings = files.findings
    responses = files.get(pair.folder / "responses.parquet")
    if responses is None:
        return None
    ledger = ledgers.read_ledger(pair.ledger, findings)
    ledgers.check_replies(responses, ledger, pair.ledger, findings)
    ledgers.check_requests({row["digest"] for row in responses.rows}, ledger, pair.ledger, findings)
    _check_derived(pair, responses, ledger, findings)

    reader = replies.Reader(pair.dataset, findings)
    boundary = replies.boundary_of(responses, reader)
    main = pair.protocol.questions[0].name
    at = {row["point_id"]: row for row in boundary if row["question"] == main}
    predictions = {point: at[point]["prediction"] for point in sorted(at)}
    conditions = [prompt.name for prompt in pair.protocol.conditions]
    samples = pair.protocol.samples
    asked = [row for row in responses.rows if (row["kind"], row["wording"]) == ("question", main)]
    starts = {row["point_id"] for row in asked}
    begun = {point: option for point, option in predictions.items() if point in starts}
    sces = replies.sces_of(responses, begun, conditions, reader, samples)
    sampled = ("sample",) if samples > 1 else ()
    for name, keys, expected in (
        ("boundary", ("question", "point_id"), boundary),
        ("sce", ("condition", "point_id", *sampled), sces),
    ):
        stored = files.get(pair.folder / f"{name}.parquet")
        if stored:
            findings.rows(stored.path, keys, stored.rows, expected, "predictions and SCEs")
    askings = {point: (row["share_1"], row["askings"]) for point, row in at.items()} if sampled else None
    _audit_measures(pair, predictions, askings, sces, files)
    return predictions


def _check_derived(pair, responses, ledger, findings):
    try:
        engine = open_engine(pair.entry, pair.dataset)
        requests.check_derived(responses, pair.protocol, engine, ledger, findings)
    except (InputError, Fatal, ImportError) as error:
        findings.note(f"{pair.model}: its requests could not be derived anew here: {error}")


def _audit_measures(pair, predictions, askings, sces, files):
    by_metric, findings = {}, files.findings
    for metric in pair.metrics:
        try:
            distances = distances_of(pair.dataset, metric, pair.embeddings)
        except (OSError, ValueError, EOFError) as error:
            findings.problem(pair.embeddings, f"damaged ({error}); delete it and run again")
            continue
        if distances is None:
            findings.note(f"the metric {metric} is not known here: its distances were not computed anew")
        else:
            by_metric[metric] = measures.Rows(pair.dataset, predictions, metric, distances, askings)
    distances, scores = (files.get(pair.folder / f"{name}.parquet") for name in ("distances", "scores"))
    if distances is None:
        return
    if pair.survey:
        _audit_in_part(pair, predictions, sces, by_metric, distances, scores, findings)
        return
    rows = measures.check_distances(distances, sces, by_metric, findings)
    if scores:
        known = [row for row in scores.rows if row["metric"] in by_metric]
        findings.rows(scores.path, ("condition", "metric", "score"), known, _scores(rows), "scores")
        rows = distances.rows  # which are right, or were found to be wrong
        interval_checks.check_scores(scores, rows, pair.estimand, pair.neighbours, findings)


def _audit_in_part(pair, predictions, sces, by_metric, distances, scores, findings):
    asked, monotone = set(predictions), pair.survey["monotone"]
    bounded = {metric: in_part.Bounded(rows, asked, monotone) for metric, rows in by_metric.items()}
    in_part.check_bounds(distances, sces, bounded, findings)
    if monotone:
        findings.note(f"{pair.folder}: what rests on the assumption of monotony alone was not checked")
    if scores:
        certain.check_scores(scores, distances.rows, pair.estimand, findings)


def _scores(rows):
    """The rows of ``scores.parquet`` for measured rows, each condition and metric by itself."""
    groups = averages.by_condition(rows).items()
    return [line for key, group in groups for line in averages.scores_of(group, *key)]


def embeddings_of(path: Path):
    """The embeddings of a dataset; None where there are none."""
    import numpy as np

    return np.load(path) if path.exists() else None
