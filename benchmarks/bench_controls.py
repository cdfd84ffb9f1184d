"""A study of a control respondent on a large grid, from the dataset file to scores and figures.

    python benchmarks/bench_controls.py [POINTS] [--cores N] [--beside FOLDER]

POINTS (100,000; three numeric features and a categorical one) and one condition, so twice as many questions,
through the real Snakemake on N cores (1). ``--beside``: a checkout of another version, which does the same
before; of its `responses.parquet` all but the latencies must be the same.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.bench_found import dataset  # noqa: E402

CONFIG = {
    "models": {"overshoot": {"engine": "control", "policy": "overshoot"}},
    "experiments": {
        "main": {
            "models": ["overshoot"], "datasets": ["boxes"], "conditions": ["minimal"], "boundary": "full",
        }
    },
}  # fmt: skip
USED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("used", used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6)
sys.exit(done.returncode)
"""


def study(checkout, points, cores, folder):
    """Run it by the files of a checkout: {"seconds", "processor", "GB" of its largest process, "steps":
    log -> seconds of its script, "digest" of the responses}."""
    for name in ("sce", "workflow", "resources", "config", "envs", "profiles"):
        shutil.copytree(checkout / name, folder / name)
    shutil.copy(checkout / "Snakefile", folder)
    content = dataset(points).model_dump(mode="json", exclude_defaults=True)
    (folder / "resources/datasets/boxes.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    (folder / "config/config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    begin = time.monotonic()
    command = [sys.executable, "-c", USED, sys.executable, "-m", "snakemake", "--cores", str(cores)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    seconds = time.monotonic() - begin
    if done.returncode:
        sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
    processor, memory = map(float, re.search(r"^used (\S+) (\S+)$", done.stdout, re.MULTILINE).groups())
    steps = {}
    for log in sorted((folder / "logs").rglob("*.log")):
        for found in re.findall(r"done in ([\d.]+) s", log.read_text()):
            steps[str(log.relative_to(folder / "logs"))] = float(found)
    responses = pd.read_parquet(folder / "results/overshoot/boxes/responses.parquet")
    content = responses.drop(columns="latency_s").to_csv().encode()
    digest = hashlib.sha256(content).hexdigest()
    return {"seconds": seconds, "processor": processor, "GB": memory, "steps": steps, "digest": digest}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("points", type=int, nargs="?", default=100_000)
    parser.add_argument("--beside", metavar="FOLDER", type=Path)
    parser.add_argument("--cores", metavar="N", type=int, default=1)
    options = parser.parse_args()
    digests = set()
    for checkout in filter(None, [options.beside, ROOT]):
        with tempfile.TemporaryDirectory() as folder:
            found = study(checkout.resolve(), options.points, options.cores, Path(folder))
        digests.add(found["digest"])
        print(f"{checkout}: {found['seconds'] / 60:.1f} min, {found['processor']:.0f} processor s, ", end="")
        print(f"at most {found['GB']:.1f} GB in a process")
        for step, seconds in sorted(found["steps"].items(), key=lambda item: -item[1])[:8]:
            print(f"  {step}: {seconds:.1f} s", flush=True)
    assert len(digests) == 1, "the versions differ in what they ask"


if __name__ == "__main__":
    main()
