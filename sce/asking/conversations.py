"""The conversations of the study: the question in each wording, each asked afresh at every grid point; then,
in a continuation of the main wording's own raw answer, every condition's follow-up and what kinds of
experiments add. Where there are samples, the main wording is asked several times; the answer that decides
(``sce.reading.samples``) is continued, by each condition as many times. A grid that is asked in part is asked
at its starts; then, with the main wording alone, at the SCEs, and at what the survey wants to know.

Conversations are held in blocks first (``sce.asking.blocks``), where those end whose every answer is in the
ledger or costs nothing to compute. The others are held by as many workers as requests may be in flight; a
worker carries a point through its whole conversation, so no request waits for the slowest of a batch.
"""

import asyncio
import itertools
import json
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pandas as pd

from sce.asking.asker import Asker
from sce.asking.blocks import BLOCK, InBlock, LooksUp, collect, hold, without_gc
from sce.asking.messages import answer_schema, continued, fresh, record_schema
from sce.asking.protocol import Answered, Asked, Explained, Protocol, Step
from sce.engines import About
from sce.files import artifacts
from sce.grids.datasets import Dataset
from sce.ledger.entries import COUNTS, Entry
from sce.reading import parsing
from sce.reading.authors import FORESEEN
from sce.reading.samples import SAMPLE, deciding
from sce.running.jobs import Stopped
from sce.wordings import prompts
from sce.wordings.prompts import Prompt

LINES = 10  # of a log, at every such share of the starts, on how far a search is
LINE_EVERY_S = 30  # and at the latest after so long
_AS_IT_ENDED = (
    "digest", "status", "response", "reasoning", "finish_reason", "error", "latency_s", "attempts",
)  # fmt: skip


class Interview:
    """One model being asked about one dataset: what conversations need."""

    def __init__(self, protocol: Protocol, asker: Asker | InBlock):
        self.protocol, self.asker, self.dataset = protocol, asker, protocol.dataset
        self._follow_ups: dict[tuple[str, str], str] = {}
        self._questions: dict[str, Callable[[str], str]] = {}
        # A method that is not overridden asks nothing; to run its generator at every point would take time.
        steps = protocol.steps
        self.after_answers = [step for step in steps if type(step).after_answer is not Step.after_answer]
        self.after_sces = [step for step in steps if type(step).after_sce is not Step.after_sce]

    @property
    def main(self) -> Prompt:
        return self.protocol.questions[0]

    def ask(self, messages: list[dict], about: About) -> Coroutine[Any, Any, Entry]:
        return self.asker.ask(messages, about)

    def ask_question(self, prompt: Prompt, record: dict) -> Coroutine[Any, Any, Entry]:
        """One question in a fresh conversation, about an instance on the grid or off it."""
        return self.ask_in(self.messages_of_question(prompt, record), prompt, record)

    def ask_in(
        self, messages: list[dict], prompt: Prompt, record: dict, again: int = 1
    ) -> Coroutine[Any, Any, Entry]:
        """One question in the conversation that begins with ``messages``, those of the question."""
        about = About("question", prompt.name, record, schema=self.schema(answer_schema), again=again)
        return self.ask(messages, about)

    def messages_of_question(self, prompt: Prompt, record: dict) -> list[dict]:
        return self.messages_of(prompt, self.dataset.describe(record))

    def messages_of(self, prompt: Prompt, description: str) -> list[dict]:
        """The messages of a question about the instance with this description."""
        if prompt.name not in self._questions:
            self._questions[prompt.name] = prompts.asking(prompt, self.dataset)
        return self.fresh(self._questions[prompt.name](description))

    def follow_up(self, prompt: Prompt, answer: str) -> str:
        """The text of a condition, which is the same wherever the answer is."""
        key = prompt.name, answer
        if key not in self._follow_ups:
            self._follow_ups[key] = prompts.follow_up(prompt, self.dataset, answer)
        return self._follow_ups[key]

    def fresh(self, text: str) -> list[dict]:
        """The messages of a conversation that begins with ``text``."""
        return fresh(text, self.protocol.system)

    def schema(self, made: Callable[..., dict], *options) -> dict | None:
        """The schema of a reply, where the model's replies are structured."""
        return made(self.dataset, *options) if self.protocol.structured else None

    async def together(self, coroutines: list[Coroutine]) -> list:
        """Their results in order, side by side where several may be under way: tasks cost time."""
        if self.asker.max_in_flight > 1 and len(coroutines) > 1:
            return await asyncio.gather(*coroutines)
        try:
            return [await coroutine for coroutine in coroutines]
        finally:
            for coroutine in coroutines:
                coroutine.close()


def elicit(
    protocol: Protocol,
    asker: LooksUp,
    progress: Callable[[str], None],
    note: Callable[[str], None] = logging.debug,
) -> pd.DataFrame:
    """Ask everything; the ``responses`` artifact (``responses_of``). See ``walk``."""
    return responses_of(protocol, walk(protocol, asker, progress, note))


