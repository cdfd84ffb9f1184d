"""``python -m sce new``: a folder with a study of one's own, which runs as it is."""

import re
import shlex
import shutil
import sys
from pathlib import Path

from sce.errors import InputError
from sce.files.places import INSTALLED, WORKFLOW
from sce.files.writing import COMMAND, new_folder

TEMPLATE = WORKFLOW / "resources/new_study"
# A shell in which both programs are found: an installed package is found by its environment.
EXPORT = f'export PATH="{Path(sys.executable).parent}:$PATH"' + (
    "" if INSTALLED else f' PYTHONPATH="{WORKFLOW}"'
)
STANDS_FOR = {"CHECKOUT": WORKFLOW, "EXPORT": EXPORT}  # in the template's files


def add_arguments(parser) -> None:
    """The arguments of ``python -m sce new``."""
    parser.add_argument("folder", type=Path, help="the folder to make; it may exist, if it is empty")


def run(options) -> int:
    """Make the folder and say what to do in it; 0."""
    folder = make(options.folder)
    print(f"{folder} is ready. Its README.md says more; to begin with:\n")
    print(f"  cd {shlex.quote(str(folder))}")
    print(f"  {EXPORT}")
    print("  snakemake --cores 2")
    return 0


def make(folder: Path) -> Path:
    """A study that runs in ``folder`` with this workflow; its path. Raises InputError where something is in
    the folder already, or it cannot be made."""
    try:
        folder = folder.expanduser().resolve()
    except (OSError, RuntimeError) as error:  # a loop of links; ~ of a user that there is not
        raise InputError(COMMAND, "FOLDER", f"{folder}: {error}", "a folder that can be found") from None
    with new_folder(folder) as made:
        for source in filter(Path.is_file, TEMPLATE.rglob("*")):
            target = made / source.relative_to(TEMPLATE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_filled(source.read_text(encoding="utf-8")), encoding="utf-8")
        shutil.copytree(WORKFLOW / "profiles/default", made / "profiles/default")
    return folder


def _filled(text):
    """At once: the path of the checkout may hold a word that stands for another."""
    return re.sub("|".join(STANDS_FOR), lambda match: str(STANDS_FOR[match[0]]), text)
