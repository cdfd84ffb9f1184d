"""Whether ``results/report.html`` shows what the artifacts hold: its data, unpacked here, value by value.
What it says in words is made again by the code that made it, from numbers that were checked."""

import base64
import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

from sce.auditing import page_data
from sce.auditing.page_experiments import OF_THE_PAGE, check_experiments
from sce.auditing.tables import Files
from sce.grids.datasets import Dataset
from sce.showing.page import conversations, document
from sce.showing.page import findings as sentences
from sce.statuses import ROW_STATUSES
from sce.wordings.published import Published

BLOB = re.compile(r'<script type="application/octet-stream" id="([^"]*)">([^<]*)</script>\n?')
TABLES = ("scores", "differences", "boundaries", "usage", "failures")
TYPES = {"u8": "uint8", "i32": "<i4", "f32": "<f4"}
LARGEST = 200_000  # points of a map


@dataclass(frozen=True)
class PageToAudit:
    """``path``: of the page; ``results``: the folder of the artifacts; ``settings``: by model, what shapes
    its answers; ``tables``: those of each experiment."""

    path: Path
    results: Path
    pairs: list[tuple[str, str]]
    datasets: dict[str, Dataset]
    settings: dict[str, dict]
    tables: dict[str, list[str]]
    published: Published | None


def check_page(page: PageToAudit, files: Files) -> None:
    """Compare everything that the page was given with the artifacts."""
    found = _open(page.path, files.findings)
    if found is not None:
        _Check(page, found, files).run()


