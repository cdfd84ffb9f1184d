"""The intervals of scores and differences, from the rows of ``distances`` that they are over."""

import math
from collections import Counter
from collections.abc import Iterable
from functools import partial
from statistics import median

from sce.auditing import intervals, samples
from sce.auditing.averages import AVERAGES, COMPARED, by_condition, kept_of, samples_of
from sce.auditing.findings import Findings
from sce.auditing.intervals import Interval, Over
from sce.auditing.neighbours import Neighbours
from sce.auditing.spreads import Unclear, mean
from sce.auditing.tables import Stored

CENSUS, ANSWERS, POINTS = "census", "answers", "points"
CELLS = ("low", "high", "clusters", "effective_n")
VARYING = ("validity", "validity_probability")  # with the majority of the answers at x', and with their share
SHARES = ("validity", "exact_match")
DISTANCES = (
    "mean_distance", "mean_excess", "median_excess", "mean_shortfall", "median_shortfall",
    "total_minimality_abs",
)  # fmt: skip
LARGEST = {"gower": 1.0, "semantic": 2.0}  # distances: a mean of parts of ranges; 1 minus a cosine
TOTALS = {
    "total_minimality": ("median_relative_excess", "median_relative_shortfall"),
    "total_minimality_abs": ("mean_excess", "mean_shortfall"),
}


def check_scores(
    stored: Stored, rows: list[dict], estimand: str, neighbours: Neighbours | None, findings: Findings
) -> None:
    """The intervals of ``scores.parquet``, from the ``rows`` of ``distances``. ``neighbours``: of the grid;
    None where they are not told apart."""
    for line in stored.rows:
        name = f"{line['condition']} / {line['metric']} / {line['score']}"
        if line["value"] is None or line["score"].startswith("n_"):
            expected = dict.fromkeys((*CELLS, "estimand"))
            if "certain_low" in line:
                del expected["estimand"]  # it may stand beside what is certain
            _check_cells(stored, name, line, expected, findings)
    for (condition, metric), group in by_condition(rows).items():
        lines = {
            line["score"]: line
            for line in stored.rows
            if (line["condition"], line["metric"]) == (condition, metric) and line["value"] is not None
        }
        scored = Scored([row for row in group if row["status"] == "kept"], metric, estimand, neighbours)
        for score, line in lines.items():
            name = f"{condition} / {metric} / {score}"
            if not scored.rows:
                _check_cells(stored, name, line, dict.fromkeys((*CELLS, "estimand")), findings)
            elif not score.startswith("n_"):
                _check(stored, name, line, estimand, partial(scored.interval, score), findings)


def check_differences(
    stored: Stored,
    measured: dict[tuple[str, str], list[dict]],
    estimand: str,
    neighbours: dict[str, Neighbours],
    findings: Findings,
) -> None:
    """The intervals and p of ``differences``. ``measured``: (model, dataset) -> rows of ``distances``."""
    for line in stored.rows:
        name = f"{line['score']} of {line['a']} and {line['b']} on {line['dataset']}, {line['metric']}"
        if line["difference"] is None:
            _check_cells(stored, name, line, dict.fromkeys((*CELLS, "estimand", "p")), findings)
            continue
        made = partial(_of_difference, line, measured, estimand, neighbours.get(line["dataset"]))
        _check(stored, name, line, estimand, made, findings, ("p",))


def _of_difference(line, measured, estimand, neighbours):
    if estimand == CENSUS:
        return Interval()
    a, b = (kept_of(measured, line[side], line["dataset"], line["metric"]) for side in ("a", "b"))
    column = COMPARED[line["score"]]
    points = [
        point
        for point in sorted(a.keys() & b.keys())
        if a[point][column] is not None and b[point][column] is not None
    ]
    values = [float(a[point][column]) - float(b[point][column]) for point in points]
    ways = [[side[point]["sce_point_id"] for point in points] for side in (a, b)]
    over = Over(points, ways, neighbours if estimand == POINTS else None)
    if estimand not in (ANSWERS, POINTS):
        return Interval(clusters=over.clusters, refused=True)
    farthest = _largest(line["score"], line["metric"])  # nothing that is compared is below 0
    both = [samples_of(measured, line[side], line["dataset"], line["metric"]) for side in ("a", "b")]
    if estimand == ANSWERS and all("sample" in rows[0] for rows in both):
        one_model = line["a"].partition(" / ")[0] == line["b"].partition(" / ")[0]
        return _of_sampled(both, points, column, values, one_model, farthest)
    if column == "valid":
        return intervals.of_difference_of_shares(values, over)
    return intervals.of_mean(values, over, -farthest, farthest)


def _largest(score, metric):
    """What a score can be at most."""
    if score in (*SHARES, *VARYING):
        return 1.0
    return LARGEST.get(metric, math.inf) if score in DISTANCES else math.inf


def _of_sampled(both, points, column, values, one_model, farthest):
    """Over answers, of means over the samples of each point: each side varies by itself, but for answers at
    x' that one boundary gave to both."""
    spreads, weighted, known = [], [], set(points)
    for sign, rows in zip((1, -1), both, strict=True):
        chosen = [row for row in rows if row["point_id"] in known and row[column] is not None]
        at = [row["point_id"] for row in chosen]
        many = Counter(at)
        weights = [1 / many[point] / len(points) for point in at]
        spreads.append(samples.of_samples([float(row[column]) for row in chosen], at, weights))
        weighted.append([(row, sign * weight) for row, weight in zip(chosen, weights, strict=True)])
    if column == "valid":
        groups = [weighted[0] + weighted[1]] if one_model else weighted
        spreads += [samples.through_answers_at_x(group)[0] for group in groups]
    return samples.over_answers(mean(values), values, spreads, len(points), -farthest, farthest)


