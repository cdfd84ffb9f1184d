"""A checked configuration with everything that it names: datasets, prompts, published wordings."""

from functools import cache, cached_property

from sce.errors import InputError, suggest
from sce.experiments.kind import Kind, Pair
from sce.experiments.registry import kind as find_kind
from sce.experiments.registry import kinds
from sce.files.contracts import check
from sce.files.plain import refuse_odd
from sce.files.secrets import refuse_keys
from sce.grids.datasets import Dataset, dataset_file, load_dataset
from sce.grids.records import read_points
from sce.models.catalogue import resolve
from sce.showing.reference import load_reference, reference_files
from sce.study import checks
from sce.study.config import BaseConfig, contract
from sce.study.extensions import load_extensions
from sce.wordings.prompts import PROMPTS, Prompt, load_prompt, prompt_file, prompt_files
from sce.wordings.published import find_prompt, is_published, load_published, slips
from sce.wordings.rewordings import stems

ASKED_WHOLE = 100_000  # points up to which a grid is asked in full unless told otherwise


def load(config: dict, where: str) -> "Study":
    """The study in the mapping read from the file ``where``. Raises InputError for the first wrong key."""
    if not isinstance(config, dict):
        raise InputError(where, "content", type(config).__name__, "a mapping of keys")
    refuse_odd(config, where)
    refuse_keys(config, where)
    extensions = config.get("extensions", [])
    if isinstance(extensions, list) and all(isinstance(n, str) and n.isidentifier() for n in extensions):
        load_extensions(extensions, where)
    models = config.get("models")
    if isinstance(models, dict):
        resolved = {name: resolve(entry, f"{where}: models.{name}") for name, entry in models.items()}
        config = config | {"models": resolved}
    known = kinds()
    return Study(check(contract(*known), config, where), known, where)


