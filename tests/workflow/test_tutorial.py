"""The tutorial, done as it says: every file is written, every block of shell and Python run, in order."""

import json
import re

from tests.conftest import ROOT
from tests.faults import Provider, served
from tests.workflow import shell

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
PAGES = {name: (ROOT / f"docs/{name}.md").read_text() for name in ("index", "tutorial")}
KEY = "the-key-that-you-were-given"
POINT = r"kilometres is: (\d+).*on the way is: (\w+).*express: (\w+)"


def on_time(request):
    """A parcel is late from 500 km on; the SCE is the same parcel from nearby, or from far away."""
    messages = request["messages"]
    distance, weather, express = re.search(POINT, messages[0]["content"], re.S).groups()
    if len(messages) == 1:
        return json.dumps({"answer": "Late" if int(distance) >= 500 else "On time"})
    distance = 100 if "Late" in messages[1]["content"] else 900
    return json.dumps({"distance": distance, "weather": weather, "express": express})


def script(page, url):
    """What a reader of a page does, as a script of the shell."""
    for language, code in BLOCK.findall(page):
        if language == "sh":
            yield code
        elif language == "python":
            yield _written("read.py", code) + "python read.py\n"
        elif language == "yaml":
            file = code.split("\n")[0].removeprefix("# ")
            yield _written(file, code.replace("https://models.example.org", url))
        else:
            yield _written(".env", code)


def _written(file, text):
    return f"cat > {file} <<'END'\n{text}END\n"


def test_the_tutorial_runs_from_its_first_to_its_last_line(tmp_path):
    checkout = shell.checkout(tmp_path / "checkout")
    provider = Provider(["the-name-of-the-model"], on_time, key=KEY)
    with served(provider) as url:
        told = shell.run("".join(script(PAGES["tutorial"], url)), checkout, tmp_path)
    assert (tmp_path / "my-study/results/report.html").stat().st_size > 50_000
    assert re.search(r"288 of 288 +1.000 ", told), told
    assert re.search(r"nearest +closest +1\.0 ", told), told  # printed in Python
    assert "audit passed" in told
    assert len(provider.seen) == 90  # as the page says


def test_the_quick_start_is_the_two_commands_of_the_readme():
    [(language, code)] = BLOCK.findall(PAGES["index"])
    assert language == "sh"
    for line in code.splitlines():
        assert re.match(r"./study (run|test) ", line)
        assert line.split("  ")[0] in (ROOT / "README.md").read_text()
