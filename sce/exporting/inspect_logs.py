"""A run as logs of inspect_ai, one of every model and dataset, for ``inspect view`` and its data frames.

A sample is one conversation: a point's question and reply, and one condition's continuation of them.
Conditions do not see each other, so each has a sample of its own; further samples of an SCE are epochs.
"""

import uuid
from pathlib import Path

import pandas as pd

from sce.errors import InputError
from sce.exporting import origin
from sce.exporting.conversations import Conversation, conversations
from sce.exporting.finished import Finished
from sce.files.writing import new_folder

NAMES = uuid.UUID("b9f9e2a6-0c1f-5d0e-9a53-6f4e6f5c5cb1")  # of the logs' ids: the same run has the same
DISTANCES = ("distance", "nearest_distance", "excess", "relative_excess", "shortfall")
STOP_REASONS = {
    "answered": "stop", "truncated": "max_tokens", "refused": "content_filter", "failed": "unknown"
}  # fmt: skip
SETTINGS = ("temperature", "seed", "max_tokens")


def write(finished: Finished, target: Path) -> str:
    """Write the logs; a sentence about them. Raises InputError where inspect_ai is not installed."""
    try:
        from inspect_ai.log import write_eval_log
    except ImportError:
        allowed = "the package inspect_ai: pip install inspect-ai, or the extra exports"
        raise InputError("export inspect", "package", "missing", allowed) from None
    with new_folder(target) as folder:
        for model, dataset in finished.study.pairs:
            write_eval_log(log_of(finished, model, dataset), str(folder / f"{model}_{dataset}.eval"))
    return f"{target}: {len(finished.study.pairs):,} logs; inspect view --log-dir {target}"


def log_of(finished: Finished, model: str, dataset: str):
    """The log of a model on a dataset."""
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalResults, EvalSpec, EvalStats
    from inspect_ai.model import GenerateConfig

    entry = finished.study.config.models[model]
    name = f"{entry.engine}/{entry.provider_model}"
    samples = [_sample(finished, name, dataset, each) for each in conversations(finished, model, dataset)]
    first, last = (time.isoformat() for time in finished.when[model])
    ids = list(dict.fromkeys(sample.id for sample in samples))
    identity = uuid.uuid5(NAMES, f"{model} {dataset} {first} {last}").hex
    responses = finished.step(model, dataset, "responses")
    made = origin.versions()
    return EvalLog(
        status="success",
        eval=EvalSpec(
            eval_id=identity,
            run_id=uuid.uuid5(NAMES, f"{first} {last}").hex,
            task_id=uuid.uuid5(NAMES, f"{model} {dataset}").hex,
            created=last,
            task=dataset,
            task_version=made["workflow"],
            dataset=EvalDataset(name=dataset, samples=len(ids), sample_ids=ids),
            model=name,
            model_generate_config=GenerateConfig(**_settings(entry)),
            config=EvalConfig(epochs=finished.study.samples(model, dataset)),
            packages={"sce": made["workflow"]},
            metadata={"model": model, "conditions": finished.study.conditions(model, dataset)},
        ),
        results=EvalResults(
            total_samples=len(samples),
            completed_samples=len(samples),
            scores=_results(finished, model, dataset),
        ),
        stats=EvalStats(started_at=first, completed_at=last, model_usage={name: _usage(_totals(responses))}),
        samples=samples,
    )


def _settings(entry):
    """The entry's settings by the names that inspect has for them."""
    found = {name: getattr(entry, name, None) for name in SETTINGS}
    return {name: value for name, value in found.items() if value is not None}


