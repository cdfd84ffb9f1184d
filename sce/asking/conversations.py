"""Elicitation: the protocol of the study as conversations (design 1).

For every grid point: the question in each wording, each in a fresh conversation; then, in a continuation of
the main wording's own raw answer, every condition's follow-up. N points are walked by as many workers as
requests may be in flight; a worker carries a point through its whole conversation, so no request waits for
the slowest of a batch.
"""

import asyncio
import itertools
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from sce.asking.asker import Asker
from sce.engines import About
from sce.files import artifacts
from sce.grids.datasets import Dataset
from sce.ledger.entries import Entry
from sce.models.entries import Model
from sce.reading import parsing
from sce.wordings import prompts
from sce.wordings.prompts import Prompt
from sce.wordings.published import Published, find_prompt


class Task(NamedTuple):
    """A choice between grid points: which is nearest to the start?"""

    start: int
    candidates: list[int]


@dataclass(frozen=True)
class Protocol:
    """What one model is asked about one dataset. The first question wording is the main one, which the
    conditions continue. ``tasks``: those that every wording of ``choices`` poses. ``self_predictions``: by
    condition, what is asked before and after its SCE; ``feedback``: by condition, what asks for another SCE,
    up to ``tries`` times while it is invalid. ``several``: wordings that ask for ``k`` SCEs at once."""

    dataset: Dataset
    questions: list[Prompt]
    conditions: list[Prompt]
    system: str | None = None
    structured: bool = False
    verify_off_grid: bool = False
    choices: list[Prompt] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    self_predictions: dict[str, list[Prompt]] = field(default_factory=dict)
    feedback: dict[str, list[Prompt]] = field(default_factory=dict)
    tries: int = 0
    several: list[Prompt] = field(default_factory=list)
    k: int = 0

    @property
    def at_most(self) -> int:
        """The number of questions if every prediction can be read, and every SCE is off the grid where those
        are verified: N x (wordings + conditions), the conditions twice then; and every task of choosing."""
        per_condition = 2 if self.verify_off_grid else 1
        per_point = len(self.questions) + per_condition * len(self.conditions) + self.at_most_further.total()
        return self.dataset.size * per_point + len(self.tasks) * len(self.choices)

    @property
    def at_most_further(self) -> Counter:
        """Questions of a point that are neither of a question nor of a condition, by kind."""
        return Counter(
            self_prediction=2 * sum(map(len, self.self_predictions.values())),
            feedback=self.tries * sum(map(len, self.feedback.values())),
            several=len(self.several),
        )


def protocol_of(
    dataset: Dataset, model: Model, asked: dict, published: Published | None, tasks: list[Task]
) -> Protocol:
    """The protocol that ``asked`` (``Study.asked``) names, with its wordings: ours and the study's."""
    prompts_of = {
        kind: [find_prompt(name, dataset.name, published) for name in asked.get(kind, [])]
        for kind in ("questions", "conditions", "choices", "several")
    }
    for kind in ("self_predictions", "feedback"):
        prompts_of[kind] = {
            condition: [find_prompt(name, dataset.name, published) for name in names]
            for condition, names in asked.get(kind, {}).items()
        }
    return Protocol(
        dataset,
        **prompts_of,
        system=model.system,
        structured=model.decoding == "json_schema",
        verify_off_grid=asked["verify_off_grid"],
        tasks=tasks,
        tries=asked.get("tries", 0),
        k=asked.get("k", 0),
    )


@dataclass(frozen=True)
class Asked:
    """One question and how it ended: a row of ``responses``."""

    kind: str
    wording: str
    condition: str | None
    point_id: int
    entry: Entry


def tasks_in(table: pd.DataFrame) -> list[Task]:
    """The tasks of a ``choices`` artifact."""
    return [Task(*row) for row in zip(table["point_id"], map(json.loads, table["candidates"]), strict=True)]


