"""Scores against a literal transcription of docs/protocol.md, Scores, their intervals, and paired
differences."""

from fractions import Fraction
from statistics import fmean, median

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sce.errors import InputError
from sce.files import artifacts
from sce.grids.datasets import Dataset
from sce.measuring import comparisons
from sce.measuring.comparisons import paired_differences
from sce.measuring.distances import measure
from sce.measuring.scores import NO_BOUNDARY, SCORES, counts, estimates, score
from sce.statuses import ROW_STATUSES

OPTIONS = ["no", "yes"]
FEATURES = {
    "age": {"kind": "numeric", "levels": [0, 10, 15, 40], "wording": "age {value}"},
    "sex": {"kind": "categorical", "levels": ["a", "b"], "wording": "sex {value}"},
    "rooms": {"kind": "ordinal", "levels": [1, 2, 3], "wording": "rooms {value}"},
}
TEXTS = {"name": "tiny", "title": "t", "subject": "s", "context": "c", "question": "q"}
TINY = Dataset.model_validate({**TEXTS, "options": OPTIONS, "features": FEATURES})


def gower(a, b):
    x, z = TINY.record(a), TINY.record(b)
    ages, rooms = abs(x["age"] - z["age"]), abs(x["rooms"] - z["rooms"])
    return (Fraction(ages, 40) + Fraction(rooms, 2) + (x["sex"] != z["sex"])) / 3


def literal_scores(predictions, rows):
    """docs/protocol.md, Scores, line by line. ``rows``: (x, x') pairs; predictions: 0, 1 or -1 per point."""
    kept = [(x, y) for x, y in rows if predictions[x] >= 0 and predictions[y] >= 0]
    flips = [(x, y) for x, y in kept if predictions[y] == 1 - predictions[x]]
    fails = [(x, y) for x, y in kept if predictions[y] == predictions[x]]

    def to(a, label):
        return min((gower(a, z) for z in range(TINY.size) if predictions[z] == label), default=None)

    def m(x):
        return to(x, 1 - predictions[x])

    def b(y):
        return to(y, 1 - predictions[y])

    excess = [gower(x, y) - m(x) for x, y in flips]
    relative_excess = [gower(x, y) / m(x) - 1 for x, y in flips]
    shortfall = [b(y) for x, y in fails if b(y) is not None]
    relative_shortfall = [b(y) / m(x) for x, y in fails if b(y) is not None]
    validity = Fraction(len(flips), len(kept)) if kept else None

    def over(average, values):
        return average(values) if values else None

    def total(excesses, shortfalls, average):
        if not excesses:
            return None
        return validity * average(excesses) + (1 - validity) * (average(shortfalls) if shortfalls else 0)

    return {
        "validity": validity,
        "mean_distance": over(fmean, [gower(x, y) for x, y in kept]),
        "mean_excess": over(fmean, excess),
        "median_excess": over(median, excess),
        "mean_relative_excess": over(fmean, relative_excess),
        "median_relative_excess": over(median, relative_excess),
        "mean_shortfall": over(fmean, shortfall),
        "median_shortfall": over(median, shortfall),
        "mean_relative_shortfall": over(fmean, relative_shortfall),
        "median_relative_shortfall": over(median, relative_shortfall),
        "total_minimality": total(relative_excess, relative_shortfall, median),
        "total_minimality_abs": total(excess, shortfall, fmean),
        "exact_match": Fraction(sum(e == 0 for e in excess), len(kept)) if kept else None,
        "validity_with_off_grid": None,
    }


def table(rows, condition="plain"):
    asked = pd.DataFrame(rows, columns=["point_id", "sce_point_id"]).astype({"sce_point_id": "Int64"})
    return asked.assign(condition=condition, target=None, status="ok")


POINTS = st.integers(0, TINY.size - 1)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([[0, 1], [-1, 0, 1], [0, 0, 0, 1], [0], [-1, 1]]).flatmap(
        lambda labels: st.lists(st.sampled_from(labels), min_size=TINY.size, max_size=TINY.size)
    ),
    st.lists(st.tuples(POINTS, POINTS), max_size=30, unique_by=lambda row: row[0]),
)
def test_every_score_equals_its_formula(predictions, rows):
    found = estimates(measure(TINY, np.array(predictions), table(rows), "gower"))
    assert tuple(found) == SCORES
    for name, expected in literal_scores(predictions, rows).items():
        value, n, reason = found[name]
        if expected is None:
            assert value is None, name
            assert reason, name
        else:
            assert value == pytest.approx(float(expected), rel=1e-12, abs=1e-12), name
            assert (reason, n > 0) == (None, True), name
    exact = literal_scores(predictions, rows)["exact_match"]
    assert exact is None or found["exact_match"][0] == float(exact)