def _sample(finished: Finished, name: str, dataset: str, said: Conversation):
    from inspect_ai.log import EvalSample
    from inspect_ai.model import ChatMessageSystem, ChatMessageUser

    last = said.answered if said.explained is None else said.explained
    system = [ChatMessageSystem(content=said.system)] if said.system else []
    messages = [*system, ChatMessageUser(content=said.question), *_assistant(said.answered, name)]
    if said.follow_up is not None:
        messages += [ChatMessageUser(content=said.follow_up), *_assistant(said.explained, name)]
    grid = finished.study.datasets[dataset]
    options = list(grid.options)
    target = "" if said.prediction is None else next(o for o in options if o != said.prediction)
    statuses = {metric: row["status"] for metric, row in said.judged.items()}
    return EvalSample(
        id=f"{said.point_id} {said.condition}" if said.condition else str(said.point_id),
        epoch=said.sample,
        input=said.question,
        choices=options,
        target=target,
        messages=messages,
        output=_output(last, name),
        scores=_scores(said),
        model_usage={name: _usage(last)},
        total_time=float(last["latency_s"]),
        metadata={
            "point_id": said.point_id,
            "condition": said.condition,
            "record": grid.record(said.point_id),
            "prediction": said.prediction,
            "digest": last["digest"],
            "request": last["status"],
            "status": next(iter(statuses.values()), None),
        },
    )


def _assistant(row, name):
    """The reply as a message; none where there is none."""
    from inspect_ai.model import ChatMessageAssistant, ContentReasoning, ContentText

    if row["response"] is None:
        return []
    reasoning = [] if row["reasoning"] is None else [ContentReasoning(reasoning=row["reasoning"])]
    content = [*reasoning, ContentText(text=row["response"])] if reasoning else row["response"]
    return [ChatMessageAssistant(content=content, model=name)]


def _output(row, name):
    from inspect_ai.model import ChatCompletionChoice, ModelOutput

    choices = [
        ChatCompletionChoice(message=message, stop_reason=STOP_REASONS[row["status"]])
        for message in _assistant(row, name)
    ]
    usage, seconds = _usage(row), float(row["latency_s"])
    return ModelOutput(model=name, choices=choices, usage=usage, time=seconds, error=row["error"])


def _totals(responses: pd.DataFrame) -> dict:
    """The tokens of all that was asked, each question once."""
    return responses.drop_duplicates("digest").filter(like="tokens_").sum().to_dict()


def _usage(row: dict):
    """The tokens of a row of ``responses``."""
    from inspect_ai.model import ModelUsage

    tokens = {name: int(count or 0) for name, count in row.items() if name.startswith("tokens_")}
    return ModelUsage(
        input_tokens=tokens["tokens_in"],
        output_tokens=tokens["tokens_out"],
        total_tokens=tokens["tokens_in"] + tokens["tokens_out"],
        input_tokens_cache_read=tokens["tokens_cached"] or None,
        input_tokens_cache_write=tokens["tokens_written"] or None,
        reasoning_tokens=tokens["tokens_reasoning"] or None,
    )


def _scores(said: Conversation) -> dict:
    """The verdicts on an SCE: 1 or 0 for ``validity`` and for ``minimality`` (valid, and no valid point is
    nearer), and its distances. What is not defined has no score."""
    from inspect_ai.scorer import Score

    found = {}
    for metric, row in said.judged.items():
        told, valid = row["verdict"], row["valid"]
        if valid is None:
            continue
        found["validity"] = Score(value=int(valid), explanation=told)
        minimal = valid and row["excess"] == 0
        found[f"minimality {metric}"] = Score(value=int(minimal), explanation=told)
        for name in DISTANCES:
            if row[name] is not None:
                found[f"{name} {metric}"] = Score(value=float(row[name]), explanation=told)
    return found


def _results(finished: Finished, model: str, dataset: str) -> list:
    """The study's own scores: of each, the value under every condition, with its interval."""
    from inspect_ai.log import EvalMetric, EvalScore

    table = finished.step(model, dataset, "scores").dropna(subset=["value"])
    table = table[~table["score"].str.startswith("n_")]  # counts of rows by status
    found = []
    for (score, metric), rows in table.groupby(["score", "metric"], sort=False):
        metrics = {
            row.condition: EvalMetric(
                name=row.condition,
                value=float(row.value),
                metadata={"n": int(row.n), **_interval(row)},
            )
            for row in rows.itertuples()
        }
        found.append(EvalScore(name=f"{score} {metric}", scorer=score, metrics=metrics))
    return found


def _interval(row):
    return {} if pd.isna(row.low) else {"low": float(row.low), "high": float(row.high)}
