"""What one model is asked about one dataset (docs/protocol.md, Protocol), and the place where kinds of
experiments add to it."""

from collections import Counter
from collections.abc import AsyncIterator, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple
from typing import Protocol as Shape

from sce.grids.datasets import Dataset
from sce.ledger.entries import Entry
from sce.models.shards import Shard
from sce.wordings.prompts import Prompt

if TYPE_CHECKING:
    from sce.asking.conversations import Interview


class Asked(NamedTuple):
    """One question and how it ended: a row of ``responses``. ``sample``: the number of the asking;
    ``foreseen``: the point whose answer is to be foreseen, where that is another than ``point_id``."""

    kind: str
    wording: str
    condition: str | None
    point_id: int
    entry: Entry
    sample: int = 1
    foreseen: int | None = None


@dataclass(frozen=True)
class Answered:
    """A conversation in which the model has answered the main question: ``entry`` is the reply to
    ``messages``, ``answer`` the option read from it."""

    point_id: int
    record: dict
    answer: str
    messages: list[dict]
    entry: Entry


@dataclass(frozen=True)
class Explained:
    """An SCE in its conversation, which goes on from ``answered``: ``entry`` is the reply to ``messages``,
    held to ``schema`` where the model's replies are structured."""

    answered: Answered
    condition: str
    messages: list[dict]
    entry: Entry
    schema: dict | None


class Step:
    """What a kind of experiment asks besides questions and conditions. Each method may yield rows; those that
    are not overridden ask nothing."""

    wordings: Sequence[str]  # whose rows follow those of the conditions, in this order
    tokens_out: ClassVar[dict[str, int]] = {}  # kind of request -> what a reply takes, for the plan

    def conversations(self, interview: "Interview") -> list[AsyncIterator[Asked]]:
        """Conversations of their own."""
        return []

    async def after_answer(self, interview: "Interview", answered: Answered) -> AsyncIterator[Asked]:
        """Continuations of the main question's answer."""
        return
        yield

    async def after_sce(self, interview: "Interview", explained: Explained) -> AsyncIterator[Asked]:
        """Continuations of one condition's SCE."""
        return
        yield

    def follow_an_answer(self) -> Counter[str]:
        """The most questions in ``after_answer``, by kind of request."""
        return Counter()

    def follow_an_sce(self, condition: str) -> Counter[str]:
        """The most questions in ``after_sce`` of a condition, by kind of request."""
        return Counter()

    def of_their_own(self) -> Counter[str]:
        """The number of questions in ``conversations``, by kind of request."""
        return Counter()

    def sample(self, interview: "Interview") -> dict[str, list[int]]:
        """Characters of some texts of ``conversations``, by kind of request: the plan's estimate of them."""
        return {}


def typical_points(dataset: Dataset) -> range:
    """Some 20 points here and there, whose texts stand for those of all where a plan estimates."""
    return range(0, dataset.size, max(1, dataset.size // 20))


class Survey(Shape):
    """Asking a grid in part: around ``starts`` (point ids), and no more than ``at_most`` questions (None: no
    limit) beyond these and their SCEs. ``closed``: starts that need no more. ``standing``: how far it is, in
    words."""

    starts: Sequence[int]
    at_most: int | None

    @property
    def closed(self) -> int: ...

    def standing(self) -> str: ...

    def questions(self, known: dict[int, int]) -> Generator[list[int], dict[int, int], None]:
        """Lists of points to ask the main question about, each answered by ``send``. ``known``, and what is
        sent: point -> which option, -1 where no prediction came."""


@dataclass(frozen=True)
class Protocol:
    """What one model is asked about one dataset. The first question wording is the main one, which the
    conditions continue. ``samples``: how often the main question is asked at a point, and every condition;
    all else is asked once. ``steps``: what kinds of experiments add. ``survey``: how the grid is asked in
    part; without one it is asked in full. Without questions only the conversations of the steps are held.
    ``shard``: hold only its part of the conversations, and do not search from the starts, as the next
    question there depends on all answers."""

    dataset: Dataset
    questions: list[Prompt]
    conditions: list[Prompt]
    system: str | None = None
    structured: bool = False
    verify_off_grid: bool = False
    steps: tuple[Step, ...] = ()
    survey: Survey | None = None
    samples: int = 1
    shard: Shard | None = None

    @property
    def points(self) -> Sequence[int]:
        """The points at which conversations begin."""
        if not self.questions:
            return ()
        points = range(self.dataset.size) if self.survey is None else self.survey.starts
        return self.shard.part(points) if self.shard else points

    @property
    def at_most(self) -> int:
        """The number of questions if every prediction can be read, and every SCE is off the grid where those
        are verified: N x (wordings + conditions), the conditions twice then, with further samples of the main
        wording and of the conditions; and what the steps add (all of it, in a shard too, in conversations of
        their own)."""
        per_condition = 2 if self.verify_off_grid else self.samples
        further = self.follow_an_answer().total()
        further += sum(self.follow_an_sce(prompt.name).total() for prompt in self.conditions)
        per_point = self.per_start + per_condition * len(self.conditions) + further
        searched = len(self.conditions) * len(self.points) if self.survey else 0
        searched += self.survey.at_most or 0 if self.survey and not self.shard else 0
        return len(self.points) * per_point + self.of_their_own().total() + searched

    @property
    def per_start(self) -> int:
        """The number of questions that begin a conversation at a point."""
        return len(self.questions) + self.samples - 1

    def follow_an_answer(self) -> Counter[str]:
        """The most questions that the steps add to an answer, by kind of request."""
        return sum((step.follow_an_answer() for step in self.steps), Counter())

    def follow_an_sce(self, condition: str) -> Counter[str]:
        """The most questions that the steps add to an SCE of a condition, by kind of request."""
        return sum((step.follow_an_sce(condition) for step in self.steps), Counter())

    def of_their_own(self) -> Counter[str]:
        """Questions in conversations of the steps' own, by kind of request."""
        return sum((step.of_their_own() for step in self.steps), Counter())

    @property
    def order(self) -> list[str]:
        """The names by which the rows of ``responses`` are sorted."""
        names = [prompt.name for prompt in (*self.questions, *self.conditions)]
        return [*names, *(name for step in self.steps for name in step.wordings)]
