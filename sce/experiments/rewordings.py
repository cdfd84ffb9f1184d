"""Does it matter how the SCE is asked for? The spread of scores over the wordings of a condition."""

import numpy as np

from sce.experiments.kind import Kind
from sce.measuring import outcomes, possible
from sce.wordings.rewordings import of_reworded, reworded
from sce.wordings.rewordings import stems as stems_of

SPREAD = ("validity", "mean_excess", "exact_match")


class Rewordings(Kind):
    """Conditions whose files say that they reword another one. Where an experiment holds two or more of a
    condition, the table has for a score S, over the wordings that have it: ``S_mean`` with its interval over
    wordings, ``S_sd`` (between wordings), ``S_min``, ``S_max``, and ``S_margin``, the mean half
    width of a single wording's interval: wordings matter where they differ by well more than that. n counts
    wordings."""

    name = "wordings"
    needs = ("scores",)
    figure_name = "wordings"
    drawn_from = "scores"
    draws_with = "sce.showing.wordings_scatter"

    def subjects(self, experiment, config, find):
        stems = stems_of(experiment.conditions, find)
        return list(dict.fromkeys(stems[name] for name in reworded(experiment.conditions, stems)))

    def settings(self, pair):
        return {"stems": stems_of(sorted(pair.of("conditions")), pair.find)}

    def measure(self, given):
        scores, stems = given.tables["scores"], given.settings["stems"]
        scores = scores[of_reworded(scores, stems)]
        lines = []
        for (name, metric), rows in scores.groupby([scores["condition"].map(stems), "metric"], sort=False):
            for score in SPREAD:
                found = rows[(rows["score"] == score) & rows["value"].notna()]
                values = found["value"].to_numpy(dtype=float)
                margins = (found["high"] - found["low"]).to_numpy(dtype=float, na_value=np.nan) / 2
                within = possible.of_score(score, metric)
                lines.append(
                    outcomes.over_wordings(name, metric, f"{score}_mean", values, given.estimand, within)
                )
                for what, value in _summary(values, margins).items():
                    reason = None if value is not None else "too few wordings with this score"
                    lines.append(outcomes.number(name, metric, f"{score}_{what}", value, len(values), reason))
        return outcomes.table(lines)

    def figure_options(self, experiment, find):
        return {"stems": stems_of(experiment.conditions, find)}

    def figure(self, table, options, style):
        return super().figure(table[of_reworded(table, options["stems"])], options, style)

    def caption(self, table, options):
        return super().caption(table[of_reworded(table, options["stems"])], options)


def _summary(values, margins):
    known = margins[~np.isnan(margins)]
    return {
        "sd": values.std(ddof=1) if len(values) > 1 else None,
        "min": values.min() if len(values) else None,
        "max": values.max() if len(values) else None,
        "margin": known.mean() if len(known) else None,
    }


KIND = Rewordings()
