"""The ledger: commits per second with 4 writers, look-ups per second, bytes per answer, and a full look-up
of everything a job needs. Run from the root of the project: python benchmarks/bench_ledger.py

Every commit is synchronised to the disk, so the numbers are the disk's as much as ours; the bare fsync rate
of the folder stands beside them.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sce.engines import About
from sce.engines.openai import OpenAIEngine
from sce.grids.datasets import load_dataset
from sce.ledger.entries import Entry, Reply, digest
from sce.ledger.ledger import Ledger
from sce.models.openai import OpenAI

WRITERS = 4


def questions(count, first=0):
    """(digest, body) of questions as long as the study's."""
    dataset = load_dataset("resources/datasets/income.yaml")
    engine = OpenAIEngine(OpenAI(engine="openai", model="gpt-4.1"))
    about = About("question", "question", {})
    for number in range(first, first + count):
        text = dataset.describe(dataset.record(number % dataset.size)) + "\n" + "Which is it? " * 60
        body = engine.body([{"role": "user", "content": f"{number}\n{text}"}], about)
        yield digest(body), body


def answer(key):
    usage = {"in": 400, "cached": 0, "out": 12, "reasoning": 0}
    return Entry.of_reply(key, Reply("answered", '{"answer": "Above $50,000"}', usage=usage), 1.0, 1)


def write(path, first, count, together):
    """One writer. ``together``: this many answers come in at once, as with as many requests in flight."""

    async def waves(ledger):
        made = list(questions(count, first))
        begin = time.monotonic()
        for start in range(0, count, together):
            await asyncio.gather(
                *(ledger.store(answer(key), body) for key, body in made[start : start + together])
            )
        return time.monotonic() - begin

    with Ledger(path) as ledger:
        print(asyncio.run(waves(ledger)))


def commits_per_second(folder, journal, together, each):
    path = folder / f"{journal}-{together}.sqlite"
    command = [sys.executable, __file__, "--writer", str(path)]
    environment = os.environ | {"SCE_LEDGER_JOURNAL": journal, "PYTHONPATH": "."}
    writers = []
    for number in range(WRITERS):
        arguments = [*command, str(number * each), str(each), str(together)]
        writers.append(subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True))
    seconds = [float(writer.communicate()[0]) for writer in writers]
    return WRITERS * each / max(seconds), path


def syncs_per_second(folder, count=200):
    with (folder / "sync").open("wb") as file:
        begin = time.monotonic()
        for _ in range(count):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        return count / (time.monotonic() - begin)


def lookups_per_second(path):
    with Ledger(path, read_only=True) as ledger:
        keys = ledger.digests()
        begin = time.monotonic()
        for key in keys:
            ledger.get(key)
        return len(keys) / (time.monotonic() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", help="where to write (a temporary folder)")
    parser.add_argument("--each", type=int, default=400, help="answers of each writer (%(default)s)")
    parser.add_argument("--writer", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.writer:
        path, first, count, together = options.writer
        write(Path(path), int(first), int(count), int(together))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        folder = Path(folder)
        print(f"{syncs_per_second(folder):10,.0f} fsync/s of this folder; load {os.getloadavg()[0]:.1f}")
        for journal in ("wal", "truncate"):
            for together in (1, 32):
                rate, path = commits_per_second(folder, journal, together, options.each)
                how = "one at a time" if together == 1 else f"{together} at a time"
                print(f"{rate:10,.0f} answers/s, {WRITERS} writers, {how}, {journal}")
        big = folder / "big.sqlite"
        with Ledger(big, group_commits=True) as ledger:
            for key, body in questions(20_000):
                ledger.put(answer(key), body)
        print(f"{lookups_per_second(big):10,.0f} look-ups/s among 20,000")
        print(f"{big.stat().st_size / 20_000:10,.0f} bytes per answer (request of about 1.3 kB included)")


if __name__ == "__main__":
    main()
