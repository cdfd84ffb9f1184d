"""What the answers took: tokens, money, time and tries, and why questions failed."""

import re

import pandas as pd

from sce.errors import InputError
from sce.money.prices import FREE, Price
from sce.statuses import REQUEST_STATUSES

QUANTILES = {"latency_p50_s": 0.5, "latency_p90_s": 0.9, "latency_p99_s": 0.99}
CAUSE_LENGTH = 160
# What differs between failures of one cause: ids, addresses of memory, counts, times.
_PARTICULAR = re.compile(
    r"\b(?:0x)?(?=[0-9a-f-]*\d)[0-9a-f]{6,}(?:-[0-9a-f]+)*\b|\breq_\w+|(?<!HTTP )\b\d+(?:\.\d+)?\b",
    re.I,
)


def by_pair(pairs: list, tables: list[pd.DataFrame]) -> dict[tuple[str, str], pd.DataFrame]:
    """(model, dataset) -> all its ``responses``. A pair may have several tables, of what it was asked about
    other models. A question that several of them hold, or one of them under several conditions, was asked
    and paid for once, so it counts once."""
    found = {}
    for pair, table in zip(map(tuple, pairs), tables, strict=True):
        found.setdefault(pair, []).append(table)
    return {
        pair: pd.concat(some, ignore_index=True).drop_duplicates("digest", ignore_index=True)
        for pair, some in found.items()
    }


def usage(responses: pd.DataFrame, price: Price | None, model: str, dataset: str) -> pd.DataFrame:
    """One row per kind of request in a ``responses`` artifact.

    Tokens are summed over the replies that came with token counts; null if none did. ``tokens_cached`` are
    among ``tokens_in``, ``tokens_reasoning`` among ``tokens_out``. ``cost_usd`` is null where the price, or
    the token counts of some reply, are not known. Latencies are over the questions that got a reply.
    """
    rows = [
        {"model": model, "dataset": dataset, "kind": kind, **_row(part, price)}
        for kind, part in responses.groupby("kind", sort=False)
    ]
    return pd.DataFrame(rows)


def failures(responses: pd.DataFrame, model: str, dataset: str) -> pd.DataFrame:
    """Why questions failed: ``cause`` (without what differs from case to case) and ``questions``, by kind,
    the most frequent first."""
    failed = responses[responses["status"] == "failed"]
    causes = failed["error"].fillna("no cause given").map(cause)
    counts = causes.groupby([failed["kind"], causes]).size()
    rows = [
        {"model": model, "dataset": dataset, "kind": kind, "cause": text, "questions": int(number)}
        for (kind, text), number in counts.sort_values(ascending=False, kind="stable").items()
    ]
    return pd.DataFrame(rows, columns=["model", "dataset", "kind", "cause", "questions"])


def cause(error: str) -> str:
    """An error's text with numbers and ids as "#", so that equal causes count together."""
    text = _PARTICULAR.sub("#", " ".join(error.split()))
    return text if len(text) <= CAUSE_LENGTH else text[:CAUSE_LENGTH] + " ..."


def _row(part, price):
    counts = part["status"].value_counts()
    replied = part.loc[part["status"] != "failed", "latency_s"]
    told = {
        name: part[name].sum(min_count=1)
        for name in ("tokens_in", "tokens_cached", "tokens_written", "tokens_out", "tokens_reasoning")
    }
    return {
        "questions": len(part),
        **{status: int(counts.get(status, 0)) for status in REQUEST_STATUSES},
        **{name: None if pd.isna(number) else int(number) for name, number in told.items()},
        "cost_usd": None if price is None else _cost(part, price),
        **{
            name: float(replied.quantile(share)) if len(replied) else None
            for name, share in QUANTILES.items()
        },
        "attempts": int(part["attempts"].sum()),
    }


def _cost(part, price):
    untold = part[["tokens_in", "tokens_out"]].isna().any(axis=1) & (part["status"] != "failed")
    if price != FREE and untold.any():
        return None
    total = 0.0
    for through_batch, rows in part.groupby("batch"):
        counts = {
            word: float(rows[column].sum())
            for word, column in [
                ("in", "tokens_in"), ("cached", "tokens_cached"), ("written", "tokens_written"),
                ("out", "tokens_out"),
            ]
        }  # fmt: skip
        total += price.of({**counts, "batch": through_batch})
    return total


def check_failures(usage: pd.DataFrame, failures: pd.DataFrame, max_failed_share: dict[str, float]) -> None:
    """Raises InputError where a larger share of the questions of a (model, dataset) failed than its model's
    ``max_failed_share``. The message names each of them with its commonest cause. All answers are kept either
    way."""
    totals = usage.groupby(["model", "dataset"], sort=False)[["questions", "failed"]].sum()
    problems = []
    for (model, dataset), row in totals.iterrows():
        if row.failed > max_failed_share[model] * row.questions:
            own = failures[(failures["model"] == model) & (failures["dataset"] == dataset)]
            problems.append(
                f"{row.failed} of {row.questions} questions of {model} on {dataset}, most often: "
                f"{own['cause'].iloc[0]}"
            )
    if problems:
        allowed = "at most max_failed_share of them; run again to ask those that may succeed"
        raise InputError("models", "failed questions", "; ".join(problems), allowed)