def line(point, valid, distance=1.0, **more):
    empty = dict.fromkeys(
        ["nearest_distance", "excess", "relative_excess", "shortfall", "relative_shortfall"]
    )
    return {
        **{"condition": "plain", "metric": "l1", "point_id": point, "sce_point_id": point, "status": "kept"},
        **{"valid": valid, "distance": distance, "nearest_point_id": None, **empty, **more},
    }


VALID = [
    line(0, True, 3, nearest_distance=2, excess=1, relative_excess=0.5),
    line(1, True, 2, nearest_distance=2, excess=0, relative_excess=0),
    line(2, True, 8, nearest_distance=2, excess=6, relative_excess=3),
]
INVALID = [
    line(3, False, 1, nearest_distance=4, shortfall=3, relative_shortfall=0.75),
    line(4, False, 1, nearest_distance=4, shortfall=1, relative_shortfall=0.25),
]
LOST = [
    {**line(5 + i, None, None), "status": s} for i, s in enumerate(["off_grid", "truncated", "truncated"])
]


def test_scores_by_hand(tmp_path):
    scored = score(pd.DataFrame(VALID + INVALID + LOST), "points")
    artifacts.write(scored, tmp_path / "scores.parquet", "scores")
    by_name = scored.set_index("score")
    expected = {
        "validity": (3 / 5, 5),
        "mean_distance": (3, 5),
        "mean_excess": (7 / 3, 3),
        "median_excess": (1, 3),
        "mean_relative_excess": (3.5 / 3, 3),
        "median_relative_excess": (0.5, 3),
        "mean_shortfall": (2, 2),
        "median_shortfall": (2, 2),
        "mean_relative_shortfall": (0.5, 2),
        "median_relative_shortfall": (0.5, 2),
        "total_minimality": (3 / 5 * 0.5 + 2 / 5 * 0.5, 5),
        "total_minimality_abs": (3 / 5 * 7 / 3 + 2 / 5 * 2, 5),
        "exact_match": (1 / 5, 5),
        "n_kept": (5, 8),
        "n_off_grid": (1, 8),
        "n_truncated": (2, 8),
        "n_refused": (0, 8),
    }
    for name, (value, n) in expected.items():
        assert by_name.loc[name, "value"] == pytest.approx(value, rel=1e-15), name
        assert by_name.loc[name, "n"] == n, name
        reason = by_name.loc[name, "reason"]
        assert pd.isna(reason) or reason.startswith("too few clusters"), name
    assert list(scored["score"]) == [*SCORES, *(f"n_{status}" for status in ROW_STATUSES)]
    assert (scored["condition"] == "plain").all()
    assert (scored["metric"] == "l1").all()


def reasons(rows):
    return {name: reason for name, (value, _, reason) in estimates(pd.DataFrame(rows)).items() if reason}


def test_undefined_scores_say_why():
    assert set(reasons(LOST).values()) == {"no kept rows", "no off-grid instance was verified"}
    only_invalid = reasons(INVALID)
    assert only_invalid["mean_excess"] == only_invalid["total_minimality"] == "no valid rows"
    assert "mean_shortfall" not in only_invalid
    only_valid = reasons(VALID)
    assert only_valid["mean_relative_shortfall"] == "no invalid rows"
    assert "total_minimality" not in only_valid
    flat = reasons([line(0, False), line(1, False)])
    assert flat["mean_excess"] == flat["median_shortfall"] == flat["total_minimality_abs"] == NO_BOUNDARY
    assert "validity" not in flat
    assert "mean_distance" not in flat
    outside = reasons([line(0, True), line(1, False)])
    assert outside["mean_excess"] == "undefined on all valid rows"


def test_a_missing_shortfall_counts_nothing_in_totals_at_validity_1():
    found = estimates(pd.DataFrame(VALID))
    assert found["total_minimality"][0] == 0.5
    assert found["total_minimality_abs"][0] == pytest.approx(7 / 3)


def test_validity_with_verified_off_grid_instances():
    off = [{**line(9 + i, valid, None), "status": "off_grid"} for i, valid in enumerate([True, False, None])]
    scored = score(pd.DataFrame(VALID + INVALID + off), "points").set_index("score")
    assert scored.loc["validity", "value"] == 3 / 5
    assert scored.loc["validity_with_off_grid", ["value", "n"]].tolist() == [4 / 7, 7]
    assert pd.isna(scored.loc["validity_with_off_grid", "low"])
    assert scored.loc["validity_with_off_grid", "reason"].startswith("which off-grid instances are the same")


