"""What figures take, as PNG, SVG and PDF: the boundary map and the landings of a model and dataset, or
validity and distances of an experiment.

    python benchmarks/bench_figures.py FOLDER [RUNS] [--beside CHECKOUT]     a minute

FOLDER is what a run left about the pair or the experiment, such as results/nearest/income or
results/experiments/main. Processor seconds, without imports; with CHECKOUT another version draws the same in
turns, and the ratio of the medians is printed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FORMS = ("png", "svg", "pdf")
DRAWN = """
import sys, time
from pathlib import Path
from sce.files import artifacts
from sce.grids.datasets import DATASETS, load_dataset
from sce.reading.samples import first_samples
from sce.showing import boundary_map, distances_figure, drawing, landings_figure, validity_scatter
from sce.showing.looks import StudyStyle
import matplotlib.backends.backend_agg, matplotlib.backends.backend_pdf, matplotlib.backends.backend_svg

folder, out, style = Path(sys.argv[1]), Path(sys.argv[2]), StudyStyle()

def of_pair():
    dataset = load_dataset(DATASETS / f"{folder.name}.yaml")
    boundary = artifacts.read(folder / "boundary.parquet")
    sce = first_samples(artifacts.read(folder / "sce.parquet"))
    yield boundary_map.boundary_map, (dataset, boundary, sce, folder.parent.name, style)
    yield landings_figure.figure, (dataset, boundary, sce, style)

def of_experiment():
    scores = artifacts.read(folder / "scores.parquet")
    pairs = list(scores[["model", "dataset"]].drop_duplicates().itertuples(index=False, name=None))
    tables = [artifacts.read(folder.parents[1] / "/".join(pair) / "distances.parquet") for pair in pairs]
    metric, conditions = validity_scatter.main_metric(scores), list(scores["condition"].unique())
    rows = distances_figure.collect(pairs, map(first_samples, tables), conditions, metric)
    yield validity_scatter.validity_scatter, (scores, style, list(scores["metric"].unique()))
    yield distances_figure.figure, (pairs, rows, style)

todo = list(of_pair() if (folder / "boundary.parquet").exists() else of_experiment())
begin = time.process_time()
for draw, given in todo:
    drawing.save(draw(*given), *(out / f"{draw.__module__}.{form}" for form in sys.argv[3:]))
print(time.process_time() - begin)
"""


def drawn(checkout, folder):
    """Processor seconds of one fresh process that imports the package from a checkout."""
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run(
            [sys.executable, "-c", DRAWN, Path(folder).resolve(), out, *FORMS],
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("runs", type=int, nargs="?", default=5)
    parser.add_argument("--beside", type=Path)
    options = parser.parse_args()
    checkouts = [ROOT, *([options.beside.resolve()] if options.beside else [])]
    spent = {checkout: [] for checkout in checkouts}
    for _ in range(options.runs):
        for checkout in checkouts:
            spent[checkout].append(drawn(checkout, options.folder))
    for checkout, seconds in spent.items():
        print(f"{checkout}: median {statistics.median(seconds):.2f} s, least {min(seconds):.2f} s")
    if options.beside:
        now, before = (statistics.median(seconds) for seconds in spent.values())
        print(f"ratio of the medians: {before / now:.2f}")


if __name__ == "__main__":
    main()