def walk(
    protocol: Protocol,
    asker: LooksUp,
    progress: Callable[[str], None] = lambda status: None,
    note: Callable[[str], None] = logging.debug,
) -> list[Asked]:
    """Ask everything.

    ``progress`` is called with the status of each question as it ends, ``note`` now and then with how far the
    search is, where a grid is asked in part. Raises Fatal when no question can be answered; everything
    answered until then is in the ledger.
    """
    return asyncio.run(_walk(Interview(protocol, asker), progress, note))


def responses_of(protocol: Protocol, rows: list[Asked]) -> pd.DataFrame:
    """The ``responses`` artifact, sorted by wording or condition (in the order of the protocol), point and
    sample."""
    artifact, keys = "responses", ["_order", "point_id"]
    if protocol.samples > 1:
        artifact, keys = "responses_sampled", [*keys, SAMPLE]
    elif any(asked.foreseen is not None for asked in rows):
        artifact = "responses_foreseen"
    table = pd.DataFrame(_columns(rows))[list(artifacts.columns(artifact))]
    order = {name: place for place, name in enumerate(protocol.order)}
    table = table.assign(_order=table["condition"].fillna(table["wording"]).map(order))
    return table.sort_values(keys).drop(columns="_order").reset_index(drop=True)


def open_questions(responses: pd.DataFrame, retry: list[str]) -> int:
    """How many questions a later run asks again: those with a status in ``retry`` that were not rejected."""
    again = responses["status"].isin(retry) & (responses["finish_reason"] != "rejected")
    return int(again.sum())


async def _walk(interview, progress, note):
    protocol, in_block = interview.protocol, Interview(interview.protocol, InBlock())
    points = ((_converse(in_block, point), _converse(interview, point)) for point in protocol.points)
    others = [
        both
        for step in protocol.steps
        for both in zip(step.conversations(in_block), step.conversations(interview), strict=True)
    ]
    others = protocol.shard.part(others) if protocol.shard else others
    rows: list[Asked] = []
    # A cluster that ends a job sends SIGTERM first: stop as with Ctrl-C, and keep what is being answered. A
    # second one should not cut that short.
    task = asyncio.current_task()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: task.cancelling() or task.cancel())
    try:
        await _work(interview.asker, itertools.chain(points, others), rows, progress)
        if protocol.survey is not None:
            said = await _ask_at_sces(interview, rows, progress)
            if protocol.shard is None:
                await _ask_survey(interview, said, rows, progress, note)
    except BaseExceptionGroup as group:
        raise _first(group) from None  # one cause is what the user needs; the other workers were cancelled
    except asyncio.CancelledError:
        raise Stopped from None
    finally:
        await interview.asker.close()
    return rows


async def _work(asker, conversations, rows, progress):
    """Hold conversations; their rows are added to ``rows``. ``conversations``: each as it is held in a block
    and, for those that this does not answer, as a worker holds it."""

    def add(asked):
        rows.append(asked)
        progress(asked.entry.status)

    async def work():
        for conversation in rest:
            async for asked in conversation:
                add(asked)

    left = []
    with without_gc():
        while block := list(itertools.islice(conversations, BLOCK)):
            held = await hold([first for first, _ in block], asker)
            for found, (_, again) in zip(held, block, strict=True):
                if found is None:
                    left.append(again)
                for asked in found or []:
                    add(asked)
    rest = iter(left)
    async with asyncio.TaskGroup() as workers:
        for _ in range(min(asker.max_in_flight, len(left)) if left else 0):
            workers.create_task(work())


async def _ask_at_sces(interview, rows, progress) -> dict[int, int]:
    """Whether the SCEs of the starts are valid: the answers there and at the starts, as of ``_ask_at``."""
    main, dataset, starts = interview.main.name, interview.dataset, interview.protocol.survey.starts
    said = {a.point_id: _option(a.entry, dataset) for a in rows if (a.kind, a.wording) == ("question", main)}
    revised = (sce_record(asked.entry, dataset) for asked in rows if asked.kind == "condition")
    sces = {dataset.locate(record) for record in revised if record is not None} - {None, *starts}
    return said | await _ask_at(interview, sorted(sces), rows, progress)


