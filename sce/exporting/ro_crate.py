"""A run as an RO-Crate, by the profile Workflow Run Crate 0.5 (https://w3id.org/ro/wfrun/workflow/0.5): the
workflow with its rules, what it was given, what it made with checksums, when, by whom, under which licence.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from sce.exporting import origin, texts, writing
from sce.exporting.finished import Finished
from sce.exporting.neutral import configuration
from sce.exporting.origin import Origin, kind_of, licence_url, name_of
from sce.exporting.wordings import datasets_and_wordings
from sce.files.places import WORKFLOW
from sce.files.writing import new_folder
from sce.models.weights import file_digest
from sce.study.study import Study
from sce.study.targets import of_experiment, of_steps

SPECIFICATION = "https://w3id.org/ro/crate/1.1"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"  # of sha256
BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
MAIN, CONFIG = "workflow/Snakefile", "config/config.yaml"
FORMATS = {
    ".parquet": "application/vnd.apache.parquet", ".csv": "text/csv", ".html": "text/html",
    ".png": "image/png", ".svg": "image/svg+xml", ".pdf": "application/pdf", ".txt": "text/plain",
    ".md": "text/markdown", ".tex": "application/x-tex", ".yaml": "application/yaml",
    ".py": "text/x-python", ".npy": "application/x-npy",
}  # fmt: skip
OVER_ALL = {
    "scores", "differences", "ranks", "pattern", "boundaries", "usage", "failures", "validity", "report"
}  # fmt: skip


def write(finished: Finished, target: Path) -> str:
    """Write the crate; a sentence about it."""
    with new_folder(target) as folder:
        for path in sorted((WORKFLOW / "workflow").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                writing.put(folder, path.relative_to(WORKFLOW).as_posix(), path)
        given = _put_given(finished, folder)
        made = _put_results(finished, folder)
        writing.put(folder, "README.md", texts.page("crate.md", finished))
        metadata = _metadata(finished, folder, given, made)
        text = json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
        writing.put(folder, "ro-crate-metadata.json", text)
    return (
        f"{target}: {len(made):,} results of one run, with the workflow and {len(given):,} files that it read"
    )


# --- files


def _put_given(finished: Finished, folder: Path) -> list[str]:
    """What the run was given, copied; the names in the crate."""
    files: dict[str, Path] = {}
    content = configuration(finished.study, files)
    files |= datasets_and_wordings(finished.study)
    for name, path in files.items():
        writing.put(folder, name, path)
    writing.put(folder, CONFIG, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return [CONFIG, *files]


def _put_results(finished: Finished, folder: Path) -> list[str]:
    """What the run made, copied; the names in the crate. The page, which holds replies in a form of its own,
    is left out where something in them had to be taken out."""
    changed, names = False, []
    for file in _results(finished.study, finished.results):
        name, path = f"results/{file}", finished.results / file
        if path.suffix == ".parquet":
            changed |= _copy_clean(finished, file, folder / name)
        else:
            writing.put(folder, name, path)
        names.append(name)
    if changed:
        page = [name for name in names if name.startswith("results/report")]
        for name in page:
            (folder / name).unlink()
        names = [name for name in names if name not in page]
    return names


def _results(study: Study, results: Path) -> list[str]:
    """The files of the study that there are, under the folder of results; sorted."""
    named = {file for experiment in study.experiments for file in of_experiment(study, experiment)}
    named = {file.removeprefix("results/") for file in named | set(of_steps(study))}
    over_all = [path.name for path in results.iterdir() if path.stem in OVER_ALL and path.is_file()]
    pages = [path.relative_to(results).as_posix() for path in results.glob("report_conversations/*")]
    return sorted(file for file in {*named, *over_all, *pages} if (results / file).is_file())


def _copy_clean(finished: Finished, file: str, target: Path) -> bool:
    """Copy a Parquet artifact; whether something in it had to be taken out."""
    source = finished.results / file
    target.parent.mkdir(parents=True, exist_ok=True)
    schema, table = pq.read_schema(source), finished.table(file)
    notes = {key: finished.cleaner.paths(note.decode()) for key, note in (schema.metadata or {}).items()}
    clean = pa.Table.from_pandas(table, schema=schema, preserve_index=False).replace_schema_metadata(notes)
    if clean.equals(pq.read_table(source), check_metadata=True):
        shutil.copyfile(source, target)
        return False
    pq.write_table(clean, target, compression="zstd")
    return True


# --- metadata


def _metadata(finished: Finished, folder: Path, given: list[str], made: list[str]) -> dict:
    """The content of ro-crate-metadata.json (JSON-LD)."""
    by, code = origin.origin_of_study(), origin.origin_of_workflow()
    parts = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    entities = [_descriptor(), _root(finished, by, parts), _run(finished, by, given, made)]
    entities += [_workflow(code, parts), *_people(by, code), *_software(), *_licences(by, code), *_profiles()]
    entities += [_file(folder / name, name) for name in parts if name != MAIN]
    return {"@context": [f"{SPECIFICATION}/context", TERMS], "@graph": entities}


def _descriptor():
    return {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": _refer([SPECIFICATION, "https://w3id.org/workflowhub/workflow-ro-crate/1.0"]),
    }


def _root(finished: Finished, by: Origin, parts: list[str]) -> dict:
    models = ", ".join(dict.fromkeys(model for model, _ in finished.study.pairs))
    told = f"What {models} answer at every point asked about ({', '.join(finished.study.datasets)}), the "
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": by.title,
        "description": f"{told}counterfactuals that they give, and how valid and how near these are.",
        "datePublished": finished.ended.isoformat(),
        "author": _refer_all([f"#author-{number}" for number, _ in enumerate(by.authors)]),
        "license": {"@id": licence_url(by.licence)},
        "conformsTo": _refer(PROFILES),
        "mainEntity": {"@id": MAIN},
        "mentions": {"@id": "#run"},
        "hasPart": _refer(parts),
    }


def _run(finished: Finished, by: Origin, given: list[str], made: list[str]) -> dict:
    return {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Run of {by.title}",
        "description": "From the first answer of a model to the last; all else follows from answers.",
        "instrument": {"@id": MAIN},
        "agent": {"@id": "#author-0"},
        "startTime": finished.began.isoformat(),
        "endTime": finished.ended.isoformat(),
        "actionStatus": "http://schema.org/CompletedActionStatus",
        "object": _refer(given),
        "result": _refer(made),
    }


def _workflow(code: Origin, parts: list[str]) -> dict:
    return {
        "@id": MAIN,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": code.title,
        "programmingLanguage": {"@id": LANGUAGE},
        "version": " ".join(filter(None, [origin.versions()["workflow"], origin.versions()["commit"]])),
        "conformsTo": {"@id": BIOSCHEMAS},
        "encodingFormat": "text/plain",
        "creator": _refer_all([f"#creator-{number}" for number, _ in enumerate(code.authors)]),
        "license": {"@id": licence_url(code.licence)},
        "softwareRequirements": _refer([each["@id"] for each in _software()][1:]),
        "hasPart": _refer([name for name in parts if name.startswith("workflow/") and name != MAIN]),
    }


def _people(by: Origin, code: Origin) -> Iterator[dict]:
    for role, authors in (("author", by.authors), ("creator", code.authors)):
        for number, author in enumerate(authors):
            person = {"@id": f"#{role}-{number}", "@type": kind_of(author), "name": name_of(author)}
            more = {"identifier": author.get("orcid"), "affiliation": author.get("affiliation")}
            yield person | {key: value for key, value in more.items() if value}


def _software() -> Iterator[dict]:
    made = origin.versions()
    yield {
        "@id": LANGUAGE,
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "url": {"@id": "https://snakemake.github.io"},
        "version": made["packages"].get("snakemake", "unknown"),
    }
    for name, version in {"Python": made["python"], **made["packages"]}.items():
        address = _software_id(name, version)
        application = {"@id": address, "@type": "SoftwareApplication", "name": name, "url": address}
        yield application | {"softwareVersion": version}


def _software_id(name, version):
    if name == "Python":
        return f"https://www.python.org/downloads/release/python-{version.replace('.', '')}/"
    return f"https://pypi.org/project/{name}/{version}/"


def _licences(by: Origin, code: Origin) -> Iterator[dict]:
    for licence in dict.fromkeys([by.licence, code.licence]):
        address = licence_url(licence)
        told = f"The licence with the SPDX identifier {licence}"
        yield {"@id": address, "@type": "CreativeWork", "name": licence, "description": told, "url": address}


def _profiles() -> Iterator[dict]:
    for address, (name, version) in PROFILES.items():
        yield {"@id": address, "@type": "CreativeWork", "name": name, "version": version}


def _file(path: Path, name: str) -> dict:
    about = {"about": {"@id": "./"}} if name == "README.md" else {}
    return about | {
        "@id": name,
        "@type": "File",
        "name": name,
        "encodingFormat": FORMATS.get(path.suffix, "text/plain"),
        "contentSize": str(path.stat().st_size),
        "sha256": file_digest(path),
    }


def _refer_all(names) -> dict | list[dict]:
    """One as it is, several as a list: so the specification wants it."""
    found = _refer(names)
    return found if len(found) > 1 else found[0]


def _refer(names) -> list[dict]:
    return [{"@id": name} for name in names]
