"""The audit of a study: the artifacts of every model and dataset from the replies up, then the tables."""

import json
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pandas as pd

from sce.auditing import averages, families, interval_checks, page, pairs, regions, remade
from sce.auditing.findings import Findings
from sce.auditing.grids import grid_of
from sce.auditing.inquiries import InquiryToAudit, audit_inquiry
from sce.auditing.interval_checks import POINTS
from sce.auditing.neighbours import Neighbours
from sce.auditing.notes import expected_notes
from sce.auditing.page import PageToAudit
from sce.auditing.tables import Files, check_csv
from sce.experiments.given import Given
from sce.files.json_files import exact
from sce.ledger.ledger import ledger_file
from sce.measuring import boundaries, certain_scores, comparisons, scores
from sce.measuring.dependence import Lattice
from sce.money import usage
from sce.money.prices import Prices
from sce.reading.samples import first_samples
from sce.showing import tables
from sce.study import inquiries, parameters
from sce.study.planner import protocol_asked
from sce.study.study import Study
from sce.study.targets import asked_in_full


def audit(study: Study, prices: Prices, results: Path) -> Findings:
    """Every number of the study's results, checked. Changes nothing."""
    return Audit(study, prices, results).run()


class Audit:
    """One audit under way."""

    def __init__(self, study: Study, prices: Prices, results: Path):
        self.study, self.prices, self.results = study, prices, results
        self.findings = Findings()
        self.files = Files(self.findings)
        self.estimand = study.config.scoring.estimand
        self.lattices = {name: Lattice.of(dataset) for name, dataset in study.datasets.items()}

    def run(self) -> Findings:
        self._check_notes()
        for name in asked_in_full(self.study):
            stored = self.files.get(self.results / f"grids/{name}.parquet")
            if stored:
                grid = grid_of(self.study.datasets[name])
                self.findings.rows(stored.path, ("point_id",), stored.rows, grid, "grids")
        predictions = {}
        for model, dataset in self.study.pairs:
            with self._caught(self.results / model / dataset):
                found = pairs.audit_pair(self._pair(model, dataset), self.files)
                if found is not None:
                    predictions[model, dataset] = found
                    self._remake_scores(model, dataset)
        for about in inquiries.inquiries(self.study):
            with self._caught(self._about(*about)):
                audit_inquiry(self._inquiry(*about), self.files)
        self._check_collected()
        with self._caught(self.results / "differences.parquet"):
            self._check_differences()
        with self._caught(self.results / "boundaries.parquet"):
            self._check_boundaries(predictions)
        self._check_usage()
        with self._caught(self.results / "report.html"):
            page.check_page(self._page(), self.files)
        for experiment in self.study.experiments:
            with self._caught(self.results / "experiments" / experiment):
                self._check_experiment(experiment)
        return self.findings

    # --- what was asked for

    def _check_notes(self):
        """The parameters in the metadata of every artifact are those of configuration and checkout."""
        for file, expected in expected_notes(self.study, self.prices).items():
            stored = self.files.get(self.results / file)
            if stored is None:
                continue
            found = dict(stored.note.get("params", {}))
            if isinstance(found.get("asked"), dict):
                found["asked"] = {key: value for key, value in found["asked"].items() if key != "round"}
            for name, value in expected.items():
                what = f"metadata, {name}"
                self.findings.equal(stored.path, what, found.get(name), value, "parameters in metadata")

    def _pair(self, model, dataset):
        entry = self.study.config.models[model]
        return pairs.PairToAudit(
            model,
            entry,
            protocol_asked(self.study, model, dataset),
            self.results / model / dataset,
            ledger_file(self.study.config.ledger, entry.engine, entry.provider_model),
            self.study.metrics(model, dataset),
            self.results / f"embeddings/{dataset}.npy",
            self.study.survey(model, dataset),
            self.estimand,
            self._neighbours(dataset) if not self.study.survey(model, dataset) else None,
        )

    def _inquiry(self, model, dataset, explainer):
        entry = self.study.config.models[explainer]
        return InquiryToAudit(
            explainer,
            entry,
            self.study.datasets[dataset],
            inquiries.protocol_about(self.study, model, dataset, explainer),
            self.study.published,
            self._about(model, dataset, explainer),
            self.results / model / dataset,
            ledger_file(self.study.config.ledger, entry.engine, entry.provider_model),
        )

    @cache  # noqa: B019 - an audit lives as long as the program
    def _neighbours(self, name):
        """Those of a grid, where its intervals take account of them."""
        return Neighbours(self.study.datasets[name]) if self.estimand == POINTS else None

    def _about(self, *about):
        return self.results / inquiries.responses_file(*about)

    def _page(self):
        settings = json.loads(exact(self.study.shapes))
        pairs, datasets = self.study.pairs, self.study.datasets
        listed = {name: self.study.tables(name) for name in self.study.experiments}
        where, published = self.results / "report.html", self.study.published
        return PageToAudit(where, self.results, pairs, datasets, settings, listed, published)

    # --- tables over all

    def _remake_scores(self, model, dataset):
        folder = self.results / model / dataset
        distances = self.files.frame(folder / "distances.parquet")
        lattice = self.lattices[dataset]
        made = folder / "scores.parquet"
        if self.study.survey(model, dataset):
            self._remake(made, lambda: certain_scores.score(distances, self.estimand, None), distances)
            return
        self._remake(made, lambda: scores.score(distances, self.estimand, lattice), distances)

    def _check_collected(self):
        parts = []
        for model, dataset in self.study.pairs:
            stored = self.files.get(self.results / model / dataset / "scores.parquet")
            parts += [{"model": model, "dataset": dataset, **row} for row in stored.rows] if stored else []
        stored = self.files.get(self.results / "scores.parquet")
        if stored:
            keys = ("model", "dataset", "condition", "metric", "score")
            self.findings.rows(stored.path, keys, stored.rows, parts, "collected scores")
            check_csv(self.results / "scores.csv", stored, self.findings)

    def _check_differences(self):
        stored = self.files.get(self.results / "differences.parquet")
        if stored is None:
            return
        frames = {pair: self._frame(*pair, "distances") for pair in self.study.pairs}
        check_csv(self.results / "differences.csv", stored, self.findings)
        families.check_adjusted(stored, self.findings)
        families.check_pattern(self.results / "pattern.csv", stored.rows, self.findings)
        if any(frame is None for frame in frames.values()):
            return
        rows = {pair: self.files.get(self._file(*pair, "distances")).rows for pair in self.study.pairs}
        in_part = {dataset for model, dataset in self.study.pairs if self.study.survey(model, dataset)}
        whole = [name for name in self.study.datasets if name not in in_part]
        averages.check_differences(stored, rows, self.findings)
        neighbours = {name: self._neighbours(name) for name in whole}
        interval_checks.check_differences(stored, rows, self.estimand, neighbours, self.findings)
        families.check_ranks(self.results / "ranks.csv", rows, stored.rows, self.findings)

        lattices = {name: self.lattices[name] for name in whole}
        stems = self.study.stems
        self._remake(stored.path, lambda: comparisons.differences(frames, stems, self.estimand, lattices))

    def _check_boundaries(self, predictions):
        stored = self.files.get(self.results / "boundaries.parquet")
        if stored is None:
            return
        expected = [
            {"model": model, "dataset": name, **regions.description_of(self.study.datasets[name], points)}
            for (model, name), points in predictions.items()
        ]
        known = [row for row in stored.rows if (row["model"], row["dataset"]) in predictions]
        self.findings.rows(stored.path, ("model", "dataset"), known, expected, "boundaries")
        check_csv(self.results / "boundaries.csv", stored, self.findings)
        frames = [self._frame(*pair, "boundary") for pair in self.study.pairs]

        def described():
            return pd.DataFrame(
                {"sentence": boundaries.describe_boundary(self.study.datasets[name], frame)["sentence"]}
                for (_, name), frame in zip(self.study.pairs, frames, strict=True)
            )

        self._remake(stored.path, described, *frames)

    def _check_usage(self):
        prices = {model: self.prices.of_entry(entry) for model, entry in self.study.config.models.items()}
        frames = [self._frame(*pair, "responses") for pair in self.study.pairs]
        frames += [self.files.frame(self._about(*about)) for about in inquiries.inquiries(self.study)]
        asked = json.loads(parameters.usage_of(self.study))

        def used():
            found = usage.by_pair(asked, frames).items()
            parts = [usage.usage(frame, prices[pair[0]], *pair) for pair, frame in found]
            return pd.concat(parts, ignore_index=True)

        def failed():
            found = usage.by_pair(asked, frames).items()
            return pd.concat([usage.failures(frame, *pair) for pair, frame in found], ignore_index=True)

        self._remake(self.results / "usage.parquet", used, *frames)
        self._remake(self.results / "failures.parquet", failed, *frames)
        stored = self.files.get(self.results / "usage.parquet")
        if stored:
            check_csv(self.results / "usage.csv", stored, self.findings)

    # --- experiments

    def _check_experiment(self, experiment):
        for kind in self.study.kinds:
            if kind.name in self.study.tables(experiment):
                for model, dataset in self.study.pairs_of(experiment):
                    self._check_kind(kind, model, dataset)
        for table in self.study.tables(experiment):
            self._check_table(experiment, table)

    def _check_kind(self, kind, model, name):
        dataset, folder = self.study.datasets[name], self.results / model / name
        own = {"tasks": self.results / kind.name / f"{name}.parquet"}
        own["points"] = folder / f"{kind.name}_points.parquet"
        frames = {need: self.files.frame(own.get(need, folder / f"{need}.parquet")) for need in kind.needs}
        measured = json.loads(parameters.measure(self.study, kind.name, model, name))
        del measured["module"]
        peers = {peer: self._frame(peer, name, "boundary") for peer in measured.pop("peers", [])}
        explainers = {
            explainer: self.files.frame(self._about(model, name, explainer))
            for explainer in measured.pop("explainers", [])
        }
        others = {"peers": peers, "explainers": explainers}

        def outcomes():
            embeddings = pairs.embeddings_of(self.results / f"embeddings/{name}.npy")
            tables = {need: first_samples(frame) for need, frame in frames.items()}
            return kind.measure(
                Given(dataset=dataset, tables=tables, embeddings=embeddings, **others, **measured)
            )

        needed = [frame for some in (frames, peers, explainers) for frame in some.values()]
        self._remake(folder / f"{kind.name}.parquet", outcomes, *needed)
        if kind.points_columns:
            boundary = self._frame(model, name, "boundary")
            self._remake(own["points"], lambda: kind.points(dataset, boundary), boundary)
        if kind.tasks_columns:
            options = parameters.task_options(self.study, kind)
            self._remake(own["tasks"], lambda: kind.draw_tasks(dataset, options))

    def _check_table(self, experiment, table):
        wanted = json.loads(parameters.tabulate(self.study, experiment, table))
        frames = [self._frame(model, name, table) for model, name in self.study.pairs_of(experiment)]
        stem = self.results / "experiments" / experiment / table
        made = stem.with_name(f"{table}.parquet")
        self._remake(made, lambda: tables.collect(frames, **wanted), *frames)
        stored = self.files.get(made)
        if stored is None:
            return
        check_csv(stem.with_name(f"{table}.csv"), stored, self.findings)
        scores, shown = self.files.frame(made), tables.SHOWN.get(table)
        markdown = tables.markdown(tables.long(scores, shown))
        latex = tables.latex(tables.wide(scores, shown))
        remade.check_text(stem.with_name(f"{table}.md"), markdown, self.findings)
        remade.check_text(stem.with_name(f"{table}.tex"), latex, self.findings)

    # --- inside

    def _file(self, model, dataset, name):
        return self.results / model / dataset / f"{name}.parquet"

    def _frame(self, *artifact):
        return self.files.frame(self._file(*artifact))

    @contextmanager
    def _caught(self, path):
        """Artifacts that are not what they ought to be may lead to anything: a difference like any other."""
        try:
            yield
        except Exception as error:
            self.findings.problem(path, f"cannot be checked ({type(error).__name__}: {error})")

    def _remake(self, path, make, *needed):
        """Make an artifact again from those that it needs, where they are all there."""
        stored = self.files.get(path)
        if stored is None or any(frame is None for frame in needed):
            return
        with self._caught(path):
            remade.check_remade(stored, make(), self.findings)
