"""One digest of all the code that a script runs. It is a parameter of the script's rule, so that the rule's
jobs run again if, and only if, that code has changed.

The digest is over the syntax trees of the script and of all modules that it imports, directly or not, without
comments and docstrings. It depends on no modification time, so code that is restored or copied with an old
time counts too. (A new minor version of Python may write trees differently; results are then made again from
the ledger.)

Every command of Snakemake waits for this. What was found about a file is therefore kept, under the digest of
its bytes, and only files with new content are read again.
"""

import ast
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sce.files.places import INSTALLED, PACKAGE

ALONE = Path(".snakemake/package")
KEPT = Path(".snakemake/code")
_WITH_STATEMENTS = ast.stmt | ast.excepthandler | ast.match_case
_WHOLE = {"show_empty": True} if sys.version_info >= (3, 13) else {}


def let_jobs_import() -> None:
    """Let the scripts of jobs, which run in processes of their own and perhaps in other environments, import
    this package and extensions from the working directory, before all that the user's PYTHONPATH holds."""
    own = [str(_alone() if INSTALLED else PACKAGE.parent), str(Path.cwd())]
    theirs = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*own, *filter(None, theirs)]))


def _alone() -> Path:
    """A folder with a link to the installed package and nothing else: with all that is installed beside it,
    another environment would get libraries that were built for this one."""
    link = ALONE.absolute() / PACKAGE.name
    with contextlib.suppress(OSError):  # where nothing may be written, no job runs either
        link.parent.mkdir(parents=True, exist_ok=True)
        if link.resolve() != PACKAGE:
            link.unlink(missing_ok=True)
            link.symlink_to(PACKAGE)
    return link.parent


def code_of(script, *modules: str) -> str:
    """The digest of a script with what it imports, and of ``modules``, which it imports by names made at run
    time."""
    digest, imports = _meaning(Path(script), package="")
    parts = [digest, *(_of_module(name)[0] for name in closure(*imports, *modules))]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


def closure(*names: str) -> list[str]:
    """The named modules and all that they import, directly or not, sorted; their packages included. Only
    modules of this package and of the working directory count. An import by a name that is made at run time
    (an engine, a kind of experiment) is not seen: the caller must name it."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and _file(name) is not None:
            found.add(name)
            waiting += _of_module(name)[1]
            if "." in name:  # importing a module runs its packages first
                waiting.append(name.rpartition(".")[0])
    return sorted(found)


def _of_module(name):
    file = _file(name)
    return _meaning(file, package=name if file.name == "__init__.py" else name.rpartition(".")[0])


@cache
def _meaning(file: Path, package: str) -> tuple[str, list[str]]:
    """The digest of a syntax tree, and the names that may be modules among what it imports; ``package``:
    the one that the file is in. Both come from what an earlier command kept if it read the same bytes by the
    same rules."""
    read = b"\0".join([_rules(), package.encode(), file.read_bytes()])
    kept = KEPT / hashlib.sha256(read).hexdigest()
    with contextlib.suppress(OSError, ValueError):  # nothing is kept, or only half was written
        digest, imports = json.loads(kept.read_text(encoding="utf-8"))
        return digest, imports
    tree = _tree(file)
    digest = hashlib.sha256(ast.dump(tree, **_WHOLE).encode()).hexdigest()
    imports = [name for node in _statements(tree) for name in _named(node, package)]
    with contextlib.suppress(OSError):  # where nothing may be written, the next command reads again
        KEPT.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([digest, imports]), encoding="utf-8")
    return digest, imports


@cache
def _rules() -> bytes:
    """By what a file is read: this module, and the version of Python."""
    return Path(__file__).read_bytes() + repr(sys.version_info[:2]).encode()


def _tree(file: Path) -> ast.Module:
    """The syntax tree of a file without docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    for node in _statements(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return tree


def _statements(tree) -> Iterator[ast.AST]:
    """The statements of a tree, itself first, but for what only a type checker reads. Expressions, most of
    its nodes, hold neither imports nor docstrings."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            children = ast.iter_child_nodes(node)
            waiting += [child for child in children if isinstance(child, _WITH_STATEMENTS)]


def _named(node, package) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        source = ".".join([*above, *([node.module] if node.module else [])])
        yield source
        yield from (f"{source}.{alias.name}" for alias in node.names)


@cache
def _file(name: str) -> Path | None:
    """The file of a module of this package, or of one in the working directory; None for all others."""
    first, *rest = name.split(".")
    base = (PACKAGE if first == PACKAGE.name else Path(first).absolute()).joinpath(*rest)
    files = (base.with_suffix(".py"), base / "__init__.py")
    return next((file for file in files if file.is_file()), None)
