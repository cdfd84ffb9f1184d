"""The beginning of a conversation, kept by a llama.cpp server so that a reply depends on its request alone.

What a server computes of a prompt differs in its last bits with the parts in which the prompt is read, and by
itself it keeps whatever an earlier request shares with the next. Here every prompt is read in the same parts,
kept or not: a conversation up to the first reply in it, from there to the second reply, and so on. Replies
are read as text, as part of what follows them. A part that was read for an earlier request is the same to
the last bit, so it need not be read again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

from sce.engines import Fatal, Rejected

SLOTS = 2  # of the server: one for new conversations, which may come between those of the other
NO_REPLY = {"max_tokens": 0, "temperature": 0}


@dataclass
class Read:
    """A prompt that a slot holds: its messages, and how many of its first tokens are still as they were
    read."""

    messages: list[dict]
    tokens: int


class PrefixCache:
    """Asks one server with ``SLOTS`` slots, one request at a time. ``send``: a chat request -> its result;
    raises Rejected, Fatal or Transient."""

    def __init__(self, send: Callable[[dict], dict]):
        self._new, self._continued = (_Slot(send, number) for number in range(SLOTS))
        self._can_keep = True

    def ask(self, request: dict) -> dict:
        """The result of a request. Raises as ``send``."""
        beginnings = _beginnings(request["messages"]) if self._can_keep else []
        if not beginnings:
            return self._new.read_whole(request)
        if len(self._new.known(beginnings)) > len(self._continued.known(beginnings)):
            self._new, self._continued = self._continued, self._new  # it goes on where it began
        slot = self._continued
        kept = slot.known(beginnings)
        result = slot.read_in_parts(request, beginnings, kept) if kept else None
        if result is None:  # nothing of it is held any more
            result = slot.read_in_parts(request, beginnings, [])
        if result is None:  # it cannot be read in parts
            return slot.read_whole(request)
        # Nothing is kept of a recurrent model: its memory cannot be cut, so parts would be read twice.
        self._can_keep = _used(result) > 0
        return result


class _Slot:
    """One memory of the server. ``held``: the prompts in it, each of which continues the one before it."""

    def __init__(self, send, number):
        self._server, self._number = send, number
        self.held: list[Read] = []

    def known(self, beginnings):
        """What is held of a conversation that has gone through these prompts."""
        pairs = zip(self.held, beginnings, strict=False)
        return [read for read, _ in takewhile(lambda pair: pair[0].messages == pair[1], pairs)]

    def read_whole(self, request):
        """The result of a request."""
        self.held, held = [], []  # after a failure nobody knows what the server holds
        result = self._read(request, held)
        self.held = held
        return result

    def read_in_parts(self, request, beginnings, held):
        """The result of a continuation, of which ``held`` is read; None where its template or the server does
        not let it be read in parts, or what was held is lost."""
        self.held = []
        for messages in beginnings[len(held) :]:
            try:
                part = self._read(NO_REPLY | {"messages": messages}, held)
            except (Rejected, Fatal):  # the whole request says what is wrong
                return None
            if part is None:
                return None
        result = self._read(request, held)
        if result is not None:
            self.held = held
        return result

    def _read(self, request, held):
        """The result of a request that continues the last prompt of ``held``, which it joins; None where more
        of the memory was used than that prompt as it was read."""
        if held and not self._cut(held[-1], request["messages"]):
            return None
        result = self._send(request | {"cache_prompt": bool(held)})
        if held:
            if _used(result) > held[-1].tokens:
                return None
            held[-1].tokens = _used(result)
        held.append(Read(request["messages"], result["usage"]["prompt_tokens"]))
        return result

    def _cut(self, last, messages):
        """Take from the memory what follows the last prompt: by another reply to it, which differs from the
        one in ``messages`` at its first letter. Returns whether the template allows it."""
        said = messages[len(last.messages)].get("content") or ""
        other = {"role": "assistant", "content": "1" if said.startswith("0") else "0"}
        request = NO_REPLY | {"messages": [*last.messages, other], "add_generation_prompt": False}
        try:
            result = self._send(request | {"cache_prompt": True})
        except (Rejected, Fatal):
            return False
        last.tokens = min(last.tokens, _used(result))
        return True

    def _send(self, request):
        return self._server(request | {"id_slot": self._number})


def _beginnings(messages):
    """The prompts that a conversation has gone through: the messages before each reply in it."""
    return [messages[:n] for n, message in enumerate(messages) if message["role"] == "assistant"]


def _used(result) -> int:
    """Tokens of a prompt that were in the server's memory, and not read again."""
    return result["usage"]["prompt_tokens_details"]["cached_tokens"]