def _check(stored, name, line, estimand, make, findings, more: Iterable[str] = ()):
    """Compare the cells of a line with those of the interval that ``make`` gives."""
    try:
        interval = make()
    except Unclear as why:
        findings.checked["intervals that were not computed anew"] += 1
        findings.note(f"{stored.path}: intervals that were not computed anew: {why}")
        return
    expected = interval.cells | {column: getattr(interval, column) for column in more}
    _check_cells(stored, name, line, expected | {"estimand": estimand}, findings)
    reasoned = line["reason"] is not None
    findings.equal(stored.path, f"{name}: has a reason", reasoned, interval.refused, "intervals")


def _check_cells(stored, name, line, expected, findings):
    for column, value in expected.items():
        findings.equal(stored.path, f"{name}: {column}", line[column], value, "intervals")


class Scored:
    """The kept rows of one condition and metric, and the intervals of the scores that are over them."""

    def __init__(self, rows: list[dict], metric: str, estimand: str, neighbours: Neighbours | None):
        self.rows, self.estimand = sorted(rows, key=lambda row: row["point_id"]), estimand
        self.metric = metric
        self.sampled = bool(rows) and "sample" in rows[0]
        points = [row["point_id"] for row in self.rows]
        ways = [[row["sce_point_id"] for row in self.rows], *([points] if self.sampled else [])]
        self.over = Over(points, ways, neighbours if estimand == POINTS else None)
        self.valid = [bool(row["valid"]) for row in self.rows]

    def interval(self, score: str) -> Interval:
        if self.estimand == CENSUS:
            return Interval()
        if score == "validity_with_off_grid":
            return Interval(refused=True)
        if score in TOTALS:
            return self._of_total(score)
        if self.estimand not in (ANSWERS, POINTS):
            return Interval(clusters=self._over(score).clusters, refused=True)
        return self._over_samples(score) if self.asked_again else self._over_rows(score)

    @property
    def asked_again(self):
        """Whether intervals are over the samples of each point."""
        return self.sampled and self.estimand == ANSWERS

    def _over_rows(self, score):
        values, over = self._values(score), self._over(score)
        if score in SHARES:
            return intervals.of_share(values, over)
        if score.startswith("median"):
            return intervals.of_median(values, over)
        return intervals.of_mean(values, over, 0.0, _largest(score, self.metric))

    def _over_samples(self, score):
        values, points = self._values(score), self._over(score).points
        if score.startswith("median"):
            below = [float(value <= median(values)) for value in values]
            return samples.of_median(values, below, points)
        more = []
        if score in VARYING:
            weighted = [(row, 1 / len(self.rows)) for row in self.rows]
            more = [samples.through_answers_at_x(weighted)[VARYING.index(score)]]
        most = _largest(score, self.metric)
        return samples.over_samples(mean(values), values, points, 0.0, most, more)

    def _all_values(self, score):
        """Of every row the value that the score averages; None where it has none."""
        if score == "validity":
            return [float(valid) for valid in self.valid]
        if score == "exact_match":
            return [float(row["valid"] and row["excess"] == 0) for row in self.rows]
        column = "probability" if score == "validity_probability" else AVERAGES[score][0]
        return [row[column] for row in self.rows]

    def _defined(self, score):
        return [value is not None for value in self._all_values(score)]

    def _values(self, score):
        return [value for value in self._all_values(score) if value is not None]

    def _over(self, score):
        return self.over.only(self._defined(score))

    def _of_total(self, score):
        """By how much each row moves the total: through validity, and through the averages that it weighs."""
        parts, validity = TOTALS[score], mean([float(valid) for valid in self.valid])
        averages = [self._average(part) for part in parts]
        moves = [(valid - validity) * (averages[0] - averages[1]) for valid in self.valid]
        for part, average, weight in zip(parts, averages, (validity, 1 - validity), strict=True):
            values = self._values(part)
            if not values:
                continue
            own = self.interval(part)
            if own.refused:
                return own
            if part.startswith("mean"):
                move = [value - average for value in values]
            else:
                slope = (own.high - own.low) * math.sqrt(own.effective_n or 0) / intervals.quantile(math.inf)
                below = [float(value <= average) for value in values]
                move = [(mean(below) - each) * slope for each in below]
            scale = weight * len(self.rows) / len(values)
            places = [place for place, defined in enumerate(self._defined(part)) if defined]
            for place, each in zip(places, move, strict=True):
                moves[place] += each * scale
        total = validity * averages[0] + (1 - validity) * averages[1]
        most = _largest(score, self.metric)
        if self.asked_again:
            return samples.over_samples(total, moves, self.over.points, 0.0, most)
        return intervals.around(total, moves, self.over, 0.0, most)

    def _average(self, score):
        values = self._values(score)
        if not values:
            return 0.0
        return mean(values) if score.startswith("mean") else median(values)
