"""``python -m tools.containers`` writes envs/Dockerfile, Snakemake's own container of all conda environments
(``--containerize``).

Snakemake asks conda for its version, settings and platform before it writes. None of these reach the text,
so a stand-in answers, and nobody needs conda to keep the file true.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCKERFILE = ROOT / "envs/Dockerfile"
STUDY = ".test/config/config.yaml"
NOTE = "# Made by python -m tools.containers from the environments of the rules; see docs/cluster.md.\n"
CONDA = """#!/bin/sh
case "$1" in
  info) echo '{"conda_prefix": "/conda", "platform": "linux-64"}' ;;
  config) echo '{"get": {"channel_priority": "strict"}}' ;;
  *) echo conda 25.9.1 ;;
esac
"""


def dockerfile(command: tuple[str, ...] = (sys.executable,)) -> str:
    """The text of the file; ``command`` is the Python that runs Snakemake."""
    options = ["-m", "snakemake", "--configfile", STUDY, "--containerize"]
    with tempfile.TemporaryDirectory() as folder:
        conda = Path(folder, "conda")
        conda.write_text(CONDA, encoding="utf-8")
        conda.chmod(0o700)
        env = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            [*command, *options], cwd=ROOT, env=env, capture_output=True, text=True, check=True
        )
    return NOTE + "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


if __name__ == "__main__":
    DOCKERFILE.write_text(dockerfile(), encoding="utf-8")
