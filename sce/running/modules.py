"""Which modules of this package a module runs, so that rules can declare them as inputs (style, habit 4)."""

import os
import re
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
# Imports of this package as text. Parsing the modules instead takes 0.4 s, at every reading of the Snakefile.
IMPORTS = re.compile(
    rf"^[ \t]*(?:from ({PACKAGE.name}[\w.]*) import (\([^)]*\)|[^\n#]*)|import ({PACKAGE.name}[\w.]*))", re.M
)


def let_jobs_import() -> None:
    """Let the scripts of jobs, which run in processes of their own, import the package from this checkout."""
    os.environ["PYTHONPATH"] = str(PACKAGE.parent)


@cache
def closure(*names: str) -> list[str]:
    """The files of the named modules and of every module of the package they import, directly or not.

    Paths are relative to the folder that holds the package, sorted. Imports are read from the source text;
    an engine, which is imported by name at run time, is named by the caller.
    """
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_imports(name))
    return sorted(str(_file(name).relative_to(PACKAGE.parent)) for name in found)


@cache
def _imports(name):
    modules = set()
    for source, names, alone in IMPORTS.findall(_file(name).read_text(encoding="utf-8")):
        modules |= {source or alone}
        modules |= {f"{source}.{words.split()[0]}" for words in names.strip("()").split(",") if words.split()}
    return [module for module in modules if _file(module) is not None]


def _file(name):
    base = PACKAGE.parent.joinpath(*name.split("."))
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        if file.is_file():
            return file
    return None
