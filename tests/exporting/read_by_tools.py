"""Run by a Python that has the tools: ``python read_by_tools.py FORM FOLDER`` prints as JSON what the tool of
that form reads in a folder."""

import json
import sys
from pathlib import Path


def inspect(folder: Path) -> dict:
    from inspect_ai.log import list_eval_logs, read_eval_log

    logs = {Path(info.name).stem: read_eval_log(info) for info in list_eval_logs(str(folder))}
    log = logs["remote_tiny"]
    sample = log.samples[0]
    unread, other = (next(s for s in log.samples if s.id == name) for name in ("0 minimal", "1 minimal"))
    return {
        "logs": sorted(logs),
        "status": log.status,
        "model": log.eval.model,
        "samples": len(log.samples),
        "tokens": log.stats.model_usage["openai/tiny"].total_tokens,
        "results": {s.name: s.metrics["minimal"].value for s in log.results.scores},
        "roles": [message.role for message in sample.messages],
        "question": sample.messages[1].text,
        "unread": [unread.metadata["status"], unread.output.completion, unread.scores],
        "scores": {name: score.value for name, score in other.scores.items()},
        "target": other.target,
    }


def hugging_face(folder: Path) -> dict:
    import mlcroissant
    from datasets import get_dataset_config_names, load_dataset

    names = get_dataset_config_names(str(folder))
    rows = {name: load_dataset(str(folder), name, split="train").num_rows for name in names}
    described = mlcroissant.Dataset(str(folder / "croissant.json"))
    records = {
        record.id: len(list(described.records(record.id))) for record in described.metadata.record_sets
    }
    return {"rows": rows, "records": records, "problems": sorted(described.metadata.ctx.issues.errors)}


def ro_crate(folder: Path) -> dict:
    from rocrate.rocrate import ROCrate

    crate = ROCrate(folder)
    run = crate.get("#run")
    return {
        "main": [crate.mainEntity.id, crate.mainEntity.type, crate.mainEntity["programmingLanguage"]["name"]],
        "instrument": run["instrument"].id,
        "results": len(run["result"]),
        "profiles": sorted(profile.id for profile in crate.root_dataset["conformsTo"]),
        "authors": [author["name"] for author in crate.root_dataset["author"]],
    }


if __name__ == "__main__":
    form, place = sys.argv[1:]
    read = {"inspect": inspect, "hugging-face": hugging_face, "ro-crate": ro_crate}[form]
    print(json.dumps(read(Path(place))))
