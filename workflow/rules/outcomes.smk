# What the rules of the experiments ask of the configuration.


def get_outcomes(wildcards):
    """The files of one table, of every (model, dataset) of an experiment."""
    pairs = STUDY.pairs_of(wildcards.experiment)
    return [f"results/{model}/{dataset}/{wildcards.table}.parquet" for model, dataset in pairs]


def get_tabulated(wildcards):
    """What a table of an experiment holds."""
    return exact(
        {
            "pairs": STUDY.pairs_of(wildcards.experiment),
            "subjects": STUDY.tables(wildcards.experiment)[wildcards.table],
            "metrics": sorted(STUDY.config.experiments[wildcards.experiment].metrics),
            "respondents": STUDY.respondents(wildcards.experiment),
            "reference": STUDY.config.reference,
        }
    )


def get_outcome_settings(wildcards):
    """What an outcome of a model on a dataset needs to know besides the answers."""
    pair = wildcards.model, wildcards.dataset
    asked = STUDY.asked(*pair)
    return exact(
        {
            "candidates": {"conditions": STUDY.candidate_conditions(*pair)},
            "self_prediction": {},
            "several": {"k": asked.get("k")},
            "feedback": {"wordings": asked.get("feedback"), "tries": asked.get("tries")},
            "search": {"queries": STUDY.queries(*pair)},
        }[wildcards.outcome]
    )


def get_experiment_files(experiment):
    """Everything that an experiment ends in."""
    tables, folder = STUDY.tables(experiment), f"results/experiments/{experiment}"
    files = [f"{folder}/{table}.md" for table in tables]
    drawn = [table for table in tables if table not in ("scores", "wordings")]
    files += [f"{folder}/{table}_panels.png" for table in drawn]
    pairs = STUDY.pairs_of(experiment)
    if "wordings" in tables:
        files.append(f"{folder}/wordings.png")
    if set(tables.get("scores", [])) - set(wordings.reworded(tables.get("scores", []))):
        files.append(f"{folder}/validity.png")
        files += [f"results/{model}/{dataset}/boundary.png" for model, dataset in pairs]
    if "consistency" in tables:
        files += [f"results/{model}/{dataset}/consistency.png" for model, dataset in pairs]
    return files
