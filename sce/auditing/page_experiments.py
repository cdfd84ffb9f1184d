"""Whether the experiments on ``results/report.html`` are those under ``results``: pictures, captions, and
tables line by line."""

import json
from pathlib import Path

from sce.auditing.findings import Findings
from sce.auditing.tables import Files
from sce.showing.tables import SHOWN
from sce.showing.words import in_words

OF_THE_PAGE = "values of the page"  # as the findings count them


def check_experiments(
    page: Path, found: dict[str, bytes], tables: dict[str, list[str]], results: Path, files: Files
) -> None:
    """Compare what the page was given of every experiment with the files. ``found``: name -> content;
    ``tables``: the names of the tables of each experiment."""
    listed = json.loads(found["study"])["experiments"]
    titles = {each["name"]: [table["title"] for table in each["tables"]] for each in listed}
    expected = {name: [in_words(table) for table in names] for name, names in tables.items()}
    files.findings.equal(page, "tables of experiments", titles, expected, OF_THE_PAGE)
    for each in listed:
        for figure in each["figures"] + each["pairs"]:
            _check_figure(page, found, figure, results, files.findings)
        for name, table in zip(tables.get(each["name"], ()), each["tables"], strict=False):
            stored = files.get(results / "experiments" / each["name"] / f"{name}.parquet")
            if stored is not None:
                shown, about = json.loads(found[table["blob"]]), f"{each['name']}: {table['title']}"
                _check_table(page, about, shown, _shown(name, stored.rows), files.findings)


def _check_figure(page, found, figure, results, findings: Findings):
    path = results / figure["file"]
    try:
        picture, caption = path.read_bytes(), path.with_suffix(".txt").read_text(encoding="utf-8").strip()
    except OSError as error:
        findings.problem(path, f"{error.strerror}; run again, and it is made")
        return
    findings.equal(page, f"caption of {figure['file']}", figure["caption"], caption, OF_THE_PAGE)
    # A page that would be too large holds none of them, and names their files instead.
    if "blob" in figure and any(name.startswith("figure") for name in found):
        same = found.get(figure["blob"]) == picture
        findings.equal(page, f"picture of {figure['file']}", same, True, OF_THE_PAGE)


def _shown(name, rows):
    """The rows of a table that the page shows."""
    return [row for row in rows if row["score"] in SHOWN.get(name, {row["score"]})]


def _check_table(page, about, table, rows, findings):
    findings.equal(page, f"{about}: number of rows", len(table["rows"]), len(rows), OF_THE_PAGE)
    for number, (cells, row) in enumerate(zip(table["rows"], rows, strict=False)):
        for column, value in zip(table["columns"], cells, strict=True):
            findings.equal(page, f"{about}: row {number}, {column}", value, row[column], OF_THE_PAGE)
