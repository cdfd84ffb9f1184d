"""The command line, run as a user runs it."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import json_lines


def sce(*arguments, text=""):
    return subprocess.run(
        [sys.executable, "-m", "sce", *map(str, arguments)], input=text, capture_output=True, text=True
    )


def test_parse_answers():
    texts = ['{"answer": "Warm"}', "<think>cold?</think> **Cold**", "Cold or Warm", None]
    lines = json_lines({"text": text} for text in texts)
    done = sce("parse", "--dataset", "weather", "--kind", "answer", text=lines)
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["value"] for r in results] == ["Warm", "Cold", None, None]
    assert [r["status"] for r in results] == ["ok", "ok", "unparseable", "unparseable"]


def test_parse_records():
    complete = '{"temperature": "−5 °C", "wind_speed": "20 km/h"}'
    text = json_lines([{"text": complete}, {"text": '{"temperature": 5}'}])
    done = sce("parse", "--dataset", "weather", "--kind", "sce", text=text)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert results[0] == {"status": "ok", "value": {"temperature": -5, "wind_speed": 20}}
    assert results[1] == {"status": "missing_feature", "value": {"temperature": 5, "wind_speed": None}}


@pytest.mark.parametrize(
    ("arguments", "text", "told"),
    [
        (["parse", "--dataset", "wether", "--kind", "sce"], "", ["wether.yaml", "weather"]),
        (["parse", "--dataset", "weather", "--kind", "sce"], '{"txt": 1}\n', ["line 1", "text"]),
        (["score-published", "absent.json", "--dataset", "income", "--metric", "gower"], "", ["absent.json"]),
    ],
)
def test_bad_input_is_one_clear_line(arguments, text, told):
    done = sce(*arguments, text=text)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    for part in told:
        assert part in done.stderr


def test_score_published(reference):
    run = reference / "runs/house_prices__oracle"
    options = ["--dataset", "house_prices", "--metric", "l1", "--as-published"]
    done = sce("score-published", run / "results.json.gz", *options)
    ours, theirs = json.loads(done.stdout), json.loads((run / "published_scores.json").read_text())["l1"]
    assert ours["validity_percent"] == theirs["validity_percent"]
    assert ours["mean_distance"] == pytest.approx(theirs["mean_distance"], rel=1e-9)
    assert ours["mean_ICF"] is None
    assert ours["counts"]["kept"] == 1600


def test_a_python_without_the_libraries_is_told_where_they_are(tmp_path):
    (tmp_path / "pydantic.py").write_text("raise ModuleNotFoundError('no pydantic', name='pydantic')")
    command = [sys.executable, "-m", "sce", "plan"]
    paths = f"{tmp_path}{os.pathsep}{os.getcwd()}"
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "has no pydantic: in a checkout run .venv/bin/python -m sce" in done.stderr
    assert "Traceback" not in done.stderr
