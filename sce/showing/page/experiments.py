"""The experiments on the page: their figures with captions, and their tables, each opened on demand."""

import re
from pathlib import Path

from sce.files import artifacts
from sce.showing.page.contents import Contents, pack, table, to_json
from sce.showing.tables import SHOWN
from sce.showing.words import in_words

LARGEST = 500_000  # compressed bytes of a figure; of a larger one the page names the file
COLUMNS = [
    "model",
    "dataset",
    "condition",
    "metric",
    "score",
    "value",
    "low",
    "high",
    "n",
    "estimand",
    "reason",
]


def add(contents: Contents, listed: dict[str, list], figures: list, captions: list, tables: list) -> None:
    """Put the experiments into the page's contents. ``listed``: see ``sce.study.targets.of_page``;
    ``figures``: the SVG file of each figure in it, ``captions``: the text file beside it; ``tables``: the
    Parquet file of each table."""
    found = {}
    stored = {}  # stem -> its entry: a figure of a model and dataset may be of several experiments
    for (experiment, stem), figure, caption in zip(listed["figures"], figures, captions, strict=True):
        if stem not in stored:
            stored[stem] = _figure(contents.blobs, f"figure{len(stored)}", stem, Path(figure), Path(caption))
        place = "figures" if stem.startswith(f"results/experiments/{experiment}/") else "pairs"
        _of(found, experiment)[place].append(stored[stem])
    for place, ((experiment, name), path) in enumerate(zip(listed["tables"], tables, strict=True)):
        _of(found, experiment)["tables"].append(_table(contents.blobs, f"table{place}", name, path))
    contents.study["experiments"] = list(found.values())


def _of(found, experiment):
    empty = {"name": experiment, "figures": [], "pairs": [], "tables": []}
    return found.setdefault(experiment, empty)


def _figure(blobs, name, stem, figure, caption):
    """What the page knows of a figure; its picture goes among the blobs, unless it is too large."""
    picture = figure.read_bytes()
    entry = {"title": _title(stem), "file": f"{stem.removeprefix('results/')}.svg", **_size(picture)}
    packed = pack(picture)
    if len(packed) <= LARGEST:
        blobs[name] = packed
        entry["blob"] = name
    return entry | {"caption": caption.read_text(encoding="utf-8").strip()}


def _title(stem):
    *_, first, second, name = stem.split("/")
    words = in_words(name.removesuffix("_panels"))
    return words if first == "experiments" else f"{words}: {in_words(first)} on {in_words(second)}"


def _size(picture):
    """Width and height in pixels of an SVG that matplotlib wrote, whose points are 4/3 of them."""
    head = picture[:2000].decode("utf-8", "replace")
    points = [float(re.search(rf'\b{side}="([\d.]+)pt"', head)[1]) for side in ("width", "height")]
    return dict(zip(("width", "height"), (round(4 / 3 * size) for size in points), strict=True))


def _table(blobs, name, title, path):
    rows = artifacts.read(path)
    if title in SHOWN:
        rows = rows[rows["score"].isin(SHOWN[title])]
    columns = COLUMNS + (["reference"] if rows["reference"].notna().any() else [])
    blobs[name] = pack(to_json(table(rows[columns])))
    return {"title": in_words(title), "rows": len(rows), "blob": name}
