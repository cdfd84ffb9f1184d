"""The same study in another folder, with other concurrency, listed in another order: the same bytes."""

import pyarrow.parquet as pq

from tests.conftest import Project, run_to_its_end
from tests.workflow.conftest import CONTROLS, TINY

TIMED = {"responses.parquet", "usage.parquet", "usage.csv"}  # they hold the seconds that answers took
TABLES = {".parquet", ".csv", ".md", ".tex"}


def tables(project):
    results = project.folder / "results"
    return {str(path.relative_to(results)): path for path in results.rglob("*") if path.suffix in TABLES}


def test_other_concurrency_gives_the_same_bytes(controls, tmp_path):
    other = Project(tmp_path / "elsewhere")
    (other.folder / "resources/datasets/tiny.yaml").write_text(TINY)
    models = {name: entry | {"max_in_flight": 5} for name, entry in reversed(CONTROLS["models"].items())}
    other.configure(dict(reversed(CONTROLS.items())) | {"models": models})
    env = {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1", "TZ": "Asia/Tokyo"}
    ours = tables(controls)
    wanted = [f"results/{name}" for name in ours]
    run_to_its_end(other.command("--cores", "1", *wanted), other.folder, env=env)

    theirs = tables(other)
    assert ours.keys() == theirs.keys()
    assert len(ours) > 30
    for name, path in ours.items():
        if path.name not in TIMED:
            assert path.read_bytes() == theirs[name].read_bytes(), name
        elif path.name == "responses.parquet":
            first, second = (pq.read_table(file).drop("latency_s") for file in (path, theirs[name]))
            assert first.equals(second), name
