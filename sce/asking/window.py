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
FEWEST = 16  # answers of a round, from which something is concluded
FIRST_GUESS_S = 1.0  # that an answer takes, before one has come
CALM = 3  # rounds without a refusal, before more is tried than the provider last took on
SOONEST, LATEST = 2, 16  # rounds between two comparisons with half the size: twice as many each time
MOST_CUT = 0.7  # of the size at the beginning of a round is left by the refusals in it
RAMP_CUT = 0.5  # while it doubles: the size before had been taken on
# Shares of a growth in size that went into waiting: 0 where it gave as many more answers, 1 where none.
ROOM, ENOUGH, TOO_MUCH = 0.35, 0.6, 0.8
TURNED = math.log(1.4)  # latencies that change by more than this at the same size: something else changed
SLOW = 4  # times the usual latency: a fault after so long is the provider's load


class Window:
    """The number of requests that may be under way: ``size``.

    Time is counted in rounds: a round ends when about as many requests that were sent in it have been
    answered as may be under way. Latencies count by the mean of their logarithms, which a slow outlier hardly
    moves. ``start``, ``most``: the size at first and at most.
    """

    def __init__(self, start: int = START, most: int = MOST):
        self._size, self._most = float(min(start, most)), most
        self._round, self._begun_at = 0, self._size
        self._logs: list[float] = []
        self._refused, self._refusals, self._peak = False, 0, 0  # in the last round; in this one
        self._rule = self._ramp
        self._compared: tuple[float, float] | None = None  # a size, and the mean log of latencies there
        self._rounds, self._due = 0, SOONEST  # since the last comparison, and when the next one is due
        self._taken, self._step = math.inf, 1  # the size that was refused last; how far to go beyond it
        self._usual = math.log(FIRST_GUESS_S)

    @property
    def size(self) -> int:
        """Requests that may be under way."""
        return int(self._size)

    @property
    def usual_s(self) -> float:
        """Seconds that an answer takes lately."""
        return math.exp(self._usual)

    def sent(self, in_flight: int) -> int:
        """A request is sent, and so many are under way with it; the number of the round."""
        self._peak = max(self._peak, in_flight)
        return self._round

    def answered(self, sent_in: int, seconds: float) -> None:
        """A request that was sent in a round was answered after so long."""
        if sent_in != self._round:
            return
        self._logs.append(math.log(max(seconds, 1e-6)))
        needed = self._size / 2 if self._rule == self._ramp and self._compared else self._size
        if len(self._logs) >= max(FEWEST, needed):
            self._end_round()

    def refused(self, in_flight: int) -> bool:
        """The provider refused a request for its load, while ``in_flight`` others were under way. Whether the
        size has shrunk."""
        left = (RAMP_CUT if self._rule == self._ramp else MOST_CUT) * self._begun_at
        before, self._size = self._size, min(self._size, max(1.0, left, in_flight))
        shrunk = self._size < before
        self._refusals += 1
        if self._refusals >= self._begun_at:  # there need not be answers as well
            self._end_round()
        return shrunk

    def failed(self, seconds: float, in_flight: int) -> bool:
        """A request failed for another reason; whether the size has shrunk. One that took very long failed by
        the provider's load."""
        return seconds > SLOW * self.usual_s and self.refused(in_flight)

    # --- at the end of a round

    def _end_round(self):
        if self._logs:
            self._usual = sum(self._logs) / len(self._logs)
        if self._refusals:
            if not self._refused:  # of several such rounds in a row, the first one's size is returned to
                self._taken = self._compared[0] if self._rule == self._compare else self._begun_at
            self._step, self._rounds, self._rule = 1, 0, self._return
        elif self._peak > self._size / 2:  # where fewer were wanted, nothing is known of more
            self._rule(self._usual)
        self._refused, self._refusals, self._logs = self._refusals > 0, 0, []
        self._size = min(max(self._size, 1.0), self._most)
        self._begun_at, self._peak = self._size, 0
        self._round += 1

    def _ramp(self, mean):
        """Double, until latencies grow nearly as the size does."""
        before, self._compared = self._compared, (self._size, mean)
        if before and before[0] < self._size and _waiting(before, (self._size, mean)) > ENOUGH:
            self._hold_from(mean, SOONEST)
        elif self._size >= self._most:
            self._hold_from(mean, LATEST)
        else:
            self._size *= 2

    def _hold_from(self, mean, due):
        self._compared, self._rounds, self._due = (self._size, mean), 0, due
        self._rule = self._hold

    def _hold(self, mean):
        """Stay, until a comparison is due or latencies change by themselves."""
        size, usual = self._compared
        self._rounds += 1
        turned = abs(mean - usual) > TURNED
        usual = mean if turned else usual + (mean - usual) / (self._rounds + 1)
        self._compared = (size, usual)
        if turned or self._rounds >= self._due:
            self._rule = self._compare
            self._size = float(max(1, self.size // 2))

    def _compare(self, mean):
        """After a round at half the size: more, if the other half was worth it; less, if it only waited."""
        size, usual = self._compared
        waiting = _waiting((self._size, mean), self._compared)
        half, self._size = self._size, size
        if waiting < ROOM:
            self._rule = self._ramp
            self._size = min(2 * size, self._most)
        else:
            if waiting > TOO_MUCH:
                self._size = half + (size - half) / 4
            self._hold_from(usual, min(LATEST, 2 * self._due))

    def _return(self, mean):
        """After refusals: back to what was refused, by halves of the gap, and beyond it with care."""
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
            self._compared, self._rule = None, self._ramp


def _waiting(few, many):
    """The share of a growth in size that went into waiting: both are a size and a mean log of latencies."""
    return (many[1] - few[1]) / math.log(many[0] / few[0]) if many[0] > few[0] else 0.0


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
        begin, sent_in = loop.time(), window.sent(slots.in_flight)
        fault = None
        try:
            yield
        except Exception as error:
            fault = error
            raise
        finally:
            slots.in_flight -= 1
            seconds = loop.time() - begin
            if fault is None:
                window.answered(sent_in, seconds)
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