def elicit(protocol: Protocol, asker: Asker, progress: Callable[[str], None]) -> pd.DataFrame:
    """Ask everything; the ``responses`` artifact, sorted by wording or condition (in the
    order of the protocol) and point.

    ``progress`` is called with the status of each question as it ends. Raises Fatal when no question can be
    answered; everything answered until then is in the ledger.
    """
    rows = asyncio.run(_walk(protocol, asker, progress))
    table = pd.DataFrame([_row(asked) for asked in rows], columns=list(artifacts.columns("responses")))
    parts = [*protocol.questions, *protocol.conditions, *protocol.several, *protocol.choices]
    order = {prompt.name: place for place, prompt in enumerate(parts)}
    table = table.assign(_order=table["condition"].fillna(table["wording"]).map(order))
    return table.sort_values(["_order", "point_id"]).drop(columns="_order").reset_index(drop=True)


def open_questions(responses: pd.DataFrame, retry: list[str]) -> int:
    """How many questions a later run asks again: those with a status in ``retry``, but for the rejected."""
    again = responses["status"].isin(retry) & (responses["finish_reason"] != "rejected")
    return int(again.sum())


def messages_of_question(protocol: Protocol, prompt: Prompt, description: str) -> list[dict]:
    """The messages of a fresh conversation about one instance."""
    return _begun(protocol, prompts.ask(prompt, protocol.dataset, description))


def messages_of_follow_up(messages: list[dict], entry: Entry, text: str) -> list[dict]:
    """The conversation continued: the model's raw answer, as its provider wants it back, then ``text``."""
    turn = entry.turn or {"role": "assistant", "content": entry.response}
    return [*messages, turn, {"role": "user", "content": text}]


def answer_schema(dataset: Dataset, confidence: bool = False) -> dict:
    """JSON schema of an answer, with how sure it is where that is asked for."""
    answer = {"answer": {"type": "string", "enum": list(dataset.options)}}
    return _object(answer | ({"confidence": {"type": "number"}} if confidence else {}))


def record_schema(dataset: Dataset) -> dict:
    """JSON schema of a record: every feature, each with one of its levels."""
    return _object(
        {
            name: {"type": _json_type(feature), "enum": _levels(feature)}
            for name, feature in dataset.features.items()
        }
    )


def _levels(feature):
    return feature.codes if feature.is_number else feature.labels


def _json_type(feature):
    if not feature.is_number:
        return "string"
    return "integer" if all(isinstance(code, int) for code in feature.codes) else "number"


async def _walk(protocol, asker, progress):
    points = (_converse(protocol, asker, point_id) for point_id in range(protocol.dataset.size))
    tasks = (_choose(protocol, asker, task) for task in protocol.tasks)
    conversations = itertools.chain(points, tasks)
    rows: list[Asked] = []

    async def work():
        for conversation in conversations:
            async for asked in conversation:
                rows.append(asked)
                progress(asked.entry.status)

    # A cluster that ends a job sends SIGTERM first: stop as with Ctrl-C, and keep what is being answered.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(asker.max_in_flight, protocol.dataset.size + len(protocol.tasks))):
                workers.create_task(work())
    except BaseExceptionGroup as group:
        raise _first(group) from None  # one cause is what the user needs; the other workers were cancelled
    finally:
        await asker.close()
    return rows


async def _converse(protocol, asker, point_id) -> AsyncIterator[Asked]:
    dataset = protocol.dataset
    record = dataset.record(point_id)
    asked = [_ask_question(protocol, asker, prompt, record) for prompt in protocol.questions]
    entries = await _together(asker, asked)
    for prompt, entry in zip(protocol.questions, entries, strict=True):
        yield Asked("question", prompt.name, None, point_id, entry)
    main_entry = entries[0]
    main = messages_of_question(protocol, protocol.questions[0], dataset.describe(record))
    answer = prediction(main_entry, dataset)
    if answer is None:
        return
    begun = _Begun(point_id, record, answer, main, main_entry)
    # Independent of each other, so all at once: a batch then needs one round for all of them.
    follow_ups = [_explain(protocol, asker, begun, prompt) for prompt in protocol.conditions]
    follow_ups += [_propose_several(protocol, asker, begun, prompt) for prompt in protocol.several]
    for rows in await _together(asker, list(map(_collect, follow_ups))):
        for asked in rows:
            yield asked


