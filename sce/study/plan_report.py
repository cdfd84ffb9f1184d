"""The plan for people: its table, and what that alone does not say."""

import textwrap
from datetime import date

import pandas as pd

from sce.engines import lacking, open_engine
from sce.measuring.power import POWER, detectable, starts_needed
from sce.money.prices import Prices
from sce.running.durations import duration
from sce.running.text_table import UNLIMITED, text_table
from sce.statuses import REQUEST_STATUSES
from sce.study.plan import spent
from sce.study.study import Study

NEED_LEAST = ("tokens from", "tokens out", "tokens in")  # of the table's columns, those to be left out first
WANTED = 0.05  # a difference in validity that one might care about


def report(study: Study, prices: Prices, table: pd.DataFrame, today: date, width: int = UNLIMITED) -> str:
    """The plan and what it alone does not say, for people, in so many columns."""
    if table.empty:
        return "Nothing to plan: every answer of this study is in published result files."
    told = remarks(study, prices, table, today)
    return "\n".join([written(table, width), *(textwrap.fill(line, width) for line in told)])


def written(table: pd.DataFrame, width: int = UNLIMITED) -> str:
    """The plan for people: one line per model and dataset, and the totals, without the columns that say least
    where it would be wider than ``width``."""
    head = ["model", "dataset", "questions", *REQUEST_STATUSES, "to ask", "tokens in", "tokens out", "USD"]
    head += ["at most", "time", "tokens from"]
    lines = [head]
    for row in table.itertuples(index=False):
        counts = [f"{number:,}" for number in (row.questions, *(getattr(row, s) for s in REQUEST_STATUSES))]
        to_ask = f"{'<= ' if row.at_most else ''}{row.to_ask:,}"
        money = [_money(row.usd), _money(row.usd_at_most)]
        tokens = [_short(row.tokens_in), _short(row.tokens_out)]
        lines.append(
            [row.model, row.dataset, *counts, to_ask, *tokens, *money, _time(row.minutes), row.tokens_from]
        )
    if len(table) > 1:
        sums = table.sum(numeric_only=True)
        counts = [f"{int(sums[name]):,}" for name in ("questions", *REQUEST_STATUSES)]
        to_ask = f"{'<= ' if sums['at_most'] else ''}{int(sums['to_ask']):,}"
        tokens = [_short(sums["tokens_in"]), _short(sums["tokens_out"])]
        money = [_money(sums["usd"]), _money(sums["usd_at_most"])]
        lines.append(["total", "", *counts, to_ask, *tokens, *money, "", ""])
    columns = list(zip(*lines, strict=True))
    said_least = [
        column for column in columns if column[0] in REQUEST_STATUSES and {*column[1:]} <= {"0", ""}
    ]
    said_least += [column for name in NEED_LEAST for column in columns if column[0] == name]
    while said_least and len(_drawn(columns).split("\n")[0]) > width:
        columns.remove(said_least.pop(0))
    return _drawn(columns)


def _drawn(columns):
    left = {i for i, column in enumerate(columns) if column[0] in ("model", "dataset", "tokens from")}
    return text_table([list(line) for line in zip(*columns, strict=True)], left=left)


def remarks(study: Study, prices: Prices, table: pd.DataFrame, today: date) -> list[str]:
    """What the table alone does not say: which models lack a key or a library, what the study can show,
    models without a price, old prices, and budgets."""
    lines = [*_not_ready(study, table), *_power(study, table)]
    unknown = sorted(set(table.loc[table["usd"].isna(), "model"]))
    if unknown:
        lines.append(
            f"No price known for {', '.join(unknown)}: the totals leave them out (config/prices.yaml)."
        )
    paid = spent(study, prices)
    lines += filter(None, [prices.doubt(today) if paid else None])
    for model, usd in paid.items():
        rows = table[table["model"] == model]
        line = f"{model}: {usd:.2f} USD spent so far"
        budget = getattr(study.config.models[model], "budget_usd", None)
        if budget is not None:
            needed, most = rows["usd"].sum(), usd + rows["usd_at_most"].sum()
            enough = "enough"
            if usd + needed > budget:
                enough = "NOT ENOUGH: the run will stop on the way"
            elif most > budget:
                enough = f"enough, unless replies are long ({most:.2f} at most)"
            line += f"; budget_usd {budget:g}, {needed:.2f} more expected: {enough}"
        if usd or budget is not None:
            lines.append(f"{line}.")
    return lines


def _not_ready(study, table):
    """A line for each model with questions to ask that lacks a key or a library for them here."""
    to_ask = table[table["to_ask"] > 0].drop_duplicates("model")
    for row in to_ask.itertuples():
        engine = open_engine(study.config.models[row.model], study.datasets[row.dataset])
        if lacks := lacking(engine):
            yield f"{row.model} cannot be asked here: {'; '.join(lacks)}."


def _rows(study, model, dataset):
    """At how many starts a model is asked for an SCE."""
    size, survey = study.datasets[dataset].size, study.survey(model, dataset)
    if survey is None or survey["starts"] == "all":
        return size
    return len(survey["starts"]) if isinstance(survey["starts"], list) else min(survey["starts"], size)


def _power(study, table):
    """The least differences in validity that the study finds, a line for each dataset: if all rows are
    independent, and by that pilot whose rows are worth least."""
    lines = []
    for dataset, rows in table.groupby("dataset", sort=False):
        asked = [model for model in rows["model"] if (model, dataset) in study.pairs]  # about the dataset
        if not asked:
            continue
        starts = max(_rows(study, model, dataset) for model in asked)
        line = (
            f"{dataset}: {starts:,} starts find a difference in validity of {detectable(starts):.3f} (power "
            f"{POWER:g}) if all rows are independent; one of {WANTED:g} takes {starts_needed(WANTED):,}."
        )
        if rows["worth"].notna().any():
            least = rows.loc[rows["worth"].idxmin()]
            line += (
                f" By the answers so far, a row of {least.model} is worth {least.worth:.2f} independent "
                f"ones: a difference of {detectable(starts, least.worth):.3f}; one of {WANTED:g} takes "
                f"{starts_needed(WANTED, least.worth):,} starts like these."
            )
        lines.append(line)
    if (table.groupby("dataset")["worth"].count() > 1).any():
        lines.append(
            "Each line names the model whose rows are worth least; python -m sce plan --csv FILE has all."
        )
    return lines


def _money(usd):
    return "unknown" if pd.isna(usd) else f"{usd:,.2f}"


def _short(number):
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return f"{int(number)}"


def _time(minutes):
    if pd.isna(minutes):
        return "unknown"
    return duration(60 * minutes)