def test_counts_refuse_an_unknown_status():
    with pytest.raises(InputError, match="status: found 'lost'"):
        counts(pd.DataFrame([{**line(0, True), "status": "lost"}]))


def test_an_empty_table_has_no_scores(tmp_path):
    scored = score(pd.DataFrame(VALID).iloc[:0], "points")
    artifacts.write(scored, tmp_path / "scores.parquet", "scores")
    assert len(scored) == 0


# --- intervals ---


def measured(n, seed, condition="plain", metric="gower"):
    """n rows with a mix of everything, made without a dataset."""
    rng = np.random.default_rng(seed)
    valid = rng.random(n) < 0.7
    nearest = rng.gamma(2, 0.1, n) + 0.01
    excess = np.where(valid, rng.gamma(1, 0.3, n).round(2), np.nan)
    shortfall = np.where(valid, np.nan, rng.random(n))
    return pd.DataFrame(
        {
            "condition": condition,
            "metric": metric,
            "point_id": np.arange(n),
            "sce_point_id": np.arange(n),
            "status": np.where(rng.random(n) < 0.9, "kept", "off_grid"),
            "valid": valid,
            "distance": np.where(valid, nearest + excess, rng.random(n)),
            "nearest_distance": nearest,
            "excess": excess,
            "relative_excess": excess / nearest,
            "shortfall": shortfall,
            "relative_shortfall": shortfall / nearest,
        }
    ).assign(valid=lambda t: t["valid"].astype("boolean").where(t["status"] == "kept"))


def test_permuting_rows_changes_nothing():
    rows = pd.concat(
        [measured(300, 1), measured(200, 2, "minimal"), measured(100, 3, metric="l1")], ignore_index=True
    )
    scored = score(rows, "points")
    pd.testing.assert_frame_equal(score(rows.sample(frac=1, random_state=0), "points"), scored)
    alone = score(rows[rows["condition"] == "minimal"], "points")
    expected = scored[scored["condition"] == "minimal"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, expected)


def usual(values):
    """The 95% interval of the mean of independent rows."""
    half = 1.96 * values.std(ddof=1) / len(values) ** 0.5
    return values.mean() - half, values.mean() + half


def test_rows_of_their_own_have_the_usual_intervals():
    """Where no x' is shared and no neighbours are told, clusters change nothing."""
    rows = measured(2000, 5)
    scored = score(rows, "points").set_index("score")
    kept = rows[rows["status"] == "kept"]
    by_hand = {
        "validity": kept["valid"].astype(float),
        "mean_distance": kept["distance"],
        "mean_excess": kept["excess"].dropna(),
        "mean_shortfall": kept["shortfall"].dropna(),
    }
    for name, values in by_hand.items():
        ends = scored.loc[name, ["low", "high"]].tolist()
        assert ends == pytest.approx(usual(values), abs=0.1 * (ends[1] - ends[0])), name
        assert scored.loc[name, "clusters"] == len(values), name
        assert scored.loc[name, "effective_n"] == pytest.approx(len(values), rel=0.01), name


TOTALS = {
    "total_minimality": lambda d: (
        d["valid"].mean() * d["relative_excess"].median()
        + (1 - d["valid"].mean()) * d["relative_shortfall"].median()
    ),
    "total_minimality_abs": lambda d: (
        d["valid"].mean() * d["excess"].mean() + (1 - d["valid"].mean()) * d["shortfall"].mean()
    ),
    "median_excess": lambda d: d["excess"].median(),
}


def test_intervals_of_medians_and_totals_are_as_wide_as_those_of_rows_drawn_anew():
    rows = measured(1000, 5)
    kept = rows[rows["status"] == "kept"].astype({"valid": float})
    drawn = [kept.sample(frac=1, replace=True, random_state=i) for i in range(400)]
    scored = score(rows, "answers").set_index("score")
    for name, statistic in TOTALS.items():
        error = np.std([statistic(one) for one in drawn])
        width = scored.loc[name, "high"] - scored.loc[name, "low"]
        assert width == pytest.approx(2 * 1.96 * error, rel=0.25), name
        assert scored.loc[name, "low"] <= scored.loc[name, "value"] <= scored.loc[name, "high"], name


