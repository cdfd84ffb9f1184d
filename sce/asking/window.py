"""How many requests may be under way at a provider whose limits nobody knows (``max_in_flight: auto``).

``Window`` decides, from latencies and refusals alone; ``Slots`` keep to it. Answers that take no longer when
more are under way leave room for more, as in TCP Vegas (Brakmo, Peterson 1995): the size doubles until
latencies grow with it, and is then compared with half of it now and then. A refusal (429, overload) cuts the
size to what the provider had taken on at that moment, and it returns to the old size by halves of the gap,
as in CUBIC (Ha, Rhee, Xu 2008).
"""

import asyncio
import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sce.engines import Transient

START, MOST = 16, 512  # requests under way, at first and at most
FEWEST, FEWEST_COMPARED = 16, 48  # requests of a round, and of one whose latencies are compared
ANSWERED = 0.6  # the share of them that has to be answered
FIRST_GUESS_S = 1.0  # that an answer takes, before one has come
CALM = 3  # rounds without a refusal, before more is tried than the provider last took on
SOONEST, LATEST = 2, 64  # rounds between two comparisons with half the size: twice as many each time
MOST_CUT = 0.9  # of the size at the beginning of a round is left by the refusals in it
RAMP_CUT = 0.5  # while it doubles: the size before had been taken on
# Shares of a doubling that went into waiting: 0 where it gave twice the answers, 1 where it gave no more.
# At the one that is aimed at, latencies are 1.5 times those of an idle provider: a reserve for what varies.
ROOM, AIM = 0.2, 0.6
TURNED = math.log(1.25)  # latencies changed by more than this, twice and at the same size: all is new
SLOW = 4  # times the usual latency: a fault after so long is the provider's load