async def _together(asker, coroutines: list) -> list:
    """Their results in order, side by side where several may be under way: tasks cost time."""
    if asker.max_in_flight == 1 or len(coroutines) == 1:
        return [await coroutine for coroutine in coroutines]
    return await asyncio.gather(*coroutines)


async def _collect(rows: AsyncIterator[Asked]) -> list[Asked]:
    return [asked async for asked in rows]


@dataclass(frozen=True)
class _Begun:
    """A conversation in which the model has answered the main question: ``entry`` is the reply to
    ``messages``, ``answer`` the option read from it."""

    point_id: int
    record: dict
    answer: str
    messages: list[dict]
    entry: Entry


async def _explain(protocol, asker, begun, prompt) -> AsyncIterator[Asked]:
    """The SCE of one condition, and what is asked about it."""
    dataset, question = protocol.dataset, protocol.questions[0]
    schema = record_schema(dataset) if protocol.structured else None
    text = prompts.follow_up(prompt, dataset, begun.answer)
    messages = messages_of_follow_up(begun.messages, begun.entry, text)
    entry = await asker.ask(messages, About("condition", prompt.name, begun.record, begun.answer, schema))
    yield Asked("condition", question.name, prompt.name, begun.point_id, entry)
    if protocol.verify_off_grid:
        off_grid = off_grid_record(entry, dataset)
        if off_grid is not None:
            verified = await _ask_question(protocol, asker, question, off_grid)
            yield Asked("verification", question.name, prompt.name, begun.point_id, verified)
    said = _Said(begun, prompt.name, messages, entry)
    async for asked in _foresee(protocol, asker, said):
        yield asked
    async for asked in _try_again(protocol, asker, said, schema):
        yield asked


async def _propose_several(protocol, asker, begun, prompt) -> AsyncIterator[Asked]:
    """Several SCEs at once."""
    text = prompts.follow_up(prompt, protocol.dataset, begun.answer, k=str(protocol.k))
    about = About("several", prompt.name, begun.record, begun.answer, more={"k": protocol.k})
    entry = await asker.ask(messages_of_follow_up(begun.messages, begun.entry, text), about)
    yield Asked("several", protocol.questions[0].name, prompt.name, begun.point_id, entry)


@dataclass(frozen=True)
class _Said:
    """An SCE in its conversation, which goes on from ``begun``: ``entry`` is the reply to ``messages``."""

    begun: _Begun
    condition: str
    messages: list[dict]
    entry: Entry


async def _foresee(protocol, asker, said) -> AsyncIterator[Asked]:
    """What a fresh copy would answer at the SCE: asked in the conversation as it was before the SCE was asked
    for, and as it is after."""
    begun = said.begun
    wordings = protocol.self_predictions.get(said.condition, [])
    revised = sce_record(said.entry, protocol.dataset) if wordings else None
    if revised is None:
        return
    for prompt in wordings:
        sure = prompt.asks == "confidence"
        schema = answer_schema(protocol.dataset, sure) if protocol.structured else None
        text = prompts.ask(prompt, protocol.dataset, protocol.dataset.describe(revised))
        for when, stand in (("before", begun), ("after", said)):
            more = {"when": when, "start": begun.record} | ({"confidence": True} if sure else {})
            about = About("self_prediction", prompt.name, revised, begun.answer, schema, more)
            found = await asker.ask(messages_of_follow_up(stand.messages, stand.entry, text), about)
            yield Asked(f"self_prediction_{when}", prompt.name, said.condition, begun.point_id, found)


