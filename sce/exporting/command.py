"""``python -m sce export``: a finished study for others' tools."""

import importlib
from pathlib import Path

from sce.files.yaml_files import read_yaml
from sce.study.plan_command import DEFAULT_CONFIG
from sce.study.study import load

# Form -> its module here, what it writes, and what that is.
FORMS = {
    "inspect": ("inspect_logs", "FOLDER", "a folder of logs for inspect view, one per model and dataset"),
    "hugging-face": ("hugging_face", "FOLDER", "a Hugging Face dataset: tables, card and Croissant metadata"),
    "ro-crate": ("ro_crate", "FOLDER", "an RO-Crate of the run: workflow, configuration and artifacts"),
    "archive": ("archive", "FILE", "one .zip of answers, from which others rescore without asking a model"),
}


def add_arguments(parser) -> None:
    """The arguments of ``python -m sce export``."""
    forms = parser.add_subparsers(dest="form", required=True, metavar="FORM")
    for name, (_, target, told) in FORMS.items():
        form = forms.add_parser(name, help=told, description=told)
        form.add_argument("target", metavar=target, type=Path, help="what to write; nothing may be there yet")
        form.add_argument("--configfile", default=DEFAULT_CONFIG, help="the study (%(default)s)")
        form.add_argument("--results", default="results", help="the folder of its results (%(default)s)")


def run(options) -> int:
    """Write the export and say what it is; 0."""
    from sce.exporting.finished import Finished  # pandas and all measures, which no other command needs

    study = load(read_yaml(options.configfile), options.configfile)
    finished = Finished.of(study, Path(options.results))
    module, *_ = FORMS[options.form]
    print(importlib.import_module(f"sce.exporting.{module}").write(finished, options.target))
    return 0
