"""Where given files are looked for: first in the working directory, which is the user's, then beside the
workflow. A file of the user's own takes the place of the workflow's of the same name."""

from pathlib import Path

WORKFLOW = Path(__file__).resolve().parents[2]  # the folder that holds the package and the workflow


def places(path: Path) -> list[Path]:
    """The places of a relative path, the user's first: one where the workflow is run in its own folder."""
    return [path] if Path.cwd() == WORKFLOW else [path, WORKFLOW / path]


def found(path: Path) -> Path:
    """The first place where there is a file; the user's where there is none, so that a message names it."""
    return next((place for place in places(path) if place.exists()), path)
