"""No reply depends on what was asked before, on a server whose replies show how their prompts were read."""

import random
import zlib

import pytest

from sce.engines import Fatal, Rejected, Transient
from sce.engines.prefix_cache import PrefixCache


def plain(messages, generation=True):
    text = "".join(f"<{m['role']}>{m['content']}." for m in messages)
    return text + ("<assistant>" if generation else "")


def thinking(messages, generation=True):
    """A prompt ends in what no conversation has after it."""
    return plain(messages, generation) + ("(think)" if generation else "")


def commented(messages, generation=True):
    """Earlier replies come with a text that is not in their prompt."""
    before = {"assistant": "(none)"}
    return plain([m | {"content": before.get(m["role"], "") + m["content"]} for m in messages], generation)


def both(messages, generation=True):
    return commented(messages, generation) + ("(think)" if generation else "")


def row(*computed_with):
    return zlib.crc32(repr(computed_with).encode())


class Server:
    """Two slots, each with the text in it and a row for every letter: the hash of all that it was computed
    with, which are the rows before it and the part of the prompt that was read with it. ``sent``: of every
    request the letters read, and kept."""

    def __init__(self, template=plain, cuts=True):
        self.template, self.cuts = template, cuts
        self.slots, self.sent, self.fails = {0: ("", []), 1: ("", [])}, [], None

    def __call__(self, request):
        text = self.template(request["messages"], request.get("add_generation_prompt", True))
        before, rows = self.slots[request["id_slot"]]
        if self.fails is not None and self.fails(text):
            self.slots[request["id_slot"]] = text, [None] * len(text)
            raise Transient("it broke")
        if len(text) > 200:
            raise Rejected("too long")
        kept = min(_common(before, text), len(text) - 1) if request["cache_prompt"] else 0
        if kept < len(rows) and not self.cuts:
            kept = 0
        read = text[kept:]
        self.sent.append((len(read), kept))
        rows = rows[:kept] + [row(rows[:kept][-1:], read, n) for n in range(len(read))]
        said = f"{rows[-1] % 4}{rows[-1] % 9973}"
        usage = {"prompt_tokens": len(text), "prompt_tokens_details": {"cached_tokens": kept}}
        for letter in "" if request.get("max_tokens") == 0 else said[:-1]:
            rows.append(row(rows[-1:], letter))
            text += letter
        self.slots[request["id_slot"]] = text, rows
        return {"said": said, "usage": usage}


def _common(a, b):
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def said(role, content):
    return {"role": role, "content": content}


def requests():
    """Two conversations that branch: a question, two continuations of its reply, one of a continuation."""
    for topic in ("rain", "sun"):
        for answer in ("0yes", "1no", "2so"):
            asked = [said("system", "Be brief"), said("user", topic)]
            more = [*asked, said("assistant", answer), said("user", "now change it")]
            yield from (asked, more, [*more[:3], said("user", "now change it less")])
            yield [*more, said("assistant", "changed"), said("user", "again")]
    yield [said("user", "x" * 300)]
    yield [said("user", "sun"), said("assistant", "y" * 300), said("user", "so")]


def asked(cache, messages):
    try:
        return cache.ask({"messages": messages})["said"]
    except (Rejected, Transient) as error:
        return str(error)


@pytest.mark.parametrize("template", [plain, thinking, commented, both])
@pytest.mark.parametrize("cuts", [True, False])
def test_a_reply_depends_on_its_own_request_alone(template, cuts):
    every = list(requests())
    alone = [asked(PrefixCache(Server(template, cuts)), messages) for messages in every]
    assert "too long" in alone
    draw = random.Random(5)
    for _ in range(20):
        server = Server(template, cuts)
        cache = PrefixCache(server)
        for n in draw.choices(range(len(every)), k=40):
            if draw.random() < 0.2:
                server.fails = lambda text: draw.random() < 0.5
                asked(cache, draw.choice(every))
                server.fails = None
            assert asked(cache, every[n]) == alone[n]


def test_of_a_continuation_what_follows_its_question_is_read():
    question, more, less, again = list(requests())[:4]
    server = Server()
    cache = PrefixCache(server)
    prompt = len(plain(question))
    cache.ask({"messages": question})
    assert server.sent == [(prompt, 0)]
    for messages in (more, less):
        server.sent = []
        cache.ask({"messages": messages})
        (cut, _), rest = server.sent
        assert cut <= len("0.")
        assert rest == (len(plain(messages)) - prompt, prompt)
    server.sent = []
    cache.ask({"messages": again})  # its beginning, the first continuation, is gone
    rest = [(read, kept) for read, kept in server.sent if read > len("0.")]
    assert rest == [
        (len(plain(more)) - prompt, prompt),
        (len(plain(again)) - len(plain(more)), len(plain(more))),
    ]


def test_a_question_between_leaves_the_conversation_before_it():
    question, more, _, again = list(requests())[:4]
    server = Server()
    cache = PrefixCache(server)
    for messages in (question, more, [said("user", "snow")], [said("user", "fog")], again):
        server.sent = []
        cache.ask({"messages": messages})
    assert server.sent[-1] == (len(plain(again)) - len(plain(more)), len(plain(more)))
    assert len(server.sent) == 2


def test_where_nothing_can_be_kept_every_prompt_is_read_once():
    server = Server(cuts=False)
    cache = PrefixCache(server)
    for messages in list(requests())[:4]:
        cache.ask({"messages": messages})
    server.sent = []
    for messages in list(requests())[:4]:
        cache.ask({"messages": messages})
    assert server.sent == [(len(plain(messages)), 0) for messages in list(requests())[:4]]


def test_a_template_that_refuses_a_reply_at_the_end_is_read_as_a_whole():
    def strict(messages, generation=True):
        if messages[-1]["role"] == "assistant":
            raise Fatal("after the assistant comes the user")
        return plain(messages)

    server = Server(strict)
    more = list(requests())[1]
    PrefixCache(server).ask({"messages": more})
    assert server.sent[-1] == (len(plain(more)), 0)