async def _ask_survey(interview, said, rows, progress, note):
    """What a survey asks after the starts and their SCEs, where ``said`` was answered: round after round."""
    survey = interview.protocol.survey
    asking = survey.questions(said)
    points, told, when = next(asking, None), 0, time.monotonic()
    while points is not None:
        answers = await _ask_at(interview, points, rows, progress)
        try:
            points = asking.send(answers)
        except StopIteration:
            points = None
        # The number begins anew with each metric.
        several = abs(survey.closed - told) >= max(1, len(survey.starts) // LINES)
        if several or points is None or time.monotonic() - when > LINE_EVERY_S:
            told, when = survey.closed, time.monotonic()
            note(survey.standing())


async def _ask_at(interview, points, rows, progress) -> dict[int, int]:
    """The main question at each of the points: point -> which option, -1 where none is read."""
    found: list[Asked] = []
    in_block = Interview(interview.protocol, InBlock())
    conversations = ((_ask_once(in_block, point), _ask_once(interview, point)) for point in points)
    await _work(interview.asker, conversations, found, progress)
    rows += found
    return {asked.point_id: _option(asked.entry, interview.dataset) for asked in found}


async def _ask_once(interview, point_id) -> AsyncIterator[Asked]:
    entry = await interview.ask_question(interview.main, interview.dataset.record(point_id))
    yield Asked("survey", interview.main.name, None, point_id, entry)


def _option(entry, dataset) -> int:
    answer = prediction(entry, dataset)
    return -1 if answer is None else dataset.options.index(answer)


async def _converse(interview, point_id) -> AsyncIterator[Asked]:
    protocol, record = interview.protocol, interview.dataset.record(point_id)
    description = interview.dataset.describe(record)
    main, samples = interview.messages_of(interview.main, description), range(1, protocol.samples + 1)
    asked = [(interview.main, main, sample) for sample in samples]
    asked += [(prompt, interview.messages_of(prompt, description), 1) for prompt in protocol.questions[1:]]
    questions = [interview.ask_in(messages, prompt, record, again) for prompt, messages, again in asked]
    entries = await interview.together(questions)
    for (prompt, _, sample), entry in zip(asked, entries, strict=True):
        yield Asked("question", prompt.name, None, point_id, entry, sample)
    answered = _answered(interview, point_id, record, main, entries[: protocol.samples])
    if answered is None:
        return
    # Independent of each other, so all at once: a batch then needs one round for all of them.
    follow_ups = [_explain(interview, answered, prompt, n) for prompt in protocol.conditions for n in samples]
    follow_ups += [collect(step.after_answer(interview, answered)) for step in interview.after_answers]
    for rows in await interview.together(follow_ups):
        for asked in rows:
            yield asked


def _answered(interview, point_id, record, messages, entries) -> Answered | None:
    """The conversation that goes on: the one whose answer decides, if any has a prediction. What a plan finds
    unasked may still decide."""
    if any(entry.status == "unasked" for entry in entries):
        return None
    answers = [prediction(entry, interview.dataset) for entry in entries]
    place = deciding(answers)
    return None if place is None else Answered(point_id, record, answers[place], messages, entries[place])


async def _explain(interview, answered, prompt, sample) -> list[Asked]:
    """The SCE of one condition, and what is asked about the first sample of it."""
    protocol, dataset = interview.protocol, interview.dataset
    schema = interview.schema(record_schema)
    messages = continued(answered.messages, answered.entry, interview.follow_up(prompt, answered.answer))
    about = About("condition", prompt.name, answered.record, answered.answer, schema, again=sample)
    entry = await interview.ask(messages, about)
    place = interview.main.name, prompt.name, answered.point_id
    rows = [Asked("condition", *place, entry, sample)]
    if sample > 1:
        return rows
    if protocol.verify_off_grid:
        off_grid = _off_grid_record(entry, dataset)
        if off_grid is not None:
            rows.append(Asked("verification", *place, await interview.ask_question(interview.main, off_grid)))
    explained = Explained(answered, prompt.name, messages, entry, schema)
    for step in interview.after_sces:
        rows += await collect(step.after_sce(interview, explained))
    return rows


def sce_record(entry: Entry, dataset: Dataset) -> dict | None:
    """x' as read from a reply, where it is complete, on the grid or off it."""
    if entry.status != "answered":
        return None
    parsed = parsing.parse_sce(entry.response, dataset, entry.finish_reason)
    return parsed.value if parsed.status == "ok" else None


def _off_grid_record(entry, dataset):
    """x' as read from a reply, where it is complete and not on the grid."""
    record = sce_record(entry, dataset)
    return record if record is not None and dataset.locate(record) is None else None


def prediction(entry: Entry, dataset: Dataset) -> str | None:
    """f(x) as read from a reply; None where there is none."""
    if entry.status != "answered":
        return None
    return parsing.parse_answer(entry.response, dataset, entry.finish_reason).value


def _columns(rows: list[Asked]) -> dict[str, list]:
    """The columns of ``responses``, and those of its variants."""
    entries = [asked.entry for asked in rows]
    usages = [entry.usage for entry in entries]
    tokens = {name: [usage.get(name) for usage in usages] for name in COUNTS}
    return {
        **{name: [getattr(asked, name) for asked in rows] for name in ("kind", "wording", "condition")},
        "point_id": [asked.point_id for asked in rows],
        **{name: [getattr(entry, name) for entry in entries] for name in _AS_IT_ENDED},
        "logprobs": [json.dumps(entry.logprobs) if entry.logprobs else None for entry in entries],
        "tokens_in": tokens["in"],
        "tokens_cached": tokens["cached"],
        "tokens_written": tokens["written"],
        "tokens_out": tokens["out"],
        "tokens_reasoning": tokens["reasoning"],
        "batch": list(map(bool, tokens["batch"])),
        SAMPLE: [asked.sample for asked in rows],
        FORESEEN: [asked.foreseen for asked in rows],
    }


def _first(group):
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
