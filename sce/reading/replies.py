"""A model's reply -> the objects and "key: value" pairs it holds, however carelessly they are written.

Values come out whole, as text: what a value means is decided in ``sce.reading.values``, which must see
everything the model wrote. A general mender of JSON is not used for that reason: it shortens unquoted values
silently ("30 -> 45" becomes 30, "4 5" 4, ">=45" 45, and a minus sign in Unicode is lost). One pass over the
text; lookaheads are bounded, so the time is linear in its length.
"""

import html
import json
import re
from typing import NamedTuple

MAX_DEPTH = 20
STRICT_DEPTH = 3  # proper JSON is looked for down to here; every failed look costs time
LEAD = 160  # characters before an object that may say what it is ("Original:")

_STRICT = json.JSONDecoder()
_DOUBLE = '"“”„«»'
_SINGLE = "'‘’`´"


class Cut(str):
    """Text that the reply broke off in: its end is not known."""


class FoundObject(NamedTuple):
    """An object in a reply, with the prose since the object before it."""

    node: dict
    lead: str


# --- What is not the answer: reasoning, markers of a chat format, imagined further turns


_TAG = "think|thinking|thought|thoughts|reasoning|reflection|analysis|scratchpad|seed:think"
_OPENING = re.compile(rf"<(?:{_TAG})>|\[THINK\]|◁think▷|<\|begin_of_thought\|>", re.IGNORECASE)
_CLOSING = re.compile(rf"</(?:{_TAG})>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:quot|apos|amp|lt|gt|nbsp|#\d{2,4});")
_MARKS = re.compile(r"[<&◁]|\[/?think|\n(?:user|human)", re.IGNORECASE)  # without any there is nothing to do
_FINAL_CHANNEL = "<|channel|>final<|message|>"
_END_OF_TURN = re.compile(
    r"<\|(?:im_end|eot_id|end|return|endoftext)\|>|</s>|<end_of_turn>|\n(?:User|Human) ?:"
)


def after_reasoning(text: str) -> str:
    """What the model says once it has stopped reasoning; empty if it never stops."""
    if not _MARKS.search(text):
        return text
    if _ENTITY.search(text):
        text = html.unescape(text)
    if "<|channel|>" in text:
        text = text.rpartition(_FINAL_CHANNEL)[2] if _FINAL_CHANNEL in text else ""
    spoken, position = [], 0
    for closing in _CLOSING.finditer(text):
        opening = _OPENING.search(text, position, closing.start())
        # A closing tag alone ends reasoning that began in the prompt: all before it was reasoning.
        spoken = [*spoken, text[position : opening.start()]] if opening else []
        position = closing.end()
    if _OPENING.search(text, position):
        return ""
    text = "".join(spoken) + text[position:]
    turns = _END_OF_TURN.split(text)
    return next((turn for turn in turns if turn.strip()), "")


# --- Objects in braces

_KEY = re.compile(
    r"""(?: ["“”„«]([^"“”„»\n{}]{1,80})["“”»]
          | ['‘’`´]([^'‘’`´\n{}]{1,80})['‘’`´]
          | ["“'`]?([^\W\d_][^"“”:={}\[\],;<>!\n]{0,60}?)["'”’`]? )
        \s{0,20}(?: : | => | =(?!=) )""",
    re.VERBOSE,
)
_BARE_KEY = r"""[^\W\d_][^"“”:={}\[\],;<>!\n]{0,60}?["'”’]?\s{0,9}[:=]"""
_QUOTED_KEY = r"""["“'‘`][^"“”\n{}]{1,60}?["”'’`]\s{0,9}[:=]"""
_COMMENT = r"//[^\n]*|\#[^\n]*|/\*(?s:.{0,500}?)\*/|<!--(?s:.{0,500}?)-->"
_BLANK = re.compile(rf"(?:\s+|{_COMMENT})*")
_BETWEEN = re.compile(rf"(?:[\s,;(|]+|{_COMMENT})*")
_BARE_END = re.compile(
    rf"""[{{}}\[\]\n;] | ``` | \s(?://|\#) | /\*
         | ,(?=\s*(?:["“”„'‘`}}\]\n]|$|{_BARE_KEY}))  # other commas belong to the value: 2,500
         | \s\|(?=\s{{0,9}}{_BARE_KEY})
         | \s(?={_QUOTED_KEY}|[^\W\d_]\w{{0,40}}:)""",
    re.VERBOSE,
)
_ITEM_END = re.compile(r"[{}\[\],\n;]|```")
_AFTER_STRING = rf"""(?=\s*(?:[,;}}\])\n]|$|```|//|\#|/\*|{_QUOTED_KEY}))"""


