"""How far a study is, wherever it runs: read from the ledger, which its jobs write as answers come in."""

from dataclasses import dataclass

from sce.ledger.of_model import LedgerOfModel
from sce.money.prices import Prices
from sce.running.durations import duration
from sce.running.text_table import text_table
from sce.statuses import REQUEST_STATUSES
from sce.study.plan import plan, spent
from sce.study.planner import file_of, is_there
from sce.study.study import Study

RECENT_S = 600  # what ended in so many seconds counts as recent


@dataclass(frozen=True)
class Activity:
    """What came into a model's ledger lately. ``recent``: questions that ended in the last RECENT_S seconds;
    ``rate``: of these a second, since the first of them; ``latest``: the time of the last (seconds since
    1970); ``fault``: what the last one to fail failed by, and when."""

    recent: int
    rate: float
    latest: float | None
    fault: tuple[str, float] | None

    @classmethod
    def of(cls, path, now: float) -> "Activity":
        lately = (
            "SELECT count(*), min(asked_at), (SELECT max(asked_at) FROM responses) FROM responses "
            "WHERE asked_at > ?"
        )
        failed = "SELECT error, asked_at FROM responses WHERE status = 'failed' ORDER BY id DESC LIMIT 1"
        with LedgerOfModel(path, read_only=True) as ledger:
            of_files = [row for file in ledger.files for row in file.query(lately, now - RECENT_S)]
            faults = [row for file in ledger.files for row in file.query(failed)]
        counts, firsts, latest = zip(*of_files, strict=True) if of_files else ((), (), ())
        recent = sum(counts)
        rate = recent / max(now - min(filter(None, firsts)), 1.0) if recent else 0.0
        fault = max(faults, key=lambda error_and_time: error_and_time[1], default=None)
        return cls(recent, rate, max(filter(None, latest), default=None), fault)


def report(study: Study, prices: Prices, now: float) -> str:
    """Questions by status for every model and dataset, and for every model its pace, money and last failure.
    ``now``: seconds since 1970."""
    table = plan(study, prices)
    if table.empty:
        return "Nothing is asked: every answer of this study is in published result files."
    paid = spent(study, prices)
    lines = [_counts(table), ""]
    for model, rows in table.groupby("model", sort=False):
        lines += _sentences(study, model, rows, paid, now)
    return "\n".join(lines).rstrip()


def _counts(table):
    """One line for every model and dataset, and the totals."""
    total = table.sum(numeric_only=True).to_dict() | {"model": "total", "dataset": ""}
    rows = table.to_dict("records") + ([total] if len(table) > 1 else [])
    lines = [["model", "dataset", "done", *REQUEST_STATUSES, "to ask"]]
    for row in rows:
        counts = [f"{int(row[status]):,}" for status in REQUEST_STATUSES]
        at_most = "<= " if row["at_most"] else ""
        done = 1 - row["to_ask"] / row["questions"] if row["questions"] else 1
        lines.append(
            [row["model"], row["dataset"], f"{done:.0%}", *counts, f"{at_most}{int(row['to_ask']):,}"]
        )
    return text_table(lines, left={0, 1})


def _sentences(study, model, rows, paid, now):
    entry, to_ask = study.config.models[model], int(rows["to_ask"].sum())
    path = file_of(study, entry)
    if not is_there(path):
        return [f"{model}: nothing was asked yet"]
    lately, lines = Activity.of(path, now), []
    if lately.recent and to_ask:
        took, left = (duration(number / lately.rate) for number in (lately.recent, to_ask))
        so_far = f"{model}: {lately.recent:,} questions in the last {took}"
        lines.append(f"{so_far}; at that pace the other {to_ask:,} take {left}")
    elif to_ask and lately.latest is not None:
        lines.append(f"{model}: nothing came in for {duration(now - lately.latest)}; {to_ask:,} to ask")
    if paid.get(model):
        budget = getattr(entry, "budget_usd", None)
        lines.append(f"{model}: {paid[model]:.2f}{f' of {budget:.2f}' if budget else ''} USD spent")
    if lately.fault and rows["failed"].sum():
        error, when = lately.fault
        lines.append(f"{model}: the last failure, {duration(now - when)} ago: {error}")
    return lines
