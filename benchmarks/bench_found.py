"""What questions cost that no model is asked: computed by a control respondent, and found in the ledger.

    python benchmarks/bench_found.py [POINTS] [--beside FOLDER]

A grid of POINTS (100,000) x one condition, so twice as many questions: asked of a control respondent with an
empty ledger, asked again by a second job, and counted by a plan. ``--beside``: a checkout of another
version, which does the same before. Processor time, since other work on the machine lengthens the wall clock
more; all tables must be the same but for their latencies.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def dataset(points):
    """Three numeric features and a categorical one, as in the study of a million points."""
    from sce.grids.datasets import Dataset

    def numeric(size):
        return {"kind": "numeric", "levels": {"first": 1, "last": size}, "wording": "it is {value} long"}

    long = max(2, round((points / 100) ** 0.5))
    features = {"length": numeric(long), "width": numeric(long), "depth": numeric(20)}
    features["colour"] = {"kind": "categorical", "levels": list("abcde"), "wording": "it is {value}"}
    content = {
        "name": "boxes", "title": "Boxes", "subject": "box", "question": "Is the box heavy?",
        "options": ["Light", "Heavy"], "features": features,
    }  # fmt: skip
    return Dataset.model_validate(content)


def measure(points, folder):
    """Seconds of processor time for each way, the number of rows, and the digest of all but latencies."""
    from sce.asking.asker import open_asker
    from sce.asking.conversations import elicit
    from sce.asking.protocol import Protocol
    from sce.engines import open_engine
    from sce.ledger.ledger import Ledger, ledger_file
    from sce.models.catalogue import read_entry
    from sce.study.planner import Measured, Planner
    from sce.wordings.prompts import load_prompt, prompt_file

    grid = dataset(points)
    model = read_entry({"models": {"m": {"engine": "control", "policy": "overshoot"}}}, "m")
    wordings = [load_prompt(prompt_file(name)) for name in ("question", "minimal")]
    protocol = Protocol(grid, wordings[:1], wordings[1:])
    seconds, digests = {}, set()
    for way in ("computed", "found"):
        begin = time.process_time()
        with open_asker(model, grid, folder) as asker:
            table = elicit(protocol, asker, lambda status: None)
        seconds[way] = time.process_time() - begin
        assert (asker.asked if way == "computed" else asker.found) == len(table)
        digests.add(hashlib.sha256(table.drop(columns="latency_s").to_csv().encode()).hexdigest())
    begin = time.process_time()
    with Ledger(ledger_file(folder, model.engine, model.provider_model), read_only=True) as ledger:
        planner = Planner(protocol, open_engine(model, grid), ledger, model.retry, Measured())
        elicit(protocol, planner, lambda status: None)
    seconds["planned"] = time.process_time() - begin
    assert planner.found.total() == len(table)
    [digest] = digests
    return {"seconds": seconds, "rows": len(table), "digest": digest}


def measured_in(checkout, points):
    """``measure`` by the package in a checkout, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, str(points), "--here", folder, str(checkout)]
        done = subprocess.run(command, cwd=checkout, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("points", type=int, nargs="?", default=100_000)
    parser.add_argument("--beside", metavar="FOLDER", type=Path)
    parser.add_argument("--here", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        folder, checkout = options.here
        sys.path.insert(0, checkout)
        print(json.dumps(measure(options.points, folder)))
        return
    checkouts = [options.beside.resolve(), ROOT] if options.beside else [ROOT]
    results = [measured_in(checkout, options.points) for checkout in checkouts]
    assert len({result["digest"] for result in results}) == 1, "the versions differ in what they ask or store"
    for way in results[0]["seconds"]:
        each = [result["seconds"][way] / result["rows"] * 1e6 for result in results]
        before = f"{each[0]:.0f} us before, ratio {each[0] / each[-1]:.2f}" if options.beside else ""
        print(f"{way:10} {results[0]['rows']:,} questions: {each[-1]:.0f} us a question; {before}")


if __name__ == "__main__":
    main()