class _Check:
    def __init__(self, page, found, files):
        self.page, self.found, self.files = page, found, files
        self.study = json.loads(found["study"])

    def run(self):
        self._equal("models", [{"name": name, "settings": s} for name, s in self._settings().items()])
        described = {name: page_data.described(dataset) for name, dataset in self.page.datasets.items()}
        self._equal("datasets", described)
        self._equal("statuses", list(ROW_STATUSES))
        self._equal_value("fates", [each["name"] for each in self.study["fates"]], list(page_data.FATES))
        for name in TABLES:
            self._table(name)
        counts = self._counts()
        if counts is not None:
            self._equal("counts", counts)
            self._findings(counts)
        listed = [(pair["model"], pair["dataset"]) for pair in self.study["pairs"]]
        self._equal_value("pairs", listed, list(self.page.pairs))
        for pair in self.study["pairs"]:
            if (pair["model"], pair["dataset"]) in self.page.pairs:
                self._pair(pair)
        check_experiments(self.page.path, self.found, self.page.tables, self.page.results, self.files)

    def _equal(self, name, expected):
        self._equal_value(name, self.study[name], expected)

    def _equal_value(self, what, found, expected):
        self.files.findings.equal(self.page.path, what, found, expected, OF_THE_PAGE)

    def _settings(self):
        return {model: self.page.settings[model] for model, _ in self.page.pairs}

    def _rows(self, model, dataset, name):
        stored = self.files.get(self.page.results / model / dataset / f"{name}.parquet")
        return None if stored is None else stored.rows

    def _table(self, name):
        stored = self.files.get(self.page.results / f"{name}.parquet")
        if stored is None:
            return
        table = self.study["tables"][name]
        self._equal_value(f"{name}: number of rows", len(table["rows"]), len(stored.rows))
        for number, (cells, row) in enumerate(zip(table["rows"], stored.rows, strict=False)):
            shown = dict(zip(table["columns"], cells, strict=True))
            for column, value in row.items():
                self._equal_value(f"{name}: row {number}, {column}", shown.get(column), value)

    def _counts(self):
        """What the page ought to say of the fates of all SCEs; None where an artifact cannot be read."""
        lines = []
        for model, dataset in self.page.pairs:
            rows = self._rows(model, dataset, "distances")
            if rows is None:
                return None
            for (condition, metric), numbers in page_data.counts(rows).items():
                about = {"model": model, "dataset": dataset, "condition": condition, "metric": metric}
                lines.append(about | {"counts": numbers})
        return lines

    def _findings(self, counts):
        tables = [
            self.files.frame(self.page.results / f"{name}.parquet") for name in ("scores", "boundaries")
        ]
        if all(table is not None for table in tables):
            self._equal("findings", sentences.findings(*tables, counts))

    # --- one model on one dataset

    def _pair(self, pair):
        about = pair["model"], pair["dataset"]
        artifacts = {name: self._rows(*about, name) for name in ("responses", "boundary", "sce", "distances")}
        if any(rows is None for rows in artifacts.values()):
            return
        dataset, distances = self.page.datasets[pair["dataset"]], artifacts["distances"]
        for name, column in (("conditions", "condition"), ("metrics", "metric")):
            there = list(dict.fromkeys(row[column] for row in distances))
            self._equal_value(f"{' / '.join(about)}: {name}", pair[name], there)
        main = next(row["wording"] for row in artifacts["responses"] if row["kind"] == "question")
        self._equal_value(f"{' / '.join(about)}: question", pair["question"], main)
        too_large = dataset.size > LARGEST or (bool(distances) and "certainty" in distances[0])
        expected = dataset.size if too_large else None
        self._equal_value(f"{' / '.join(about)}: too_large", pair.get("too_large"), expected)
        if too_large:
            return
        wordings = conversations.wordings(dataset, main, pair["conditions"], self.page.published)
        shown = self.study["wordings"][pair["wordings"]]
        self._equal_value(f"{' / '.join(about)}: wordings", shown, wordings)
        self._maps_and_talk(pair, artifacts, dataset)

    def _maps_and_talk(self, pair, artifacts, dataset):
        where, found = self.page.path, self.found
        self._arrays(where, found, pair, artifacts, dataset)
        if pair.get("file"):
            where = self.page.path.parent / pair["file"]
            found = _open(where, self.files.findings)
            if found is None:
                return
            pair = json.loads(found["study"])["pairs"][0]
            self._arrays(where, found, pair, artifacts, dataset)
        talk = json.loads(found[pair["talk"]])
        expected = page_data.said(artifacts["responses"], dataset.size)
        both = {f"turn {number}": turn for number, turn in enumerate(expected["turns"])}
        shown = {f"turn {number}": turn for number, turn in enumerate(talk["turns"])}
        both["what else was said"], shown["what else was said"] = expected["others"], talk["others"]
        for name in both.keys() | shown.keys():
            what = f"{pair['model']} / {pair['dataset']}: {name}"
            self.files.findings.equal(where, what, shown.get(name), both.get(name), OF_THE_PAGE)

    def _arrays(self, where, found, pair, artifacts, dataset):
        rows = (artifacts[name] for name in ("boundary", "sce", "distances"))
        expected = page_data.Arrays(dataset, *rows).found
        shown = _cut(found[pair["map"]], pair["layout"])
        about, findings = f"{pair['model']} / {pair['dataset']}", self.files.findings
        findings.equal(where, f"{about}: arrays", sorted(shown), sorted(expected), OF_THE_PAGE)
        for name in shown.keys() & expected.keys():
            wrong = _first_difference(shown[name], expected[name])
            findings.checked[OF_THE_PAGE] += len(expected[name])
            if wrong is not None:
                findings.problem(where, f"{about}: {name}, number {wrong}: not what the artifacts say")


def _open(path, findings):
    """Name -> bytes of what a page was given; None where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
        found = {name: gzip.decompress(base64.b64decode(packed)) for name, packed in BLOB.findall(text)}
        json.loads(found["study"])
    except FileNotFoundError:
        findings.problem(path, "missing; run again, and it is made")
    except (OSError, ValueError, EOFError, KeyError) as error:
        findings.problem(path, f"damaged ({type(error).__name__}); delete it and run again")
    else:
        findings.checked["files"] += 1
        around = BLOB.sub("", document.html({}, {}))
        findings.equal(path, "what stands around its data", BLOB.sub("", text), around, OF_THE_PAGE)
        return found
    return None


def _cut(content, layout):
    """Name -> array, cut one after the other from the bytes."""
    import numpy as np

    found, start = {}, 0
    for name, kind, length in layout:
        end = start + length * np.dtype(TYPES[kind]).itemsize
        found[name] = np.frombuffer(content[start:end], TYPES[kind])
        start = end
    return found


def _first_difference(shown, expected):
    """The place of the first value that is another one; None where all are the same."""
    import numpy as np

    wanted = np.array(expected).astype(shown.dtype)
    if len(wanted) != len(shown):
        return min(len(wanted), len(shown))
    same = (shown == wanted) | ((shown != shown) & (wanted != wanted))
    return None if same.all() else int(np.argmin(same))