def _string_end(quotes):
    """Where a quoted value ends: at a quote that something structural follows (an apostrophe or an inner
    quote is followed by other text), or, where the closing quote was forgotten, before the next key or at a
    brace that ends its line."""
    return re.compile(
        rf"""\\. | (?P<quote>[{quotes}]){_AFTER_STRING}
             | (?P<key>[,\n])(?=\s{{0,40}}{_QUOTED_KEY}) | (?P<brace>\}})(?=\s*(?:\n|$|```))""",
        re.VERBOSE | re.DOTALL,
    )


_STRING_END = {quote: _string_end(re.escape(family)) for family in (_DOUBLE, _SINGLE) for quote in family}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": ""}
_RETRACTED = re.compile(r"['\"`]*\s+(?:is|was|would be) (?:wrong|incorrect|false|not )", re.IGNORECASE)


def objects(text: str) -> list[FoundObject]:
    """Every object in braces, in order. Duplicate keys: the later wins. Text without a key stands in a list
    under the key None."""
    if '{\\"' in text:  # a JSON text written inside a string
        text = text.replace('\\"', '"')
    found, end = [], 0
    while (start := text.find("{", end)) >= 0:
        lead = text[max(end, start - LEAD) : start]
        reader = _Reader(text, start)
        node, end = reader.value(0), reader.position
        if not _RETRACTED.match(text, end):
            found.append(FoundObject(node, lead))
    return found


class _Reader:
    """Recursive descent over almost-JSON. ``cut_end``: a value that the end of the text ends is cut."""

    def __init__(self, text, position=0, cut_end=True):
        self.text, self.position, self.cut_end = text, position, cut_end

    def members(self, depth, closer):
        """(key or None, value) up to the closer; '' reads to the end of the text."""
        text = self.text
        while True:
            self.position = _BETWEEN.match(text, self.position).end()
            if self.position >= len(text):
                if closer:
                    yield None, Cut("")  # never closed: more may have been meant to follow
                return
            if text.startswith("```", self.position):
                return
            here = text[self.position]
            if here == closer:
                self.position += 1
                return
            if here in "}]":
                if closer == "]":
                    return  # the list was never closed
                self.position += 1
                continue
            key = _KEY.match(text, self.position) if closer != "]" else None
            if key:
                self.position = key.end()
                yield next(group for group in key.groups() if group is not None), self.value(depth)
            elif closer == "" and here not in "{[":
                yield None, self.bare(_BARE_END)
            else:
                yield None, self.value(depth, _ITEM_END if closer == "]" else _BARE_END)

    def value(self, depth, bare_end=_BARE_END):
        text = self.text
        self.position = _BLANK.match(text, self.position).end()
        if self.position >= len(text):
            return Cut("")
        here = text[self.position]
        if here in ",;}]" or text.startswith("```", self.position):
            return ""
        if here in "{[":
            if depth <= STRICT_DEPTH:
                try:
                    node, self.position = _STRICT.raw_decode(text, self.position)
                    return node
                except (ValueError, RecursionError):
                    pass
            self.position += 1
            if depth >= MAX_DEPTH:
                return ""
            if here == "[":
                return [value for _, value in self.members(depth + 1, "]")]
            return self.object(depth + 1)
        if here in _STRING_END:
            return self.string(_STRING_END[here])
        if bare_end is _BARE_END and _KEY.match(text, self.position):
            return ""  # the next key follows at once: this one has no value of its own
        return self.bare(bare_end)

    def object(self, depth):
        node = {}
        for key, value in self.members(depth, "}"):
            if key is None:
                node.setdefault(None, []).append(value)
            else:
                node.pop(key, None)  # so that the order is that of the last mention
                node[key] = value
        return node

    def string(self, end):
        start = self.position + 1
        for match in end.finditer(self.text, start):
            if match.lastgroup:
                self.position = match.end()
                return _unescape(self.text[start : match.start()])
        self.position = len(self.text)
        return Cut(_unescape(self.text[start:]))

    def bare(self, end):
        start = self.position
        match = end.search(self.text, start)
        # Where the text ends with a comma, the number before it may not be complete: 2,500
        if match is None or (match[0] == "," and match.end() == len(self.text)):
            self.position = len(self.text)
            rest = self.text[start:].strip(" \t\r\n,")
            return Cut(rest) if self.cut_end else rest
        self.position = max(match.start(), start + 1)
        return self.text[start : match.start()].strip()