async def _try_again(protocol, asker, said, schema) -> AsyncIterator[Asked]:
    """While the SCE is on the grid and invalid, tell the model so, and what a fresh copy answered there."""
    dataset, begun = protocol.dataset, said.begun
    for prompt in protocol.feedback.get(said.condition, []):
        messages, entry = said.messages, said.entry
        for turn in range(1, protocol.tries + 1):
            revised = sce_record(entry, dataset)
            if revised is None or dataset.locate(revised) is None:
                break
            outcome = prediction(
                await _ask_question(protocol, asker, protocol.questions[0], revised), dataset
            )
            if outcome != begun.answer:  # valid, or not known
                break
            text = prompts.follow_up(prompt, dataset, begun.answer, outcome=outcome)
            messages = messages_of_follow_up(messages, entry, text)
            about = About("feedback", prompt.name, begun.record, begun.answer, schema, {"turn": turn})
            entry = await asker.ask(messages, about)
            yield Asked(f"feedback_{turn}", prompt.name, said.condition, begun.point_id, entry)


async def _choose(protocol, asker, task) -> AsyncIterator[Asked]:
    dataset = protocol.dataset
    record, candidates = dataset.record(task.start), [dataset.record(point) for point in task.candidates]
    letters = list(prompts.LETTERS[: len(candidates)])
    schema = _object({"answer": {"enum": letters}}) if protocol.structured else None
    for prompt in protocol.choices:
        messages = _begun(protocol, prompts.choose(prompt, dataset, task.start, task.candidates))
        about = About("choice", prompt.name, record, schema=schema, more={"candidates": candidates})
        yield Asked("choice", prompt.name, None, task.start, await asker.ask(messages, about))


async def _ask_question(protocol, asker, prompt, record) -> Entry:
    """One question in a fresh conversation, about an instance on the grid or off it."""
    messages = messages_of_question(protocol, prompt, protocol.dataset.describe(record))
    schema = answer_schema(protocol.dataset) if protocol.structured else None
    return await asker.ask(messages, About("question", prompt.name, record, schema=schema))


def sce_record(entry: Entry, dataset: Dataset) -> dict | None:
    """x' as read from a reply, where it is complete, on the grid or off it."""
    if entry.status != "answered":
        return None
    parsed = parsing.parse_sce(entry.response, dataset, entry.finish_reason)
    return parsed.value if parsed.status == "ok" else None


def off_grid_record(entry: Entry, dataset: Dataset) -> dict | None:
    """x' as read from a reply, where it is complete and not on the grid."""
    record = sce_record(entry, dataset)
    return record if record is not None and dataset.locate(record) is None else None


def prediction(entry: Entry, dataset: Dataset) -> str | None:
    """f(x) as read from a reply; None where there is none."""
    if entry.status != "answered":
        return None
    return parsing.parse_answer(entry.response, dataset, entry.finish_reason).value


def _begun(protocol, text):
    """The messages of a fresh conversation."""
    system = [{"role": "system", "content": protocol.system}] if protocol.system else []
    return [*system, {"role": "user", "content": text}]


def _row(asked: Asked) -> dict:
    entry, usage = asked.entry, asked.entry.usage
    return {
        "kind": asked.kind,
        "wording": asked.wording,
        "condition": asked.condition,
        "point_id": asked.point_id,
        "digest": entry.digest,
        "status": entry.status,
        "response": entry.response,
        "reasoning": entry.reasoning,
        "finish_reason": entry.finish_reason,
        "error": entry.error,
        "logprobs": json.dumps(entry.logprobs) if entry.logprobs else None,
        "tokens_in": usage.get("in"),
        "tokens_cached": usage.get("cached"),
        "tokens_written": usage.get("written"),
        "tokens_out": usage.get("out"),
        "tokens_reasoning": usage.get("reasoning"),
        "batch": bool(usage.get("batch")),
        "latency_s": entry.latency_s,
        "attempts": entry.attempts,
    }


def _object(properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _first(group):
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
