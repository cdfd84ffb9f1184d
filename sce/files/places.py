"""Where given files are looked for: first in the working directory, which is the user's, then beside the
workflow. A file of the user's own takes the place of the workflow's of the same name.

In a checkout the workflow's files stand beside the package. An installed package has them within it, where
setup.py put them.
"""

from collections.abc import Callable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
_WITHIN = PACKAGE / "shipped"
INSTALLED = _WITHIN.is_dir()
WORKFLOW = _WITHIN if INSTALLED else PACKAGE.parent  # the folder that holds workflow/, resources/, config/


def places(path: Path) -> list[Path]:
    """The places of a relative path, the user's first: one where the workflow is run in its own folder."""
    return [path] if Path.cwd() == WORKFLOW else [path, WORKFLOW / path]


def found(path: Path) -> Path:
    """The first place where there is a file; the user's where there is none, so that a message names it."""
    return next((place for place in places(path) if place.exists()), path)


def other_rules(read: Callable[[str], str | None]) -> list[str]:
    """The files of rules, scripts and captions in which others are not the same as those that came with this
    package; ``read`` gives the others' text of a path in workflow/, or None."""
    folder = WORKFLOW / "workflow"
    own = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    # Git's output ends without the newline of the file.
    return [path for path, text in own.items() if (read(path) or "").rstrip() != text.rstrip()]
