"""What a run found, model by model, in sentences made from its scores."""

from collections.abc import Iterable

import pandas as pd

from sce.showing.page.fates import FATES

NEARLY_ALL, HARDLY_ANY = 0.95, 0.05  # shares from which a headline speaks of all, and up to which of none
UNUSABLE = 0.5  # share of SCEs without a verdict from which that is the finding
JUDGED = ("minimal", "too_far", "too_near", "astray", "no_boundary", "perhaps_minimal", "not_valid")


def findings(scores: pd.DataFrame, boundaries: pd.DataFrame, counts: list[dict]) -> list[dict]:
    """One record per model: ``model``, a ``headline`` of a few words, ``sentences`` and the ``counts`` of
    fates behind them, over all its datasets and conditions under the first metric.

    scores, boundaries: the artifacts over all models. counts: of ``fates.count``, with model and dataset.
    """
    metric = scores["metric"].iloc[0]
    found = []
    for model in scores["model"].unique():
        ours = [row["counts"] for row in counts if row["model"] == model and row["metric"] == metric]
        total = pd.DataFrame(ours, columns=list(FATES)).sum()
        rows = scores[(scores["model"] == model) & (scores["metric"] == metric)]
        shapes = boundaries[boundaries["model"] == model]
        headline, sentences = _found(_Facts(rows, shapes, total, metric))
        record = {"model": model, "headline": headline, "sentences": sentences}
        found.append(record | {"counts": total.tolist()})
    return found


class _Facts:
    """The numbers of one model, as sentences want them."""

    def __init__(self, scores, boundaries, counts, metric):
        self.scores, self.boundaries, self.counts, self.metric = scores, boundaries, counts, metric
        self.all = int(counts.sum())
        self.judged = int(counts[list(JUDGED)].sum())
        self.valid = int(counts["minimal"] + counts["too_far"] + counts["perhaps_minimal"])

    def share(self, *fates):
        """Of the judged SCEs."""
        return float(self.counts[list(fates)].sum()) / self.judged if self.judged else 0.0

    def values(self, score):
        return self.scores[self.scores["score"] == score]["value"].dropna()

    def span(self, score):
        """The values of a score over datasets and conditions: one number, or from and to; what is certain of
        it counts where not all was asked."""
        low, high = _certain(self.scores[self.scores["score"] == score])
        return _from_to(f"{low.min():.2g}", f"{high.max():.2g}")


def _found(facts):
    shape = _shape(facts)
    if facts.judged < (1 - UNUSABLE) * facts.all:
        return "replies that cannot be used", [*_lost(facts), *shape]
    if (facts.boundaries["verdict"] == "no boundary").all():
        return "no boundary", [
            *shape,
            f"With no other prediction anywhere, none of its {facts.judged:,} SCEs can be valid.",
        ]
    validity = facts.valid / facts.judged
    if validity >= NEARLY_ALL:
        headline, sentences = _of_valid(facts)
    elif validity <= HARDLY_ANY:
        headline, sentences = _of_invalid(facts)
    else:
        headline, sentences = _of_mixed(facts)
    return headline, [*sentences, *shape, *(_lost(facts) if facts.judged < facts.all else [])]


def _of_valid(facts):
    said = _said(facts)
    if facts.share("minimal") >= NEARLY_ALL:
        minimal = int(facts.counts["minimal"])
        part = "none has" if minimal == facts.judged else f"{_share(minimal, facts.judged)} have no"
        nearer = "a valid point nearer" if minimal == facts.judged else "valid point nearer"
        return "valid and minimal", [f"{said}, and {part} {nearer} to where it began."]
    excess = facts.span("mean_excess")
    if facts.counts["perhaps_minimal"]:
        return "valid, minimal as far as was asked", [
            f"{said}; {_share(int(facts.counts['minimal']), facts.judged)} are certainly minimal, "
            f"{_share(int(facts.counts['too_far']), facts.judged)} certainly too far. By what was asked "
            f"the mean excess is {excess} ({facts.metric})."
        ]
    return "valid, but too far", [f"{said}, but on average {excess} ({facts.metric}) farther than needed."]


