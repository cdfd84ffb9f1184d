"""One model on one dataset, from its replies to its scores."""

from dataclasses import dataclass
from pathlib import Path

from sce.asking.protocol import Protocol
from sce.auditing import averages, in_part, ledgers, measures, replies, requests
from sce.auditing.geometry import distances_of
from sce.auditing.tables import Files
from sce.engines import Fatal, open_engine
from sce.errors import InputError
from sce.models.entries import Model


@dataclass(frozen=True)
class PairToAudit:
    """What the configuration says of a model and a dataset. ``folder``: of its artifacts; ``ledger``: its
    file; ``embeddings``: the file of them, for the semantic metric. ``in_part``: only a part of the grid was
    asked."""

    model: str
    entry: Model
    protocol: Protocol
    folder: Path
    ledger: Path
    metrics: list[str]
    embeddings: Path
    in_part: bool = False

    @property
    def dataset(self):
        return self.protocol.dataset


@dataclass(frozen=True)
class Audited:
    """What was computed anew: point -> option, and the measured rows."""

    predictions: dict[int, str | None]
    rows: list[dict]


def audit_pair(pair: PairToAudit, files: Files) -> Audited | None:
    """Check the artifacts of a pair; None where its replies cannot be read."""
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
    predictions = {point: at.get(point, {}).get("prediction") for point in range(pair.dataset.size)}
    conditions = [prompt.name for prompt in pair.protocol.conditions]
    samples = pair.protocol.samples
    sces = replies.sces_of(responses, predictions, conditions, reader, samples)
    sampled = ("sample",) if samples > 1 else ()
    for name, keys, expected in (
        ("boundary", ("question", "point_id"), boundary),
        ("sce", ("condition", "point_id", *sampled), sces),
    ):
        stored = files.get(pair.folder / f"{name}.parquet")
        if stored:
            findings.rows(stored.path, keys, stored.rows, expected, "predictions and SCEs")
    if pair.in_part:
        asked = {row["point_id"] for row in boundary if row["question"] == main}
        _audit_bounds(pair, predictions, asked, sces, files)
        return Audited(predictions, [])
    askings = {point: (row["share_1"], row["askings"]) for point, row in at.items()} if sampled else None
    return Audited(predictions, _audit_measures(pair, predictions, askings, sces, files))


def _check_derived(pair, responses, ledger, findings):
    try:
        engine = open_engine(pair.entry, pair.dataset)
        requests.check_derived(responses, pair.protocol, engine, ledger, findings)
    except (InputError, Fatal, ImportError) as error:
        findings.note(f"{pair.model}: its requests could not be derived anew here: {error}")


def _audit_bounds(pair, predictions, asked, sces, files):
    stored = files.get(pair.folder / "distances.parquet")
    if stored is None:
        return
    by_metric = {}
    for metric in pair.metrics:
        rows = measures.Rows(pair.dataset, predictions, metric, distances_of(pair.dataset, metric, None))
        by_metric[metric] = in_part.Bounded(rows, pair.dataset.size, asked)
    in_part.check_bounds(stored, sces, by_metric, files.findings)


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
    distances = files.get(pair.folder / "distances.parquet")
    scores = files.get(pair.folder / "scores.parquet")
    if distances is None:
        return []
    rows = measures.check_distances(distances, sces, by_metric, findings)
    if scores:
        known = [row for row in scores.rows if row["metric"] in by_metric]
        findings.rows(scores.path, ("condition", "metric", "score"), known, _scores(rows), "scores")
    return rows


def _scores(rows):
    """The rows of ``scores.parquet`` for measured rows, each condition and metric by itself."""
    groups = {}
    for row in rows:
        groups.setdefault((row["condition"], row["metric"]), []).append(row)
    return [line for key, group in groups.items() for line in averages.scores_of(group, *key)]


def embeddings_of(path: Path):
    """The embeddings of a dataset; None where there are none."""
    import numpy as np

    return np.load(path) if path.exists() else None
