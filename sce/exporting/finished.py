"""A study that has been run to its end: its artifacts, all of them there and of this configuration."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pandas as pd

from sce.auditing.findings import same
from sce.auditing.notes import expected_notes
from sce.errors import FEW, InputError
from sce.exporting.neutral import Cleaner
from sce.files import artifacts
from sce.files.json_files import exact
from sce.ledger.of_model import LedgerOfModel
from sce.money.prices import load_prices
from sce.study import inquiries, parameters
from sce.study.planner import file_of, is_there
from sce.study.study import Study
from sce.study.targets import PAIR_ARTIFACTS

TABLES = ("scores", "differences", "boundaries", "usage", "failures")  # over all models and datasets
UNHEEDED = {
    "asked",
    "code",
    "prices",
}  # notes of artifacts: looked at otherwise; and what may have changed since
STEPS = tuple(name.removesuffix(".parquet") for name in PAIR_ARTIFACTS)


@dataclass(frozen=True)
class Finished:
    """A study and the folder of its results."""

    study: Study
    results: Path
    cleaner: Cleaner

    @classmethod
    def of(cls, study: Study, results: Path) -> "Finished":
        """Raises InputError where an artifact is missing, or was made for another configuration."""
        if not results.is_dir():
            raise InputError(results, "folder", "missing", "the results of a finished run (see --results)")
        found = cls(study, results, Cleaner.of(study))
        missing = [file for file in found.files if not (results / file).is_file()]
        if missing:
            some = ", ".join(missing[:FEW]) + (", ..." if len(missing) > FEW else "")
            allowed = "the results of a finished run: run the study to its end, then export it"
            raise InputError(results, "artifacts", f"{len(missing):,} missing: {some}", allowed)
        found._require_current()
        return found

    @property
    def files(self) -> list[str]:
        """The artifacts under the folder of results: those of every pair, replies about others, tables."""
        own = [f"{model}/{name}/{step}.parquet" for model, name in self.study.pairs for step in STEPS]
        about = [inquiries.responses_file(*asked) for asked in inquiries.inquiries(self.study)]
        return [*own, *about, *(f"{table}.parquet" for table in TABLES), "scores.csv"]

    def table(self, file: str) -> pd.DataFrame:
        """An artifact, with nothing in it that must not leave this machine."""
        return self.cleaner.table(artifacts.read(self.results / file))

    def step(self, model: str, dataset: str, step: str) -> pd.DataFrame:
        """One of STEPS of a pair."""
        return self.table(f"{model}/{dataset}/{step}.parquet")

    @cached_property
    def asked(self) -> dict[str, set[str]]:
        """Model -> the digests of all that it was asked in this study, about others too."""
        found: dict[str, set[str]] = {}
        replies = [(model, f"{model}/{name}/responses.parquet") for model, name in self.study.pairs]
        replies += [
            (explainer, inquiries.responses_file(model, name, explainer))
            for model, name, explainer in inquiries.inquiries(self.study)
        ]
        for model, file in replies:
            found.setdefault(model, set()).update(artifacts.read(self.results / file)["digest"])
        return found

    @cached_property
    def when(self) -> dict[str, tuple[datetime, datetime]]:
        """Model -> when the first and the last of its answers came; of one that the ledger does not hold,
        when the replies of the study were written."""
        return {model: self._when(model, digests) for model, digests in self.asked.items()}

    @property
    def began(self) -> datetime:
        return min(first for first, _ in self.when.values())

    @property
    def ended(self) -> datetime:
        return max(last for _, last in self.when.values())

    def _when(self, model, digests):
        path, times = file_of(self.study, self.study.config.models[model]), []
        if is_there(path):
            with LedgerOfModel(path, read_only=True) as ledger:
                for file in ledger.files:
                    rows = file.query("SELECT digest, asked_at FROM responses")
                    times += [asked_at for digest, asked_at in rows if digest.hex() in digests]
        if not times:
            files = self.results.rglob("responses.parquet")
            times = [file.stat().st_mtime for file in files]
        return tuple(datetime.fromtimestamp(int(edge(times)), UTC) for edge in (min, max))

    def _require_current(self):
        """Replies to other questions than the configuration's would bear its names."""
        for model, name in self.study.pairs:
            file = f"{model}/{name}/responses.parquet"
            self._require_asked(file, parameters.asked(self.study, model, name))
        for about in inquiries.inquiries(self.study):
            file = inquiries.responses_file(*about)
            self._require_asked(file, parameters.asked_about(self.study, *about))

        for file, expected in expected_notes(self.study, load_prices()).items():
            if file in self.files:
                self._require_measured(file, expected)

    def _require_measured(self, file, expected):
        """Of measures too: a table under other metrics would bear this configuration's."""
        made = artifacts.provenance(self.results / file).get("params", {})
        different = sorted(
            key for key in expected.keys() - UNHEEDED if not same(made.get(key), expected[key])
        )
        if different:
            allowed = "what follows from this configuration: run it once more, or name its own (--configfile)"
            raise InputError(self.results / file, "made from", f"another {', '.join(different)}", allowed)

    def _require_asked(self, file, asked):
        found = dict(artifacts.provenance(self.results / file).get("params", {}).get("asked", {}))
        found.pop("round", None)
        if found != json.loads(exact(asked)):
            different = sorted(key for key in asked if found.get(key) != json.loads(exact(asked))[key])
            allowed = "what this configuration asks: run it once more, or name its own (--configfile)"
            raise InputError(self.results / file, "asked", f"another {', '.join(different)}", allowed)
