"""Exports as the tools read them that they are for; inspect logs, which inspect_ai writes."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.conftest import ROOT
from tests.environments import packages_of, python_with
from tests.exporting import read_by_tools
from tests.exporting.conftest import KEY, export

MODULES = ("inspect_ai", "datasets", "mlcroissant", "rocrate")
N = 36  # points of tiny


@pytest.fixture(scope="module")
def python():
    packages = packages_of("exports")
    return python_with(MODULES, packages, ROOT / ".venv-exports", "SCE_EXPORTS_PYTHON", sees_ours=True)


@pytest.fixture(scope="module")
def run(python, study, tmp_path_factory):
    """Runs this Python in the study's folder; what it prints."""
    home = tmp_path_factory.mktemp("home")
    env = os.environ | {
        "PYTHONPATH": str(ROOT), "HOME": str(home), "HF_HUB_OFFLINE": "1", "LOOP_KEY": KEY,
    }  # fmt: skip

    def run(*arguments):
        command = [python, *map(str, arguments)]
        done = subprocess.run(command, cwd=study.folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def read(run, form, folder):
    return json.loads(run(read_by_tools.__file__, form, folder).splitlines()[-1])


@pytest.fixture(scope="module")
def logs(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("inspect") / "logs"
    run("-m", "sce", "export", "inspect", folder)
    return folder


@pytest.mark.slow
def test_inspect_reads_its_logs(run, logs):
    found = read(run, "inspect", logs)
    assert found["logs"] == ["near_tiny", "remote_tiny"]
    assert (found["status"], found["model"], found["samples"]) == ("success", "openai/tiny", N)
    assert found["roles"] == ["system", "user", "assistant", "user", "assistant"]
    assert "Score: 0." in found["question"]
    assert found["unread"] == ["unparseable_sce", "I would rather not.", {}]
    # Point 1: score 0 in the north with an absence; its SCE has a score of 60, the nearest that passes.
    assert found["target"] == "Pass"
    assert found["scores"]["validity"] == found["scores"]["minimality gower"] == 1
    assert found["scores"]["distance gower"] == found["scores"]["nearest_distance gower"] == 0.2
    assert found["results"]["validity gower"] == 1


@pytest.mark.slow
def test_inspect_view_serves_the_logs(python, logs, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-c", "from inspect_ai._cli.main import main; main()", "view", "start"]
    options = ["--log-dir", str(logs), "--host", "127.0.0.1", "--port", str(port)]
    env = os.environ | {"HOME": str(tmp_path)}
    with subprocess.Popen([*command, *options], env=env, stdout=subprocess.DEVNULL) as view:
        try:
            listed = fetched(f"http://127.0.0.1:{port}/api/logs")
            page = fetched(f"http://127.0.0.1:{port}/")
        finally:
            view.terminate()
    assert {file["task"] for file in json.loads(listed)["files"]} == {"tiny"}
    assert "remote_tiny.eval" in listed
    assert "<title>" in page


def fetched(url):
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


@pytest.mark.slow
def test_datasets_and_croissant_read_the_same_tables(run, tmp_path):
    run("-m", "sce", "export", "hugging-face", tmp_path / "dataset")
    found = read(run, "hugging-face", tmp_path / "dataset")
    assert found["rows"]["responses"] == 4 * N
    assert found["rows"] == found["records"]
    assert found["problems"] == []


@pytest.mark.slow
def test_rocrate_reads_the_crate(run, tmp_path):
    run("-m", "sce", "export", "ro-crate", tmp_path / "crate")
    found = read(run, "ro-crate", tmp_path / "crate")
    kinds = ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
    assert found["main"] == ["workflow/Snakefile", kinds, "Snakemake"]
    assert found["instrument"] == "workflow/Snakefile"
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in found["profiles"]
    assert found["authors"] == ["Ada Lovelace", "The Analytical Society"]
    assert found["results"] > 10


def test_inspect_logs_need_inspect(study, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    told = export(study, "inspect", tmp_path / "logs", ok=False)
    assert "pip install inspect-ai" in told
    assert not (tmp_path / "logs").exists()
