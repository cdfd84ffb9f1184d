"""Which modules a module runs, found in its text as Python itself would find them."""

import ast

import pytest

from sce.running import modules
from tests.conftest import ROOT


def by_parsing(source):
    """The modules of the package that a source imports, from its syntax tree."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.split(".")[0] == "sce" and modules._file(name)}


@pytest.mark.parametrize("path", sorted((ROOT / "sce").rglob("*.py")), ids=lambda path: path.stem)
def test_imports_are_found_as_python_finds_them(path):
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    assert set(modules._imports(name)) == by_parsing(path.read_text())


def test_the_closure_follows_imports():
    found = modules.closure("sce.models.job_needs")
    assert {"sce/models/job_needs.py", "sce/models/entries.py", "sce/models/vllm.py"} <= set(found)
    assert "sce/showing/figures.py" not in found
    assert found == sorted(found)
