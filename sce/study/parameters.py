"""What rules hold as parameters: for each job what can change its result and nothing else, as one string that
changes when, and only when, its content does.

Files of the checkout are compared by content: datasets and wordings as parsed, code by its syntax trees. So
an edited comment reruns nothing, and content that came with an old modification time reruns what read it
(docs/staleness.md).
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from sce import engines
from sce.asking.rounds import next_round
from sce.experiments import registry
from sce.experiments.kind import Kind
from sce.experiments.protocols import ABOUT, SURVEY
from sce.files.contracts import Contract
from sce.files.json_files import exact
from sce.files.places import WORKFLOW
from sce.money.prices import Prices
from sce.running.code import code_of
from sce.study.inquiries import explainers, inquiries, protocol_about, wordings_about
from sce.study.study import Study

SCRIPTS = WORKFLOW / "workflow/scripts"


def code(script: str, *modules: str) -> str:
    """The digest of a rule's script and of all that it runs; ``modules``: those that it imports by name."""
    return code_of(SCRIPTS / f"{script}.py", *modules)


def content(contract: Contract) -> str:
    """The digest of the content of a checked file."""
    return _digest(contract.model_dump_json())


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def dataset_content(study: Study, name: str) -> str:
    """The digest of a dataset's content without its title, which changes no question and no measure: boundary
    maps and the page alone show it. With extensions, which may read it, the title counts."""
    unread = set() if study.config.extensions else {"title"}
    return _digest(study.datasets[name].model_dump_json(exclude=unread))


def dataset_contents(study: Study) -> str:
    """The same of every dataset of the study."""
    return exact({name: dataset_content(study, name) for name in study.datasets})


def wordings(study: Study) -> str:
    """What every wording of the study says, about each dataset."""
    return exact({f"{name} {dataset}": content(prompt) for (name, dataset), prompt in study.prompts.items()})


def files_content(paths: Iterable[str | Path]) -> str:
    """The digest of the bytes of files of the workflow, or of any others by their whole paths."""
    return hashlib.sha256(b"".join((WORKFLOW / path).read_bytes() for path in paths)).hexdigest()[:16]


# --- elicit


def elicit_code(study: Study, model: str, dataset: str) -> str:
    engine = engines.module_of(study.config.models[model].engine)
    kinds = study.protocol(model, dataset)["kinds"]
    survey = [SURVEY] if study.survey(model, dataset) else []
    return code("elicit", engine, *survey, *(registry.MODULES[name] for name in kinds))


def asked(study: Study, model: str, dataset: str) -> dict:
    """All that shapes the answers of a model about a dataset."""
    wordings = study.wordings(model, dataset)
    return {
        "model": study.shapes[model],
        "dataset": dataset_content(study, dataset),
        "wordings": {name: content(study.prompt(name, dataset)) for name in wordings},
        "protocol": study.protocol(model, dataset),
        "tasks": {kind.name: task_options(study, kind) for kind in kinds_with_tasks(study, model, dataset)},
    }


def elicit(study: Study, model: str, dataset: str) -> str:
    """What is asked, and the round: a run that left questions open starts another one."""
    shape = asked(study, model, dataset)
    return exact(shape | {"round": next_round(study.config.ledger, exact(shape))})


def elicit_about_code(study: Study, model: str, dataset: str, explainer: str) -> str:
    engine = engines.module_of(study.config.models[explainer].engine)
    kinds = protocol_about(study, model, dataset, explainer)["about"]
    return code("elicit", engine, ABOUT, *(registry.MODULES[name] for name in kinds))


def asked_about(study: Study, model: str, dataset: str, explainer: str) -> dict:
    """All that shapes the answers of ``explainer`` about a model and a dataset, but that model's own."""
    wordings = wordings_about(study, model, dataset, explainer)
    return {
        "model": study.shapes[explainer],
        "author": model,
        "dataset": dataset_content(study, dataset),
        "wordings": {name: content(study.prompt(name, dataset)) for name in wordings},
        "protocol": protocol_about(study, model, dataset, explainer),
    }


def elicit_about(study: Study, model: str, dataset: str, explainer: str) -> str:
    """What is asked about another model, and the round, as for ``elicit``."""
    shape = asked_about(study, model, dataset, explainer)
    return exact(shape | {"round": next_round(study.config.ledger, exact(shape))})


def kinds_with_tasks(study: Study, model: str, dataset: str) -> list[Kind]:
    """The kinds of experiments whose tasks a model is given on a dataset."""
    asked = study.protocol(model, dataset)["kinds"]
    return [kind for kind in study.kinds if kind.tasks_columns and kind.name in asked]


def task_options(study: Study, kind: Kind) -> dict:
    return getattr(study.config, kind.tasks_section).model_dump()


# --- distances


def survey(study: Study, model: str, dataset: str) -> str:
    """How a grid was asked in part; empty where it was asked in full."""
    found = study.survey(model, dataset)
    return exact(found) if found else ""


def measure_code(study: Study, model: str, dataset: str) -> str:
    in_part = ["sce.searching.certainty"] if study.survey(model, dataset) else []
    return code("measure_distances", *in_part)


# --- experiments


def measure(study: Study, kind: str, model: str, dataset: str) -> str:
    """What measuring a kind of experiment must know of the configuration."""
    pair, its = study.pair(model, dataset), registry.kind(kind)
    others = {"peers": study.peers(kind, model, dataset)} if its.needs_peers else {}
    if its.needs_explainers:
        others["explainers"] = explainers(study, model, dataset, its)
    return exact(
        {
            "module": registry.MODULES[kind],
            "metrics": study.metrics(model, dataset),
            "settings": its.settings(pair),
            **study.config.scoring.model_dump(),
            **others,
        }
    )


def tabulate(study: Study, experiment: str, table: str) -> str:
    """What a table of an experiment holds."""
    return exact(
        {
            "pairs": study.pairs_of(experiment),
            "subjects": study.tables(experiment)[table],
            "metrics": sorted(study.experiments[experiment].metrics),
            "respondents": study.respondents(experiment),
            "reference": study.config.reference,
        }
    )


def figure(study: Study, kind: Kind, experiment: str) -> str:
    """How the figure of a kind of experiment is drawn."""
    content = study.experiments[experiment]
    options = kind.figure_options(content, study.find_in(content))
    pairs = study.pairs_of(experiment)
    return exact({"module": registry.MODULES[kind.name], "options": options, "pairs": pairs})


# --- all models


def study_style(study: Study) -> dict:
    """How figures look, with the order of models and of conditions (see ``sce.showing.looks``)."""
    named = [name for experiment in study.experiments.values() for name in experiment.conditions]
    order = {
        "models": list(dict(study.pairs)),
        "conditions": sorted({study.stems.get(name, name) for name in named}),
    }
    return study.config.figures.model_dump() | order


def usage_of(study: Study) -> str:
    """Who was asked in the artifacts of replies that usage is counted in: the pairs, then each model that was
    asked about another, with the dataset."""
    return exact([*study.pairs, *((explainer, dataset) for _, dataset, explainer in inquiries(study))])


def prices(study: Study, prices: Prices) -> str:
    """What the tokens of every model cost; null where it is not known."""
    found = {model: prices.of_entry(entry) for model, entry in study.config.models.items()}
    return exact({model: price and price.model_dump() for model, price in found.items()})