def _of_invalid(facts):
    said = _said(facts)
    if (facts.values("mean_distance") == 0).all():
        return "gives the instance back", [f"{said}: every one is the instance that it began from."]
    if facts.share("too_near") >= NEARLY_ALL:
        short = facts.span("mean_shortfall")
        return "stops short", [
            f"{said}: they end before the boundary, on average {short} ({facts.metric}) from crossing it."
        ]
    return "not valid", [f"{said}."]


def _said(facts):
    if facts.valid in (0, facts.judged):
        return f"{'All' if facts.valid else 'None'} of its {facts.judged:,} SCEs are valid"
    return f"{_share(facts.valid, facts.judged)} of its {facts.judged:,} SCEs are valid"


def _of_mixed(facts):
    """Validity and excess condition by condition, since the one is often bought with the other."""
    validity, excess = (facts.scores[facts.scores["score"] == score] for score in ("validity", "mean_excess"))
    over = "" if validity["dataset"].nunique() == 1 else ", on average over the datasets"
    shares = validity.groupby("condition", sort=False)["value"].mean().dropna()
    sentences = [f"Valid SCEs: {_listed(f'{value:.0%} ({name})' for name, value in shares.items())}{over}."]
    ends = pd.concat(_certain(excess), axis=1, keys=["low", "high"])
    ends = ends.groupby(excess["condition"], sort=False).mean().dropna()
    if len(ends):
        far = [f"{_from_to(f'{end.low:.2g}', f'{end.high:.2g}')} ({end.Index})" for end in ends.itertuples()]
        sentences.append(f"The valid ones lie farther than needed by {_listed(far)} {facts.metric}.")
    minimal = [facts.share("minimal"), facts.share("minimal", "perhaps_minimal")]
    sentences.append(f"{_from_to(*(f'{share:.0%}' for share in minimal))} of all have no valid point nearer.")
    return "often not valid" if facts.valid < facts.judged / 2 else "valid more often than not", sentences


def _shape(facts):
    """What its boundaries are like: a sentence for every verdict but the expected one."""
    lines = []
    for verdict, rows in facts.boundaries.groupby("verdict", sort=False):
        where = _listed([name.replace("_", " ") for name in rows["dataset"]])
        if verdict == "ragged":
            raggedness = " to ".join(dict.fromkeys(f"{r:.2f}" for r in sorted(rows["raggedness"])))
            lines.append(
                f"Its boundary on {where} is ragged: raggedness {raggedness}, where 1 is as good as random."
            )
        elif verdict == "no boundary":
            there = ", wherever its prediction could be read" if rows["missing"].any() else ""
            lines.append(f"It predicts the same at every point of {where}{there}.")
        elif verdict == "asked in part":
            lines.append(f"On {where} it was asked in part (docs/adaptive.md).")
        elif verdict != "clean":
            lines.append(f"On {where} it gave no predictions.")
    for row in facts.boundaries[facts.boundaries["missing"] > 0].itertuples():
        if answered := row.n_0 + row.n_1:
            name = row.dataset.replace("_", " ")
            part = f"{row.missing:,} of {answered + row.missing:,} points of {name}"
            lines.append(f"At {part} it gave no prediction that can be read.")
    return lines


def _lost(facts):
    """Why SCEs have no verdict, the commonest reason first."""
    lost = facts.counts.drop(list(JUDGED)).sort_values(ascending=False, kind="stable")
    parts = [f"{number:,} ({FATES[fate]})" for fate, number in lost.items() if number]
    return [f"{facts.all - facts.judged:,} of {facts.all:,} SCEs have no verdict: {_listed(parts)}."]


def _certain(rows):
    """The values of rows of scores, twice; what is certain of them where not all was asked."""
    return [rows.get(f"certain_{end}", rows["value"]).fillna(rows["value"]) for end in ("low", "high")]


def _from_to(low, high):
    return low if low == high else f"{low} to {high}"


def _share(part, whole):
    """A share in percent; all and none are only said where it is all and none."""
    text = f"{part / whole:.0%}"
    if text in ("0%", "100%") and part not in (0, whole):
        return f"{part / whole:.1%}"
    return text


def _listed(parts: Iterable[str]) -> str:
    *first, last = list(parts) or ["none"]
    return f"{', '.join(first)} and {last}" if first else last
