"""What questions cost that no model is asked: computed by a control respondent, and found in the ledger.

    python benchmarks/bench_found.py [POINTS] [--runs 3] [--beside FOLDER ...]
    python benchmarks/bench_found.py --job [--runs 3] [--beside FOLDER ...]
    python benchmarks/bench_found.py --plan STUDY CONFIGURATION [--runs 3] [--beside FOLDER ...]

A grid of POINTS (100,000) x one condition, so twice as many questions: asked of a control respondent with an
empty ledger, asked again by a second job, and counted by a plan. ``--job``: a whole job of a model behind an
API, from the start of Python to its table, that finds all its answers (income, two conditions: 5,760) in a
ledger that the first version made. ``--plan``: `python -m sce plan` for a configuration in the folder of a
finished study. ``--beside``: checkouts of other versions, which do the same in turns. Processor time, since
other work on the machine lengthens the wall clock more, the median of the runs; all tables must be the same
but for their latencies, and the tables of all plans the same.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

import pandas as pd

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
    """Microseconds of processor time a question takes in each way, and the digest of all but latencies."""
    from sce.asking import conversations
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
        walk = getattr(conversations, "walk", elicit)  # what plans of older versions call
        walk(protocol, planner, lambda status: None)
    seconds["planned"] = time.process_time() - begin
    assert planner.found.total() == len(table)
    [digest] = digests
    spent = {way: second / len(table) * 1e6 for way, second in seconds.items()}
    return {"spent": spent, "unit": "us a question", "digest": digest}


class Filler:
    """Answers the requests of another engine on the spot, so that nobody is asked."""

    free = True

    def __init__(self, engine):
        self.body = engine.body

    async def start(self):
        pass

    async def close(self):
        pass

    async def ask(self, body):
        from sce.ledger.entries import Reply

        return Reply("answered", '{"answer": "Below $50,000"}', finish_reason="stop")


def job(folder):
    """As ``measure``: seconds of processor time that this process has taken, from its start to the table of a
    job that finds all its answers in the ledger in ``folder``; if that is empty, it is filled."""
    from sce.asking.asker import open_asker
    from sce.asking.conversations import elicit
    from sce.asking.protocol import Protocol
    from sce.engines import open_engine
    from sce.grids.datasets import load_dataset
    from sce.models.catalogue import read_entry
    from sce.wordings.prompts import load_prompt, prompt_file

    grid = load_dataset("resources/datasets/income.yaml")
    fields = {"engine": "openai", "model": "tiny", "api_key_env": None, "base_url": "http://127.0.0.1:9/v1"}
    model = read_entry({"models": {"m": fields}}, "m")
    question, *conditions = [load_prompt(prompt_file(n)) for n in ("question", "unconstrained", "minimal")]
    filler = None if any(Path(folder).iterdir()) else Filler(open_engine(model, grid))
    with open_asker(model, grid, folder, engine=filler) as asker:
        table = elicit(Protocol(grid, [question], conditions), asker, lambda status: None)
    seconds = time.process_time()
    assert (asker.asked if filler else asker.found) == len(table) == 5760
    loaded = [name for name in ("openai", "aiohttp") if name in sys.modules]
    assert not loaded, f"nobody is asked, and yet it has loaded {loaded}"
    digest = hashlib.sha256(table.drop(columns="latency_s").to_csv().encode()).hexdigest()
    return {"spent": {"job": seconds}, "unit": "s", "digest": digest}


def measured_in(checkout, argument, folder=None):
    """``measure`` or ``job`` by the package in a checkout, in a process of its own."""
    with tempfile.TemporaryDirectory() as empty:
        command = [sys.executable, __file__, argument, "--here", folder or empty, str(checkout)]
        done = subprocess.run(command, cwd=checkout, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def planned_in(checkout, folder, configuration):
    """As ``measure``: seconds of `python -m sce plan` by the package in a checkout, and by the clock."""
    env = os.environ | {"PYTHONPATH": str(checkout)}
    with tempfile.NamedTemporaryFile(suffix=".csv") as table:
        command = [sys.executable, "-P", "-m", "sce", "plan", "--configfile", configuration]
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(
            [*command, "--csv", table.name], cwd=folder, env=env, stdout=subprocess.DEVNULL, check=True
        )
        clock, used = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        content = pd.read_csv(table.name).round(6).to_csv()  # older versions differ in the last bits of worth
    spent = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    digest = hashlib.sha256(content.encode()).hexdigest()
    return {"spent": {"plan": spent, "clock": clock}, "unit": "s", "digest": digest}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("points", type=int, nargs="?", default=100_000)
    parser.add_argument("--job", action="store_true")
    parser.add_argument("--plan", nargs=2, metavar=("STUDY", "CONFIGURATION"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--beside", metavar="FOLDER", type=Path, nargs="+", default=[])
    parser.add_argument("--here", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        folder, checkout = options.here
        sys.path.insert(0, checkout)
        print(json.dumps(job(folder) if options.job else measure(options.points, folder)))
        return
    checkouts = [*(folder.resolve() for folder in options.beside), ROOT]
    with tempfile.TemporaryDirectory() as answered:
        if options.plan:
            run = partial(planned_in, folder=options.plan[0], configuration=options.plan[1])
        elif options.job:
            run = partial(measured_in, argument="--job", folder=answered)
            run(checkouts[0])  # fills it
        else:
            run = partial(measured_in, argument=str(options.points))
        results = [[run(checkout) for checkout in checkouts] for _ in range(options.runs)]
    report(results)


def report(results):
    """Print the medians of each version's runs; ``results``: of every turn those of all versions, the present
    one last."""
    first = results[0][0]
    for way in first["spent"]:
        *others, now = [
            median(result["spent"][way] for result in side) for side in zip(*results, strict=True)
        ]
        before = "".join(f"; {other:.2f} before, ratio {other / now:.2f}" for other in others)
        print(f"{way:10} {now:.2f} {first['unit']}{before}")
    digests = {result["digest"] for turn in results for result in turn}
    assert len(digests) == 1, "the versions differ in what they ask or store"


if __name__ == "__main__":
    main()
