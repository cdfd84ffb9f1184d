"""Many starts at once: which are searched now, what goes into the next round of questions, what it may cost.

What a round asks depends on the answers alone, not on their pace, so a run that was broken off asks the same
again (and finds it answered), and one with a larger budget begins with the same questions.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from sce.searching.directions import Learner
from sce.searching.search import Asking, Bounds, Search, Shared

WIDTH = 8  # questions of one start in a round, while many starts are open
TRUSTED = 0.005  # share of answers that contradict the assumption, up to which it is made for further starts


@dataclass(frozen=True)
class Limits:
    """``per_start`` and ``in_all``: questions, None being no limit. ``at_once``: questions of a round.
    ``monotone``: learn a direction of every feature and take it for true. ``probes``: points of every closed
    start at which this is tested."""

    per_start: int | None = None
    in_all: int | None = None
    at_once: int = 64
    monotone: bool = False
    probes: int = 1
    seed: int = 42


class Rounds:
    """The searches around ``starts`` (point ids, each once), whose own answers must be in ``shared``.

    After ``questions`` has ended, ``bounds`` holds those of every start with a prediction, ``directions``
    what was learned, and ``broken`` the points whose answers contradict it.
    """

    def __init__(self, shared: Shared, starts: Sequence[int], limits: Limits):
        self.shared, self.limits = shared, limits
        self.bounds: dict[int, Bounds] = {}
        self.directions: dict[int, int] = {}
        self.votes: dict[tuple[int, int], int] = {}
        self.spent = self.probes = self.violations = 0
        self.broken: set[int] = set()
        self._settled = 0  # questions of searches that have ended
        self._waiting = [start for start in reversed(starts) if shared.answers.get(start) in (0, 1)]

    def questions(self) -> Generator[list[int], None, None]:
        """Rounds: lists of points, each list to be answered into ``shared.answers`` before the next."""
        if self.limits.monotone:
            yield from self._learn()
        running: list[tuple[Search, Asking]] = []
        while True:
            running, points = self._next_round(running)
            if not running:
                break
            self.spent += len(points)
            yield points
        self._look_again()

    def _learn(self):
        learner = Learner(self.shared)
        for points in learner.questions(self._waiting[::-1]):
            if self.limits.in_all is not None and self.spent + len(points) > self.limits.in_all:
                break
            self.spent += len(points)
            yield points
        self._settled = self.spent
        self.directions, self.votes = learner.found, dict(learner.votes)

    def _next_round(self, running):
        """The searches that go on, and what they ask now; those that have ended leave their bounds, and make
        room for the next starts."""
        going, points = [], {}
        width = max(1, self.limits.at_once // max(1, len(running)))
        while running or (self._waiting and len(going) * WIDTH < self.limits.at_once):
            search, asking = running.pop(0) if running else self._opened(going)
            search.width = width
            batch = next(asking, None)
            if batch is None:
                self._finish(search)
            else:
                going.append((search, asking))
                points |= dict.fromkeys(batch)
        return going, list(points)

    def _opened(self, going):
        """The search around the next start. What is left of all questions is shared out among the starts to
        come, so that what an easy one leaves over goes to those after it."""
        allowed = self.limits.per_start
        if self.limits.in_all is not None:
            promised = sum(search.budget for search, _ in going)
            share = (self.limits.in_all - self._settled - promised) // len(self._waiting)
            allowed = share if allowed is None else min(allowed, share)
        start = self._waiting.pop()
        directions = self.trusted_directions
        search = Search(
            self.shared,
            start,
            directions,
            allowed,
            self.limits.probes,
            self.limits.seed,
        )
        return search, search.questions()

    @property
    def trusted_directions(self) -> dict[int, int]:
        """The directions, unless too many answers contradict them."""
        trusted = len(self.broken) <= max(2, TRUSTED * len(self.shared.answers))
        return self.directions if trusted else {}

    def _finish(self, search):
        self.bounds[search.start] = found = search.bounds()
        if found.contradicted:
            self.broken.add(search.broken_by)
        self._settled += search.spent
        self.probes += search.probes
        self.violations += search.violations

    def _look_again(self):
        """Let every start take in a nearer target that was met for others after it had ended."""
        for start, found in self.bounds.items():
            assumed = found.status.endswith("if_monotone")
            search = Search(self.shared, start, self.directions if assumed else {})
            if found.status != "exact" and search.nearest_target() != found.high:
                told = {"questions": found.questions, "probes": found.probes, "violations": found.violations}
                again = search.bounds()
                if again.contradicted:
                    self.broken.add(search.broken_by)
                contradicted = found.contradicted or again.contradicted
                self.bounds[start] = replace(again, **told, contradicted=contradicted)