class Window:
    """The number of requests that may be under way: ``size``.

    Time is counted in rounds: the first requests that are sent in a round, about as many as may be under way,
    tell how long answers take at its size, by their median, as soon as most of them are answered. ``rounds``
    have ended. ``start``, ``most``: the size at first and at most.
    """

    def __init__(self, start: int = START, most: int = MOST):
        self._size, self._most = float(min(start, most)), most
        self._rule = self._ramp
        self._usual = math.log(FIRST_GUESS_S)  # the logarithm of the median in the last round
        # A size, and the mean logarithm there: what a round at another size is compared with.
        self._known: tuple[float, float] | None = None
        self._rounds, self._due = 0, SOONEST  # since the rule changed, and when to compare
        self._room = False  # there was some in the last comparison
        self._turned = 0.0  # by how much latencies were not as known, in the last round
        self._taken, self._step = self._size, 1  # the size that was refused, and how far to go beyond it
        self._sent, self._refused = 0, False
        self.rounds = -1
        self._begin_round()

    @property
    def size(self) -> int:
        """Requests that may be under way."""
        return int(self._size)

    @property
    def usual_s(self) -> float:
        """Seconds that an answer takes lately."""
        return math.exp(self._usual)

    def sent(self, in_flight: int) -> int:
        """Note that a request is sent, and that ``in_flight`` are under way with it. Returns its number."""
        self._sent += 1
        self._peak = max(self._peak, in_flight)
        return self._sent

    def answered(self, number: int, seconds: float) -> None:
        """Note that the request with this number was answered after so many seconds."""
        if not self._first <= number < self._first + self._members:
            return
        self._seconds.append(seconds)
        if len(self._seconds) >= ANSWERED * self._counted:
            self._end_round()

    def refused(self, in_flight: int) -> bool:
        """Note that the provider refused a request for its load, while ``in_flight`` others were under way.
        Returns whether the size has shrunk."""
        left = (RAMP_CUT if self._rule == self._ramp else MOST_CUT) * self._begun_at
        before, self._size = self._size, min(self._size, max(1.0, left, in_flight))
        shrunk = self._size < before
        self._refusals += 1
        if self._refusals >= self._begun_at:  # there need not be answers as well
            self._end_round()
        return shrunk

    def failed(self, seconds: float, in_flight: int) -> bool:
        """Note that a request failed for another reason; one that took very long failed by the provider's
        load. Returns whether the size has shrunk."""
        return seconds > SLOW * self.usual_s and self.refused(in_flight)

    # --- rounds

    @property
    def _counted(self):
        """Of the members of a round, those that can have been answered."""
        return max(self._members / 2, self._members - self._refusals)

    def _begin_round(self):
        self.rounds += 1
        self._begun_at, self._first = self._size, self._sent + 1
        if self._rule == self._ramp:
            self._members = max(FEWEST, self.size // 2)
        else:
            self._members = max(FEWEST if self._rule == self._return else FEWEST_COMPARED, self.size)
        self._seconds: list[float] = []
        self._refusals = self._peak = 0

    def _end_round(self):
        if self._seconds:
            sent = min(self._members, self._sent - self._first + 1) - self._refusals
            middle = min(max(0, sent) // 2, len(self._seconds) - 1)
            self._usual = math.log(max(sorted(self._seconds)[middle], 1e-6))
        if self._refusals:
            self._be_refused()
        elif self._peak > self._size / 2:  # where fewer were wanted, nothing is known of more
            self._rule()
        self._size = min(max(self._size, 1.0), self._most)
        self._begin_round()

    # --- what follows from a round

    def _ramp(self):
        """Double, until latencies grow too."""
        before, self._known = self._known, (self._size, self._usual)
        if before is not None and (waiting := _waiting(before, self._known)) >= AIM:
            self._hold(before[0], waiting, SOONEST)
        elif self._size >= self._most:
            self._hold(self._size, AIM, LATEST)
        else:
            self._size *= 2

    def _hold(self, fewer, waiting, due):
        """Stay at about the size where the share that waits is the one aimed at."""
        factor = 2 ** (AIM - waiting)
        self._size = max(fewer, self._known[0] * min(factor, math.sqrt(2)))
        if self._size != self._known[0]:
            self._known = None
        self._rule, self._rounds, self._due, self._turned = self._stay, 0, due, 0.0

    def _stay(self):
        """Look whether latencies stay as they are, until a comparison is due."""
        self._rounds += 1
        usual = self._usual if self._known is None else self._known[1]
        change, before = self._usual - usual, self._turned
        self._turned = change
        turned = change * before > 0 and min(abs(change), abs(before)) > TURNED
        self._known = (self.size, self._usual if turned else usual + change / self._rounds)
        if turned:
            self._due = SOONEST
        if not turned and self._rounds < self._due:
            return
        if self.size > 1:
            self._rule, self._size = self._compare, float((self.size + 1) // 2)
        elif self._most > 1:  # there is no half of it: compared with twice as many
            self._rule, self._size = self._ramp, 2.0

    def _compare(self):
        """After a round at half the size."""
        half, waiting = self._size, _waiting((self._size, self._usual), self._known)
        self._size = self._known[0]
        had_room, self._room = self._room, waiting < ROOM and self._size < self._most
        if had_room and self._room:
            self._rule = self._ramp
            self._size *= 2
        else:
            self._hold(half, waiting, SOONEST if self._room else min(LATEST, 2 * self._due))

    def _be_refused(self):
        if not self._refused:  # of several such rounds in a row, the first one's size is returned to
            self._taken = self._known[0] if self._rule == self._compare else self._begun_at
        self._step, self._rounds, self._rule = 1, 0, self._return
        self._refused = True

    def _return(self):
        """After refusals: back to what was refused, by halves of the gap, and beyond it with care."""
        self._refused = False
        gap = self._taken - self._size
        if gap > 0:
            self._size += min(gap, max(1.0, gap / 2))
            return
        self._rounds += 1
        if self._rounds < CALM:
            return
        self._size += self._step
        self._step *= 2
        if self._size >= 2 * self._taken:
            self._known, self._rule = None, self._ramp


def _waiting(few, many):
    """The share of a growth in size that went into waiting: both are a size and a logarithm of latencies."""
    return (many[1] - few[1]) / math.log(many[0] / few[0])


class Slots:
    """Places for as many questions as the window's size: ``async with slots.place() as place``. In flight is
    what was sent and not answered."""

    def __init__(self, window: Window):
        self.window, self.in_flight = window, 0
        self._taken = 0
        self._returning: deque[asyncio.Future] = deque()  # these come first
        self._new: deque[asyncio.Future] = deque()

    def place(self) -> "Place":
        """A place for one question, to be waited for."""
        return Place(self)

    async def take(self, returning: bool) -> None:
        """Wait for a place."""
        place = asyncio.get_running_loop().create_future()
        (self._returning if returning else self._new).append(place)
        self.fill()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.free()
            raise

    def free(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self.fill()

    def fill(self) -> None:
        """Give the places that there are to those who wait."""
        while self._taken < self.window.size and (queue := self._returning or self._new):
            place = queue.popleft()
            if not place.done():
                place.set_result(None)
                self._taken += 1


class Place:
    """One question's place. It is kept until the question ends, but for the time after a refusal, when the
    question waits to be tried again."""

    def __init__(self, slots: Slots):
        self._slots, self._held, self._left = slots, False, False

    async def __aenter__(self) -> "Place":
        await self.take()
        return self

    async def __aexit__(self, *_) -> None:
        if self._held:
            self._slots.free()

    async def take(self) -> None:
        """Wait for a place, if the question has none; one that had one comes first."""
        if not self._held:
            await self._slots.take(returning=self._left)
            self._held = True

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Around one try: the window learns how it ended."""
        slots, window, loop = self._slots, self._slots.window, asyncio.get_running_loop()
        slots.in_flight += 1
        begin, number = loop.time(), window.sent(slots.in_flight)
        fault = None
        try:
            yield
        except BaseException as error:  # a request that was cancelled was not answered
            fault = error
            raise
        finally:
            slots.in_flight -= 1
            seconds = loop.time() - begin
            if fault is None:
                window.answered(number, seconds)
                slots.fill()
            elif isinstance(fault, Transient):
                self._learn(fault, seconds)

    def _learn(self, fault, seconds):
        slots, window = self._slots, self._slots.window
        if fault.wait is None:
            window.failed(seconds, slots.in_flight)
            return
        shrunk = window.refused(slots.in_flight)
        self._held, self._left = False, True
        if shrunk:
            slots.free()
        else:  # Refusals come at once: without a rest, one question after the other would run into them.
            asyncio.get_running_loop().call_later(window.usual_s, slots.free)
