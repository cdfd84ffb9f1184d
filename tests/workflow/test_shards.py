"""A pair that several jobs ask, through the real workflow: the bytes of one job, and nothing asked twice."""

import json
import os
import re
import signal
from pathlib import Path

import pyarrow.parquet as pq

from tests.conftest import Project
from tests.faults import Provider, served

TARGETS = ["results/m/weather/scores.parquet"]
SECOND = (10, 15, 20)  # degrees of the second of three shards
QUESTIONS = 45 * 2


class Weather(Provider):
    """Cold below 15 degrees, and SCEs at the far end. ``dies``: called once, in the middle of the second
    shard."""

    def __init__(self, dies=None):
        super().__init__(reply=self._reply)
        self.dies, self.degrees = dies, []

    def _reply(self, request):
        asked = request["messages"]
        degrees = int(re.search(r"is: (-?\d+)", asked[0]["content"])[1])
        self.degrees.append(degrees)
        if self.dies and sum(map(SECOND.__contains__, self.degrees)) == 10:
            dies, self.dies = self.dies, None
            dies()
        if len(asked) == 1:
            return json.dumps({"answer": "Warm" if degrees >= 15 else "Cold"})
        return json.dumps({"temperature": -5 if degrees >= 15 else 35, "wind_speed": 0})


def configure(project, url, **fields):
    entry = {
        "engine": "openai",
        "model": "tiny",
        "base_url": f"{url}/v1",
        "api_key_env": None,
        "max_tokens": 50,
    }
    experiment = {"models": ["m"], "datasets": ["weather"], "conditions": ["minimal"]}
    project.configure({"models": {"m": entry | fields}, "experiments": {"main": experiment}})


def kill_job(folder):
    """Kill the job that asks in a folder."""
    for process in Path("/proc").iterdir():
        try:
            asks = re.search(rb"/scripts/tmp\w+\.elicit\.py", (process / "cmdline").read_bytes())
            if asks and (process / "cwd").resolve() == folder:
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue


def responses(project):
    return project.folder / "results/m/weather/responses.parquet"


def log(project, shard=""):
    return (project.folder / f"logs/elicit/m/weather{shard}.log").read_text()


def test_three_shards_one_killed_then_two(tmp_path):
    one, three = Project(tmp_path / "one"), Project(tmp_path / "three")
    with served(Weather()) as url:
        configure(one, url)
        one.snakemake(*TARGETS)
    expected = (one.folder / TARGETS[0]).read_bytes()

    provider = Weather(dies=lambda: kill_job(three.folder))
    with served(provider) as url:
        configure(three, url, shards=3, max_in_flight=3)
        three.snakemake("--cores", "1", *TARGETS, ok=False)
        assert not responses(three).exists()
        assert "stopped before its end" in log(three, "/2-of-3")
        assert re.search(r"elicit_shard +1\n", three.snakemake("--cores", "1", *TARGETS))  # that one alone
        assert len(provider.seen) == sum(provider.answered.values()) == QUESTIONS
        assert set(provider.answered.values()) == {1}
        assert "0 asked, 90 found in the ledger" in log(three)

        assert (three.folder / TARGETS[0]).read_bytes() == expected
        found, wanted = (pq.read_table(responses(project)).drop("latency_s") for project in (three, one))
        assert found.equals(wanted)
        ledger = sorted(path.name for path in (three.folder / "ledger").glob("*.sqlite"))
        assert [name.split(".", 1)[1] for name in ledger] == [f"shard-{k}-of-3.sqlite" for k in (1, 2, 3)] + [
            "sqlite"
        ]

        file, before = responses(three).relative_to(three.folder), responses(three).read_bytes()
        note = responses(three).parent / "shards/1-of-3.txt"  # as a run that is stopped leaves it
        note.parent.mkdir()
        note.write_text("30 questions\n")
        configure(three, url, shards=2, max_in_flight=3)
        assert re.search(r"elicit_shard +2\n", three.snakemake(str(file)))
        assert responses(three).read_bytes() == before
        assert not note.exists()
        assert len(provider.seen) == QUESTIONS
        assert three.rows_in_ledger() == QUESTIONS
