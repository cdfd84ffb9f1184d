"""The conda environments of the rules hold what their scripts import, in the versions of the lock; what is
made from them, containers and the picture of the rules, is what the tools make now."""

import ast
import re
import sys
from functools import cache

import pytest
import yaml

from sce.engines import module_of
from sce.experiments.registry import MODULES
from sce.models.catalogue import ENTRIES  # filled
from sce.running.code import closure
from tests import warm_python
from tests.conftest import ROOT
from tools import containers, rulegraph

ENVIRONMENTS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "envs").glob("*.yaml")}
LOCK = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "requirements.lock").read_text().lower(), re.M))
CONDA_NAMES = {
    "yaml": "pyyaml",
    "dotenv": "python-dotenv",
    "sklearn": "scikit-learn",
    "matplotlib": "matplotlib-base",
    "fontTools": "fonttools",
    "httpx2": "openai",  # which brings it along
}
UNLOCKED = {"python", "pip", "sentence-transformers"}
# Only for models that a user names: of embeddings, and behind further providers (extras of pyproject.toml).
WHERE_CHOSEN = {"sentence_transformers", "boto3", "botocore", "google"}
RULES = {
    script: environment
    for file in [ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    for rule in re.split(r"^(?:use )?rule ", file.read_text(), flags=re.M)
    for environment, script in re.findall(r'envs/(\w+)\.yaml".*scripts/(\w+)\.py"', rule, re.S)
}  # fmt: skip


def pins(environment):
    """Package -> what its version has to begin with."""
    listed = ENVIRONMENTS[environment]["dependencies"]
    lines = [line for each in listed for line in (each["pip"] if isinstance(each, dict) else [each])]
    return {name: version.lstrip("=") for name, _, version in (line.partition(" ") for line in lines)}


@cache
def imported(file):
    """The modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module)
    return found


def file_of(module):
    base = ROOT.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_versions_are_those_of_the_lock(environment):
    locked = {name: LOCK[name.removesuffix("-base")] for name in pins(environment).keys() - UNLOCKED}
    others = {
        name: version for name, version in locked.items() if not version.startswith(pins(environment)[name])
    }
    assert others == {}
    assert all(version for name, version in pins(environment).items() if name != "pip")


def test_scripts_find_their_libraries():
    missing = {}
    assert len(RULES) == len(list((ROOT / "workflow/scripts").glob("*.py")))
    for script, environment in RULES.items():
        file = ROOT / f"workflow/scripts/{script}.py"
        kinds = MODULES.values() if re.search("kind|points|tasks|tabulate|audit|plan|elicit", script) else ()
        engines = map(module_of, ENTRIES) if script == "elicit" else ()
        modules = closure(*imported(file), *kinds, *engines)
        libraries = {name.split(".")[0] for each in [file, *map(file_of, modules)] for name in imported(each)}
        needed = libraries - sys.stdlib_module_names - WHERE_CHOSEN - {"sce"}
        found = {name for name in needed if CONDA_NAMES.get(name, name) not in pins(environment)}
        if found:
            missing[script] = found
    assert missing == {}


def test_the_container_of_the_environments_is_what_snakemake_makes():
    made = containers.dockerfile((warm_python.command(),))
    assert containers.DOCKERFILE.read_text() == made, "python -m tools.containers"


def test_the_picture_of_the_rules_shows_what_snakemake_says():
    edges = rulegraph.edges_by_snakemake((warm_python.command(),))
    assert ("elicit", "parse_responses") in edges
    assert rulegraph.edges_of_picture(rulegraph.PICTURE.read_text()) == edges, "python -m tools.rulegraph"