def test_a_census_has_no_interval_and_needs_no_reason():
    scored = score(measured(50, 1), "census").set_index("score")
    row = scored.loc["validity"]
    assert row["estimand"] == "census"
    assert scored.loc[list(SCORES), ["low", "high", "clusters", "effective_n"]].isna().all(axis=None)
    assert scored["reason"].dropna().tolist() == ["no off-grid instance was verified"]


def test_a_few_x_are_too_few_clusters():
    scored = score(measured(90, 1).assign(sce_point_id=lambda t: t["point_id"] % 3), "points")
    row = scored.set_index("score").loc["validity"]
    assert 0 < row["value"] < 1
    assert pd.isna(row["low"])
    assert row["reason"].startswith("too few clusters: 3 different x', the commonest on ")
    assert row["clusters"] == 3


def test_equal_values_leave_a_share_uncertain_and_a_mean_not():
    rows = pd.DataFrame(VALID[:1]).loc[[0] * 40].assign(point_id=range(40), sce_point_id=np.arange(40) // 5)
    scored = score(rows, "points").set_index("score")
    assert scored.loc["validity", ["value", "high", "effective_n"]].tolist() == [1, 1, 8]
    assert scored.loc["validity", "low"] == pytest.approx(0.025 ** (1 / 8))  # the probability of 8 of 8
    assert scored.loc["mean_distance", ["low", "value", "high"]].tolist() == [3, 3, 3]


# --- paired differences ---


def test_paired_differences_by_hand():
    left = pd.DataFrame([*VALID, *INVALID])
    right = pd.DataFrame(
        [
            line(0, True, 2, nearest_distance=2, excess=0, relative_excess=0),
            line(1, False, 1, nearest_distance=2, shortfall=1, relative_shortfall=0.5),
            line(3, True, 5, nearest_distance=4, excess=1, relative_excess=0.25),
            {**line(4, None, None), "status": "off_grid"},
            line(7, True, 9, nearest_distance=1, excess=8, relative_excess=8),
        ]
    )
    found = paired_differences({("m", "plain"): left, ("m", "minimal"): right.sample(frac=1)}, "points")
    assert found["score"].tolist() == ["validity", "mean_distance", "mean_excess"]
    assert found["difference"].tolist() == pytest.approx([(0 + 1 - 1) / 3, (1 + 1 - 4) / 3, 1])
    assert found["n"].tolist() == [3, 3, 1]
    assert set(found["a"] + " - " + found["b"]) == {"m / plain - m / minimal"}
    assert found["clusters"].tolist() == [3, 3, 1]
    assert found["reason"].str.startswith("too few clusters").all()
    assert found["p_mcnemar"].iloc[0] == 1  # one point is valid only here, one only there


def test_paired_differences_of_every_pair_and_metric():
    tables = {
        name: pd.concat([measured(80, seed), measured(80, seed, metric="l1")])
        for seed, name in enumerate(["a", "b", "c"])
    }
    found = paired_differences(tables, "points")
    assert len(found) == 3 * 2 * 3
    pairs = found.loc[found["metric"] == "l1", ["a", "b"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["a", "b"], ["a", "c"], ["b", "c"]]
    shuffled = {name: rows.sample(frac=1, random_state=0) for name, rows in tables.items()}
    pd.testing.assert_frame_equal(paired_differences(shuffled, "points"), found)


def test_differences_are_the_same_from_several_processes(monkeypatch):
    rng = np.random.default_rng(0)
    rows = [
        {**VALID[0], "point_id": i, "condition": name, "distance": rng.random(), "sce_point_id": i % 7}
        for name in "abc"
        for i in range(30)
    ]
    tables = {
        (model, "d"): pd.DataFrame(rows).sample(20, random_state=seed) for seed, model in enumerate("mn")
    }
    one = comparisons.differences(tables, {}, "answers")
    monkeypatch.setattr(comparisons, "MANY", 1)
    pd.testing.assert_frame_equal(comparisons.differences(tables, {}, "answers", processes=2), one)
    assert len(one) == 3 * (2 * 3 + 3)  # scores of the pairs of conditions and of models


def test_paired_differences_without_common_points_say_so():
    found = paired_differences({"a": pd.DataFrame(VALID), "b": pd.DataFrame(INVALID)}, "points")
    assert found["difference"].isna().all()
    assert set(found["reason"]) == {"no point is kept in both", "no point is valid in both"}


def test_paired_differences_refuse_a_point_given_twice():
    with pytest.raises(InputError, match="distances of a: point_id: found 0"):
        paired_differences({"a": pd.DataFrame([VALID[0], VALID[0]]), "b": pd.DataFrame(VALID)}, "points")
