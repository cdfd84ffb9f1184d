"""Results in a bucket: the workflow over the S3 storage plugin, and a real S3 server on this machine."""

import os
import socket
import subprocess
import sysconfig
import time
import venv
from contextlib import contextmanager

import pytest

from sce.asking.rounds import record_round
from sce.files import artifacts
from sce.files.json_files import exact

pytestmark = pytest.mark.slow

BUCKET = "import boto3, sys; s3 = boto3.client('s3', endpoint_url=sys.argv[1]); "
STUDY = {
    "models": {"nearest": {"engine": "control", "policy": "nearest"}},
    "experiments": {"main": {"models": ["nearest"], "datasets": ["exam"], "conditions": ["minimal"]}},
}


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An interpreter that has the plugin and the server beside all that this one has."""
    folder = tmp_path_factory.mktemp("storage") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    ours = sysconfig.get_path("purelib")
    theirs = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with open(f"{theirs}/ours.pth", "w") as file:
        file.write(ours)
    needed = ["snakemake-storage-plugin-s3>=0.3", "moto[server]>=5"]
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *needed], capture_output=True, text=True, timeout=600
    )
    if done.returncode:
        pytest.skip(f"the S3 plugin cannot be installed here: {done.stderr.strip()[-200:]}")
    return python


@contextmanager
def bucket(python, env):
    """The address of an S3 server with an empty bucket named study."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [python, "-m", "moto.server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while subprocess.run(
            [python, "-c", BUCKET + "s3.create_bucket(Bucket='study')", url], env=env, capture_output=True
        ).returncode:
            assert time.monotonic() < until, "the S3 server does not start"
            time.sleep(0.5)
        yield url
    finally:
        server.kill()
        server.wait()


def fetched(python, env, url, folder):
    """One responses artifact out of the bucket, as a file here."""
    path = folder / "fetched.parquet"
    key = "first/results/nearest/exam/responses.parquet"
    get = BUCKET + f"s3.download_file('study', '{key}', '{path}')"
    subprocess.run([python, "-c", get, url], env=env, check=True)
    return path


def test_results_in_a_bucket(project, python):
    env = os.environ | {
        "AWS_ACCESS_KEY_ID": "pretended",
        "AWS_SECRET_ACCESS_KEY": "pretended",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    project.configure(STUDY)
    with bucket(python, env) as url:

        def run(*options):
            storage = ["--default-storage-provider", "s3", "--default-storage-prefix", "s3://study/first"]
            command = [*storage, "--storage-s3-endpoint-url", url, *options]
            done = subprocess.run(
                [python, "-m", "snakemake", "--cores", "2", *command],
                cwd=project.folder,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=600,
            )
            assert done.returncode == 0, done.stdout
            return done.stdout

        assert "s3://study/first/results/nearest/exam/responses.parquet" in run("--dry-run")
        run()
        listed = "print(*(o['Key'] for o in s3.list_objects_v2(Bucket='study')['Contents']), sep='\\n')"
        kept = subprocess.run(
            [python, "-c", BUCKET + listed, url], env=env, capture_output=True, text=True, check=True
        ).stdout.split()
        assert "Nothing to be done" in run("--dry-run")
        asked = artifacts.provenance(fetched(python, env, url, project.folder))["params"]["asked"]
        asked.pop("round")
        # As a run leaves it that had a question fail: the next one asks again, though no result lies here.
        record_round(project.folder / "ledger", exact(asked), 0, left_open=1)
        assert "elicit" in run("--dry-run")
        run()
        assert "Nothing to be done" in run("--dry-run")

    project.snakemake()  # here, from the ledger, which stayed here
    assert project.rows_in_ledger() == 2 * 66
    ours = {str(path.relative_to(project.folder)) for path in (project.folder / "results").rglob("*.*")}
    assert {path.removeprefix("first/") for path in kept if "/results/" in path} >= ours
