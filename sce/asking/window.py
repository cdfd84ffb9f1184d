"""How many requests may be under way at a provider whose limits nobody knows (``max_in_flight: auto``).

``Window`` decides, from latencies and refusals alone; ``Slots`` keep to it. After each round of answers the
size is the one that promises the most answers a second, by what rounds of this and other sizes tell
(``sce.asking.slowdown``). A refusal (429, overload) cuts the size to what the provider had taken on at that
moment, and it returns to the old size by halves of the gap, as in CUBIC (Ha, Rhee, Xu 2008).
"""

import asyncio
import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sce.asking.slowdown import BENDS, Rounds, quantiles
from sce.engines import Transient

START, MOST = 4, 512  # requests under way, at first and at most
FEWEST, ENOUGH = 8, 72  # requests of a round at least and at most; more where more may be under way
PART = 0.3  # of all requests since the provider was found changed make a round, within these bounds
RETURNING = 16  # requests of a round after refusals
ANSWERED = 0.35  # the share of a round's requests that has to be answered
FIRST_GUESS_S = 1.0  # that an answer takes, before one has come
CALM = 3  # rounds without a refusal, before more is tried than the provider last took on
MOST_CUT = 0.9  # of the size at the beginning of a round is left by the refusals in it
GROWTH = 2  # of the size from one round to the next, at most
OUTLOOK, FURTHER = 20, 1.3  # every so many rounds, so many times the size is tried: limits may have risen
SLOW = 5  # times the usual latency: a fault after so long is the provider's load


class Window:
    """The number of requests that may be under way: ``size``.

    Time is counted in rounds: the first requests that are sent in a round, about as many as may be under way,
    tell how long answers take at its size as soon as a third of them are answered. ``rounds`` have ended.
    ``start``, ``most``: the size at first and at most. ``now``: seconds of a clock that never goes back.
    """

    def __init__(self, start: int = START, most: int = MOST):
        self._size, self._most = float(min(start, most)), most
        self._known = Rounds()
        self._usual = math.log(FIRST_GUESS_S)  # the logarithm of what an answer took in the last round
        self._taken_on = self._size / 2  # without a refusal, in the round before
        # After refusals: the size that was refused, and how far to go beyond it.
        self._returns, self._taken, self._step, self._calm = False, self._size, 1, 0
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

    def sent(self, in_flight: int, now: float) -> int:
        """Note that a request is sent, and that ``in_flight`` are under way with it. Returns its number."""
        self._sent += 1
        self._peak = max(self._peak, in_flight)
        if len(self._waiting) + len(self._seconds) < self._members:  # the next one for each that was lost
            self._waiting[self._sent] = now
        return self._sent

    def answered(self, number: int, now: float) -> None:
        """Note that the request with this number was answered."""
        begun = self._waiting.pop(number, None)
        if begun is None:
            return
        self._seconds.append(max(now - begun, 1e-6))
        if len(self._seconds) >= ANSWERED * max(self._members / 2, self._members - self._lost):
            self._end_round(now)

    def lost(self, number: int) -> None:
        """Note that the request with this number ended without an answer: it tells nothing of latencies."""
        if self._waiting.pop(number, None) is not None:
            self._lost += 1

    def refused(self, in_flight: int, now: float) -> bool:
        """Note that the provider refused a request for its load, while ``in_flight`` others were under way.
        Returns whether the size has shrunk."""
        left = min(self._taken_on, MOST_CUT * self._begun_at)
        before, self._size = self._size, min(self._size, max(1.0, left, in_flight))
        shrunk = self._size < before
        self._refusals += 1
        if self._refusals >= self._begun_at:  # there need not be answers as well
            self._end_round(now)
        return shrunk

    def failed(self, seconds: float, in_flight: int, now: float) -> bool:
        """Note that a request failed for another reason; one that took very long failed by the provider's
        load. Returns whether the size has shrunk."""
        return seconds > SLOW * self.usual_s and self.refused(in_flight, now)

    # --- rounds

    def _begin_round(self):
        self.rounds += 1
        self._begun_at = self._size
        enough = RETURNING if self._returns else min(ENOUGH, int(PART * self._known.requests))
        self._members = max(FEWEST, enough, self.size)
        self._waiting: dict[int, float] = {}  # when they were sent
        self._seconds: list[float] = []
        self._refusals = self._lost = self._peak = 0

    def _end_round(self, now):
        lower, waited = self._usual, [now - begun for begun in self._waiting.values()]
        if self._seconds:
            lower, self._usual = map(math.log, quantiles(self._seconds, waited))
        if self._refusals:
            self._be_refused()
        elif self._peak > self._size / 2:  # where fewer were wanted, nothing is known of more
            self._taken_on = self._size
            self._return() if self._returns else self._look(lower, len(self._seconds) + len(waited))
        self._size = min(max(self._size, 1.0), self._most)
        self._begin_round()

    def _look(self, lower, requests):
        """After a round without refusals: the size that promises most; half or twice the last one where the
        provider was found changed; more now and then. ``lower``, ``requests``: as in ``Rounds.note``."""
        if change := self._known.note(self.size, requests, lower, self._usual):
            self._size = self.size / 2 if change > 0 else self.size * 2
            return
        largest = min(self._most, GROWTH * self.size)
        sizes = {round(bend) for bend in BENDS if self.size / GROWTH <= bend <= largest}
        self._size = float(self._known.best({self.size, largest, *sizes}))
        if self._known.rounds % OUTLOOK == 0:
            self._size = math.ceil(FURTHER * self._size)

    def _be_refused(self):
        if not self._refused:  # of several such rounds in a row, the first one's size is returned to
            self._taken = self._begun_at
        self._step, self._calm, self._returns = 1, 0, True
        self._refused = True

    def _return(self):
        """After refusals: back to what was refused, by halves of the gap, and beyond it with care."""
        self._refused = False
        gap = self._taken - self._size
        if gap > 0:
            self._size += min(gap, max(1.0, gap / 2))
            return
        self._calm += 1
        if self._calm < CALM:
            return
        self._size += self._step
        self._step *= 2
        if self._size >= 2 * self._taken:
            self._known, self._returns = Rounds(), False


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
    question waits to be tried again, and while it waits for the budget."""

    def __init__(self, slots: Slots):
        self._slots, self._held, self._left = slots, False, False

    async def __aenter__(self) -> "Place":
        await self.take()
        return self

    async def __aexit__(self, *_) -> None:
        self.leave()

    def leave(self) -> None:
        """Give the place back, if the question has one. Who waits for what others have to give may not hold
        the places that these need."""
        if self._held:
            self._held, self._left = False, True
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
        begin = loop.time()
        number, fault = window.sent(slots.in_flight, begin), None
        try:
            yield
        except BaseException as error:  # a request that was cancelled was not answered
            fault = error
            raise
        finally:
            slots.in_flight -= 1
            if fault is None:
                window.answered(number, loop.time())
                slots.fill()
            else:
                window.lost(number)
                if isinstance(fault, Transient):
                    self._learn(fault, loop.time() - begin)

    def _learn(self, fault, seconds):
        slots, loop = self._slots, asyncio.get_running_loop()
        if fault.wait is None:
            slots.window.failed(seconds, slots.in_flight, loop.time())
            return
        shrunk = slots.window.refused(slots.in_flight, loop.time())
        self._held, self._left = False, True
        if shrunk:
            slots.free()
        else:  # Refusals come at once: without a rest, one question after the other would run into them.
            loop.call_later(slots.window.usual_s, slots.free)
