"""A study's answers as one file, from which others compute its scores, or new ones, and ask no model.

It holds the configuration without what belongs to one machine, the datasets and wordings, the entries of the
ledger that the study rests on, and the scores as they were. The same content has the same bytes.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import yaml

from sce.engines import open_engine
from sce.errors import InputError
from sce.exporting import origin, texts, writing
from sce.exporting.finished import Finished
from sce.exporting.neutral import configuration
from sce.exporting.wordings import datasets_and_wordings
from sce.files.places import PACKAGE, WORKFLOW
from sce.files.writing import new_file
from sce.ledger.exports import HEADER, gzip_lines, line_of
from sce.ledger.of_model import LedgerOfModel
from sce.study.planner import file_of, is_there

FORMAT = 1
CONFIG, LEDGER, SCORES = "config/config.yaml", "ledger.jsonl.gz", "expected/scores.csv"


def write(finished: Finished, target: Path) -> str:
    """Write the archive; a sentence about it. Raises InputError where a run over what is in it would ask
    anything, and writes nothing then."""
    with new_file(target, ".zip") as partial, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        answers = _fill(finished, folder)
        _require_whole(finished, folder)
        writing.zip_folder(folder, partial)
    return f"{target}: {answers:,} answers, from which the study's scores follow without a question"


def _fill(finished: Finished, folder: Path) -> int:
    """Everything that the archive holds; the number of answers."""
    study, files = finished.study, {}
    content = configuration(study, files)
    files |= datasets_and_wordings(study)
    files |= {f"{name}.py": _extension(study, name) for name in study.config.extensions}
    files["CITATION.cff"] = origin.origin_of_study().file
    files["resources/LICENSE.md"] = WORKFLOW / "resources/LICENSE.md"
    for name, path in files.items():
        writing.put(folder, name, path)
    written = {
        CONFIG: yaml.safe_dump(content, sort_keys=False, allow_unicode=True),
        SCORES: (finished.results / "scores.csv").read_text(encoding="utf-8"),
        "versions.json": json.dumps({"archive": FORMAT, **origin.versions()}, indent=2) + "\n",
        "README.md": texts.page("archive.md", finished),
    }
    for name, text in written.items():
        finished.cleaner.refuse(text, name)
        writing.put(folder, name, text)
    return _write_answers(finished, folder / LEDGER)


def _extension(study, name):
    path = Path(f"{name}.py")
    if not path.is_file():
        allowed = "modules of one file in the working directory, so that an archive can hold them"
        raise InputError(study.where, "extensions", name, allowed)
    return path


def _write_answers(finished, target) -> int:
    """The entries that count for what the study asked, in the order of their files and digests; their
    number. What the ledger lacks, a plan finds (``_require_whole``), unless its answer is free."""
    study, wanted, count = finished.study, {}, 0
    for model, digests in finished.asked.items():
        wanted.setdefault(file_of(study, study.config.models[model]), set()).update(digests)
    with gzip_lines(target) as lines:
        lines.write(HEADER)
        for path in sorted(filter(is_there, wanted)):
            with LedgerOfModel(path, read_only=True) as ledger:
                for digest in sorted(wanted[path]):
                    entry = ledger.get(digest)
                    if entry is None:
                        continue
                    if entry.error:
                        entry = entry._replace(error=finished.cleaner.error(entry.error))
                    line = line_of(path.name, entry, ledger.request(digest))
                    finished.cleaner.refuse(line, path)
                    lines.write(line)
                    count += 1
    return count


def _require_whole(finished, folder) -> None:
    """Raises InputError where a run with the configuration and the files of the archive would ask more than
    the ledger has answers to. (What the study asked of it, and no more, is in the archive.)"""
    with tempfile.TemporaryDirectory() as place:
        config, table = Path(place) / "config.yaml", Path(place) / "plan.csv"
        ledger = {"ledger": str(Path(finished.study.config.ledger).resolve())}
        content = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
        config.write_text(yaml.safe_dump(content | ledger), encoding="utf-8")
        command = [sys.executable, "-m", "sce", "plan", "--configfile", str(config), "--csv", str(table)]
        env = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        if done.returncode:
            raise InputError("the archive", "content", done.stderr.strip()[-500:], "a study that can be read")
        asked = pd.read_csv(table) if table.stat().st_size > 1 else pd.DataFrame()
    if missing := _to_be_asked(finished.study, asked):
        allowed = "answers to every question in the ledger: run the study to its end, then export it"
        raise InputError("the archive", "questions", f"{missing:,} without an answer", allowed)


def _to_be_asked(study, planned) -> int:
    """How many questions of a plan's table a run would ask; those that are free it computes."""
    asked, datasets = {}, {}
    for row in planned.itertuples():
        if row.to_ask:
            asked[row.model] = asked.get(row.model, 0) + row.to_ask
            datasets[row.model] = row.dataset  # any of them: what is free is so for all
    return sum(
        number
        for model, number in asked.items()
        if not open_engine(study.config.models[model], study.datasets[datasets[model]]).free
    )
