"""The documentation as a site: every page is in it, no link is dead, the reference is what the code makes."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from tests.conftest import ROOT
from tools import reference

SITE = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]
DOCS = ROOT / SITE["docs_dir"]
PAGES = sorted(DOCS.glob("**/*.md"))
INCLUDED = re.compile(r'^--8<-- "(.+)"$', re.M)
ELSEWHERE = [
    ROOT / folder / name
    for folder, name in [
        ("", "README.md"), ("", "CONTRIBUTING.md"), ("", "SECURITY.md"), ("", "CHANGELOG.md"),
        ("config", "README.md"), ("benchmarks", "README.md"), ("page", "README.md"),
    ]
]  # fmt: skip


def whole(page):
    """The text of a page, with what it includes."""
    return INCLUDED.sub(lambda found: (ROOT / found[1]).read_text(), page.read_text())


def prose(text):
    """A text without its code."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S))


def links(text):
    """The targets of links and pictures, but for other sites."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(text))
    return [target for target in found if not re.match(r"(https?|mailto):", target)]


def anchors(page):
    """The anchors of a page's headings."""
    return {reference.anchor(title) for title in re.findall(r"^#+ (.+)$", whole(page), re.M)}


def dead(page, text, inside):
    """The links of a page to what is not there, or not ``inside`` a folder."""
    problems = []
    for target in links(text):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        there = file.is_file() and file.is_relative_to(inside)
        if not there or (anchor and anchor not in anchors(file)):
            problems.append(target)
    return problems


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere_on_the_site(page):
    assert dead(page, whole(page), inside=DOCS) == []


@pytest.mark.parametrize("page", ELSEWHERE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_outside_the_site_lead_somewhere(page):
    assert dead(page, page.read_text(), inside=ROOT) == []


def test_a_page_that_is_another_file_names_it_for_readers_of_the_checkout():
    """Only the site puts the text in its place."""
    pages = [page.read_text() for page in PAGES if "--8<--" in page.read_text()]
    assert len(pages) == 4
    assert all(f"the file `{INCLUDED.findall(text)[0]}`" in text for text in pages)


def test_dead_links_are_found():
    text = (
        "[a](gone.md) [b](protocol.md#gone) [c](protocol.md#scores) [d](../README.md) `[e](f.md)` [](#gone)"
    )
    assert dead(DOCS / "index.md", text, DOCS) == ["gone.md", "protocol.md#gone", "../README.md", "#gone"]


def test_every_page_is_in_the_navigation():
    assert sorted(reference.TITLES) == [str(page.relative_to(DOCS)) for page in PAGES]


def test_the_reference_is_what_the_code_makes():
    assert reference.PAGE.read_text() == reference.page(), "python -m tools.reference"


def test_the_reference_says_type_limits_and_default():
    rows = reference.page().splitlines()
    for row in (
        "| `per_start` | a whole number, ≥ 0 or `null` | `128` |",
        "| `temperature` | a number, ≥ 0, ≤ 2 or `null` | `0` |",
        '| `retry` | a list: `failed`, `truncated`, `refused` | `["failed"]` |',
        "| `files` | a mapping of a text to a path, at least 1 | required |",
        "| `prediction_at_sce` | string |",
        "| `--prices PRICES` | another file than config/prices.yaml |",
    ):
        assert row in rows


@pytest.mark.skipif(importlib.util.find_spec("zensical") is None, reason="no zensical: pip install .[docs]")
def test_the_site_builds_strictly(tmp_path):
    shutil.copytree(DOCS, tmp_path / SITE["docs_dir"])
    included = {name for page in PAGES for name in INCLUDED.findall(page.read_text())}
    for name in {"zensical.toml", *included}:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"], cwd=tmp_path, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    made = {page.stem for page in (tmp_path / SITE["site_dir"]).glob("*.html")}
    assert made == {page.stem for page in PAGES} | {"404"}
