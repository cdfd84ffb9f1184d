"""``python -m tools.rulegraph`` draws docs/rules.svg, the rules of the workflow and what each waits for, with
Snakemake's ``--rulegraph`` and Graphviz's ``dot``."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs/rules.svg"
STUDY = "config/paper-controls.yaml"  # with experiments of nearly every kind
TARGET = "default"  # it waits for everything, which its edges would hide
LOOK = (
    'bgcolor="transparent"; rankdir=TB; ranksep=0.35; node [shape=box, style="rounded,filled", '
    'fillcolor="#eef2f7", color="#4a6fa5", fontname="Helvetica,Arial,sans-serif", fontsize=11, height=0.3]; '
    'edge [color="#7f8894", arrowsize=0.6];'
)


def edges_by_snakemake(command: tuple[str, ...] = (sys.executable,)) -> set[tuple[str, str]]:
    """(rule, rule that waits for it), as Snakemake says it; ``command`` is the Python that runs it."""
    options = ["-m", "snakemake", "--configfile", STUDY, "--rulegraph", "dot"]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=True)
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', done.stdout, re.M))
    pairs = re.findall(r"^\s*(\d+) -> (\d+)", done.stdout, re.M)
    return {(names[one], names[other]) for one, other in pairs if names[other] != TARGET}


def edges_of_picture(svg: str) -> set[tuple[str, str]]:
    """The same, from the titles in a picture by ``dot``."""
    return set(re.findall(r"<title>(\w+)&#45;&gt;(\w+)</title>", svg))


def drawn(edges: set[tuple[str, str]]) -> str:
    """The picture of rules, as SVG."""
    text = "\n".join(f"{one} -> {other};" for one, other in sorted(edges))
    graph = f"digraph rules {{ {LOOK}\n{text} }}"
    return subprocess.run(["dot", "-Tsvg"], input=graph, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    PICTURE.write_text(drawn(edges_by_snakemake()), encoding="utf-8")