def _unescape(text):
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 5 else _ESCAPED.get(m[1], m[1]), text)


_PLACEHOLDER = re.compile(
    r"[\s.…_?-]*|[<\[{][^<>\[\]{}]*[>\]}]"
    r"|(?:your |the |new )?(?:answer|value|string|option|int|integer|number)(?: here)?",
    re.IGNORECASE,
)
CORRECTED = re.compile(
    r"\b(?:wait|actually|correct(?:ion|ed)|sorry|instead|revised?|reconsider\w*|final(?:ly)?|rather|mistake"
    r"|i mean|on reflection|scratch that)\b",
    re.IGNORECASE,
)


def _whole(text):
    """A text that is proper JSON throughout; None for any other."""
    text = text.strip()
    if text[:1] in ("{", "[", '"'):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    return None


def unwrapped(text):
    """(node, text) of a text that may be JSON, or JSON inside a JSON string."""
    node = _whole(text)
    if isinstance(node, str):
        text = node
        node = _whole(text)
    return node, text


def is_empty(value):
    """Whether a value is what the template shows: "", "...", "<age>"."""
    if isinstance(value, str):
        return len(value) < 80 and _PLACEHOLDER.fullmatch(value) is not None
    return value is None


# --- Pairs outside braces: "Age: 45", "- **Age:** 45", <age>45</age>, tables

_FENCE = re.compile(r"```[\w-]*")
_BULLET = re.compile(r"^[^\S\n]*(?:[-*•–>]|\d{1,2}[.)]|#+)[^\S\n]+", re.MULTILINE)
_EMPHASIS = re.compile(r"\*\*|__|\\(?=[$_*%])")
_TAGGED = re.compile(r"<([A-Za-z_]\w{0,40})>([^<>]{0,200})</\1>")
_LATEX = re.compile(r"\\(?:boxed|text\w{0,8}|mathrm|mathbf)\s?\{([^{}]{0,200})\}")


def plain(text: str) -> str:
    """The text without the marks of Markdown and LaTeX around words; elements of XML become pairs."""
    for _ in range(2):
        text = _LATEX.sub(r"\1", text)
    text = _FENCE.sub("\n", text)
    text = _BULLET.sub("", text)
    text = _EMPHASIS.sub("", text)
    return _TAGGED.sub(r"\n\1: \2\n", text)


def pairs(text: str, cut_end: bool) -> list[tuple[str | None, object]]:
    """(key, value) as they follow each other in a text without braces; (None, words) for words between."""
    return list(_Reader(text, cut_end=cut_end).members(0, ""))


def tables(text: str) -> list[list[list[str]]]:
    """The Markdown tables of a text: rows of cells, without the rule under the header."""
    found, rows = [], []
    for line in [*text.split("\n"), ""]:
        if line.count("|") >= 2:
            cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
            if line.lstrip()[0] == "|" and line.rstrip()[-1] != "|":
                cells[-1] = Cut(cells[-1])
            if any(cell.strip(" -:=") for cell in cells):
                rows.append(cells)
        elif rows:
            found.append(rows)
            rows = []
    return found