class Study:
    """A checked configuration. ``datasets``, ``prompts``: what it names, by name (and dataset); ``shapes``:
    what shapes each model's answers."""

    def __init__(self, config: BaseConfig, known: list[Kind], where: str):
        self.config, self.kinds, self.where = config, known, where
        checks.check_names(self)
        checks.check_shards(self)
        names = dict.fromkeys(name for e in self.experiments.values() for name in e.datasets)
        self.datasets: dict[str, Dataset] = {name: load_dataset(dataset_file(name)) for name in names}
        path = config.prompts.published
        self.published = load_published(path) if path else None
        load_reference(config.reference)
        self.prompts = self._find_prompts()
        checks.check_wordings(self)
        checks.check_boundaries(self)
        checks.check_samples(self)
        checks.check_explainers(self)
        checks.check_datasets(self)
        self.shapes = {name: checks.shape_of(self, name) for name in config.models}

    @property
    def experiments(self) -> dict:
        return self.config.experiments

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Every (model, dataset) of the study, each once, in the order of the configuration."""
        return list(dict.fromkeys(pair for name in self.experiments for pair in self.pairs_of(name)))

    def pairs_of(self, experiment: str) -> list[tuple[str, str]]:
        """Every (model, dataset) of one experiment."""
        content = self.experiments[experiment]
        return [(model, dataset) for model in content.models for dataset in content.datasets]

    @property
    def notes(self) -> list[str]:
        """What a user should know although nothing is wrong with the configuration."""
        found = slips(self.published) if self.published else []
        lines = [f"{self.published.path}: {slip}; sent as it stands" for slip in found]
        for name in dict.fromkeys(model for model, dataset in self.pairs if self.samples(model, dataset) > 1):
            if getattr(self.config.models[name], "temperature", None) == 0:
                lines.append(
                    f"models.{name}: asked several times at temperature 0, where answers hardly differ; "
                    "`repeats` asks the question alone again"
                )
        return lines

    def prompt(self, name: str, dataset: str) -> Prompt:
        """The wording that goes by this name where it is about this dataset."""
        return self.prompts[name, dataset]

    def pair(self, model: str, dataset: str) -> Pair:
        """What the experiments that hold a model and a dataset say about them."""
        about = [e for e in self.experiments.values() if model in e.models and dataset in e.datasets]
        return Pair(tuple(about), self.config, lambda name: self.prompt(name, dataset))

    # --- what a model is asked about a dataset

    def questions(self, model: str, dataset: str) -> list[str]:
        """The wordings of the question, the main one first. The main one is the wording that conditions
        continue, even if an experiment without conditions lists others before it."""
        pair = self.pair(model, dataset)
        return list(dict.fromkeys([*self.main_questions(pair), *pair.of("questions")]))

    def main_questions(self, pair: Pair) -> list[str]:
        """The question wordings that conditions of the pair continue; more than one is refused."""
        return list(dict.fromkeys(e.questions[0] for e in pair.experiments if e.conditions))

    # Sorted, as their order in the configuration means nothing and must make no job stale.
    def conditions(self, model: str, dataset: str) -> list[str]:
        return sorted(self.pair(model, dataset).of("conditions"))

    def metrics(self, model: str, dataset: str) -> list[str]:
        return sorted(self.pair(model, dataset).of("metrics"))

    def protocol(self, model: str, dataset: str) -> dict:
        """What a model is asked about a dataset: field -> names of wordings. ``kinds``: what kinds of
        experiments ask; those that ask nothing are left out, so that a new kind makes no job stale."""
        pair = self.pair(model, dataset)
        asked = {kind.name: kind.asks(pair) for kind in self.kinds}
        return {
            "questions": self.questions(model, dataset),
            "conditions": self.conditions(model, dataset),
            "verify_off_grid": True in pair.of("verify_off_grid"),
            "kinds": {name: asks for name, asks in asked.items() if asks},
            **({"samples": samples} if (samples := self.samples(model, dataset)) > 1 else {}),
            **({"survey": survey} if (survey := self.survey(model, dataset)) else {}),
        }

    def samples(self, model: str, dataset: str) -> int:
        """How often a model is asked the main question at a point, and every condition: as often as the
        experiment wants that wants most."""
        return max(self.pair(model, dataset).of("samples"))

    def is_adaptive(self, experiment, dataset: str) -> bool:
        """Whether an experiment asks a dataset's grid in part."""
        if experiment.boundary is None:
            return self.datasets[dataset].size > ASKED_WHOLE
        return experiment.boundary == "adaptive"

    def survey(self, model: str, dataset: str) -> dict | None:
        """How a model is asked about a part of a grid, as a parameter of the job; None where it is asked in
        full, as one experiment that holds the pair is enough to want."""
        pair = self.pair(model, dataset)
        if not all(self.is_adaptive(experiment, dataset) for experiment in pair.experiments):
            return None
        options = pair.experiments[0].adaptive.model_dump()
        starts = options.pop("starts")
        if isinstance(starts, str) and starts != "all":
            starts = self.starts_in(starts, dataset)
        return {"metrics": self.metrics(model, dataset), "starts": starts, **options}

    @cache  # noqa: B019 - a study lives as long as the program
    def starts_in(self, path: str, dataset: str) -> list[int]:
        """The points of the records in a user's file."""
        return read_points(path, self.datasets[dataset])

    def wordings(self, model: str, dataset: str) -> list[str]:
        """The names of all wordings that a model is sent about a dataset, each once."""
        protocol = self.protocol(model, dataset)
        sent = [kind.sends(asks) for kind in self.kinds if (asks := protocol["kinds"].get(kind.name))]
        names = [*protocol["questions"], *protocol["conditions"], *(name for some in sent for name in some)]
        return list(dict.fromkeys(names))

    def prompt_files(self, model: str, dataset: str) -> list[str]:
        """The files of all wordings that a model is sent about a dataset, each once."""
        return self.files_of(self.wordings(model, dataset))

    def files_of(self, names: list[str]) -> list[str]:
        """The files of wordings, each once."""
        return list(
            dict.fromkeys(self.published.path if is_published(n) else str(prompt_file(n)) for n in names)
        )

    @cached_property
    def stems(self) -> dict[str, str]:
        """Condition -> the one that it rewords, over all that the study names."""
        wanted = {(name, d) for e in self.experiments.values() for d in e.datasets for name in e.conditions}
        found = [stems([name], lambda n, d=dataset: self.prompt(n, d)) for name, dataset in sorted(wanted)]
        return {name: stem for one in found for name, stem in one.items()}

    # --- what an experiment ends in

    def tables(self, experiment: str) -> dict[str, list[str]]:
        """The tables of outcomes that an experiment ends in: name -> what its lines may be about, that is the
        values of their column ``condition``."""
        content = self.experiments[experiment]
        found = {"scores": sorted(content.conditions)}
        found |= {
            kind.name: kind.subjects(content, self.config, self.find_in(content)) for kind in self.kinds
        }
        return {table: subjects for table, subjects in found.items() if subjects}

    def peers(self, kind: str, model: str, dataset: str) -> list[str]:
        """The other models that experiments with this kind's table ask, beside a model, about a dataset;
        sorted, as their order means nothing. Empty for a kind that needs none."""
        wanted = find_kind(kind)
        about = self.pair(model, dataset).experiments if wanted.needs_peers else ()
        with_table = [e for e in about if wanted.subjects(e, self.config, self.find_in(e))]
        return sorted({name for experiment in with_table for name in experiment.models} - {model})

    def find_in(self, experiment):
        """Finds the prompts of an experiment by their names."""
        return lambda name: self.prompt(name, experiment.datasets[0])

    def respondents(self, experiment: str) -> dict[str, tuple[str, float | None]]:
        """Model -> the name its provider knows it by, and its temperature."""
        entries = {name: self.config.models[name] for name in self.experiments[experiment].models}
        return {name: (e.provider_model, getattr(e, "temperature", None)) for name, e in entries.items()}

    def reference_files(self) -> list[str]:
        """The files of published values that there are."""
        return reference_files(self.config.reference)

    def all_metrics(self) -> list[str]:
        return list(dict.fromkeys(metric for e in self.experiments.values() for metric in e.metrics))

    def matrix_datasets(self) -> list[str]:
        """The datasets small enough for a distance matrix."""
        return [n for n, d in self.datasets.items() if d.size <= self.config.matrices.max_points]

    @property
    def wording_fields(self) -> dict[str, str]:
        """Field of an experiment -> kind of its prompts."""
        own = {"questions": "question", "conditions": "condition"}
        return own | {field: kind for each in self.kinds for field, kind in each.wordings.items()}

    def _find_prompts(self):
        """(name, dataset) -> the wording, for all that the experiments name. Ours are read once."""
        files, own, found = prompt_files(), {}, {}
        for key, name, dataset in self._named_prompts():
            if is_published(name):
                found[name, dataset] = find_prompt(name, dataset, self.published)
                continue
            if name not in files:
                raise InputError(self.where, key, name, f"a file under {PROMPTS}: {suggest(name, files)}")
            if name not in own:
                own[name] = load_prompt(files[name])
            found[name, dataset] = own[name]
        return found

    def _named_prompts(self):
        """(key of the configuration, name, dataset) of every wording that an experiment names."""
        return [
            (f"experiments.{key}.{field}", name, dataset)
            for key, experiment in self.experiments.items()
            for field in self.wording_fields
            for name in getattr(experiment, field)
            for dataset in experiment.datasets
        ]
