"""What is said to people about an export: a page of Markdown with the facts of the study in it."""

from sce.exporting.finished import Finished
from sce.exporting.origin import origin_of_study, versions
from sce.files.places import WORKFLOW

PAGES = WORKFLOW / "resources/exports"


def page(name: str, finished: Finished, **more: str) -> str:
    """The page ``name`` with a fact for each word in braces. ``more``: facts that it alone has."""
    made, software = origin_of_study(), versions()
    facts = {
        "TITLE": made.title,
        "AUTHORS": ", ".join(made.names),
        "LICENCE": made.licence,
        "VERSION": software["workflow"],
        "COMMIT": software["commit"] or "not known",
        "DATES": f"{finished.began:%Y-%m-%d} to {finished.ended:%Y-%m-%d}",
        "MODELS": ", ".join(dict.fromkeys(model for model, _ in finished.study.pairs)),
        "DATASETS": ", ".join(finished.study.datasets),
        **more,
    }
    text = (PAGES / name).read_text(encoding="utf-8")
    for word, fact in facts.items():
        text = text.replace(f"{{{word}}}", fact)
    return text
