"""``python -m tools.release TAG`` prints the notes of a release, the part of CHANGELOG.md about its version,
if TAG is the tag of the version that the package and CITATION.cff name."""

import re
import sys
from pathlib import Path

from sce import __version__
from sce.errors import InputError

ROOT = Path(__file__).parent.parent


def check_version(tag: str, version: str, citation: str) -> None:
    """Raises InputError where a tag, the package's version and that in the text of CITATION.cff differ."""
    if tag != f"v{version}":
        raise InputError("the command line", "tag", tag, f"v{version}, after sce/__init__.py")
    cited = re.findall(r"^version: (\S+)$", citation, re.M)
    if cited != [version]:
        raise InputError("CITATION.cff", "version", ", ".join(cited) or "none", version)


def notes(changelog: str, version: str) -> str:
    """What the text of the changelog says about a version, in Markdown. Raises InputError where it says
    nothing, or calls the version unreleased."""
    for section in changelog.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        if title.split()[:1] == [version]:
            if "unreleased" in title:
                raise InputError("CHANGELOG.md", version, title, f"{version} and the date of its release")
            return text.strip() + "\n"
    raise InputError("CHANGELOG.md", version, "no section", f"## {version} (DATE)")


def main(arguments: list[str]) -> int:
    """0, or 2 after a message on standard error."""
    try:
        if len(arguments) != 1:
            raise InputError("the command line", "tag", " ".join(arguments) or "nothing", "one tag")
        check_version(arguments[0], __version__, (ROOT / "CITATION.cff").read_text(encoding="utf-8"))
        print(notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__), end="")
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
