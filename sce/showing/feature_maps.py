"""Which features are changed, and which matter: a heat map per dataset, a line per model and what changes
them."""

import pandas as pd
from matplotlib.figure import Figure

from sce.showing import captions, panels
from sce.showing.drawing import entitle, settings
from sce.showing.heat_map import draw_shares, name_colours
from sce.showing.style import FigureStyle
from sce.showing.words import in_words

ROW = 0.2  # inches


def feature_maps(shares: pd.DataFrame, ranks: pd.DataFrame, style: FigureStyle) -> Figure:
    """shares: rows of an ``outcomes`` artifact with the column ``feature``, in the order of the table. ranks:
    the correlations of SCEs with the nearest counterfactuals."""
    datasets = list(shares["dataset"].unique())
    tables = [_table_of(shares[shares["dataset"] == dataset]) for dataset in datasets]
    high = [len(table) for table in tables]
    with settings(style):
        size = (panels.PAGE, sum(ROW * rows + 0.9 for rows in high) + 1.0)
        figure = Figure(figsize=size, dpi=style.dpi, layout="constrained")
        entitle(figure, _finding(ranks), style)
        every = figure.subplots(len(tables), 1, squeeze=False, gridspec_kw={"height_ratios": high})[:, 0]
        for axes, dataset, table in zip(every, datasets, tables, strict=True):
            image = draw_shares(axes, table)
            axes.set_title(in_words(dataset), loc="left", fontsize=style.font_size)
            models = [model for model, _ in table.index]
            axes.set_yticks(range(len(models)), [" / ".join(map(in_words, name)) for name in table.index])
            for place in range(1, len(models)):
                if models[place] != models[place - 1]:
                    axes.axhline(place - 0.5, color="white", linewidth=2.5)
        name_colours(figure, image, every, "share changed, or flipped by it alone")
    return figure


def _table_of(shares):
    """Rows (model, condition), columns features, both in the order of the rows of the table."""
    rows = list(shares[["model", "condition"]].drop_duplicates().itertuples(index=False, name=None))
    rows = sorted(rows, key=lambda row: [name for name, _ in rows].index(row[0]))
    table = shares.pivot(index=["model", "condition"], columns="feature", values="value")
    table = table.reindex(index=pd.MultiIndex.from_tuples(rows), columns=shares["feature"].unique())
    return table.rename(columns=in_words).astype(float)


def caption(ranks: pd.DataFrame) -> str:
    """What the figure finds, as sentences. ranks: as for ``feature_maps``."""
    found = captions.found(ranks, written=captions.as_number)
    return (
        "How often each feature is changed: by the SCEs of a model under each condition, by the nearest "
        "counterfactuals on its own boundary, and at how many points another level of that feature alone "
        "flips its prediction. Rows of one model with the same pattern mean that its explanations name "
        f"the features that its boundary turns on. Rank correlation with the nearest: {found}."
    )


def _finding(ranks):
    """What the correlations say, counted."""
    known = ranks["value"].dropna()
    if known.empty:
        return "No ranking of the features to compare"
    alike = int((known > 0.999).sum())
    return (
        f"SCEs rank the features as the nearest counterfactuals "
        f"do in {alike} of {len(known)} cases; median correlation {known.median():.2f}"
    )
