"""The files of what a study says: its datasets and wordings."""

from pathlib import Path

from sce.grids.datasets import DATASETS, dataset_file
from sce.study.study import Study
from sce.wordings.prompts import PROMPTS, load_prompt, prompt_file
from sce.wordings.published import is_published


def datasets_and_wordings(study: Study) -> dict[str, Path]:
    """Where each file is to lie -> where it is: the datasets, our wordings that the study names, and those
    that these reword."""
    files = {f"{DATASETS}/{name}.yaml": Path(dataset_file(name)) for name in study.datasets}
    return files | {f"{PROMPTS}/{name}.yaml": Path(prompt_file(name)) for name in _wordings(study)}


def _wordings(study) -> list[str]:
    found, open_names = set(), {name for name, _ in study.prompts if not is_published(name)}
    while open_names:
        found |= open_names
        stems = {load_prompt(prompt_file(name)).rewords for name in open_names}
        open_names = stems - found - {None}
    return sorted(found)
