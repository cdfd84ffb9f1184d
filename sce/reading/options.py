"""Which of the two options a text gives as the answer to the question; None where it leaves a doubt.

An option counts when the text is that option, in another spelling perhaps, or when a sentence claims it. To
mention it is not to claim it ("the risk of heart disease"), and a text that names both options, denies or
hedges claims nothing.
"""

import re

from sce.reading.labels import SCALES, Labels, clean, stem, trim, word_set
from sce.reading.replies import Cut

LONGEST = 20_000  # characters of prose

_AMOUNT = re.compile(
    r"(?:\b(?:us|usd) ?)?[$€£]? ?(?<![\w.])"
    r"(?P<digits>\d{1,3}(?P<sep>, |[,.' _])\d{3}(?:(?P=sep)\d{3})*(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?: ?(?P<scale>k|m|mn|thousand|million)\b)?(?: ?(?:usd|dollars?)\b)?"
)
_MORE = re.compile(
    r"(?:[>≥]=?|\b(?:over|above|more than|greater than|higher than|in excess of|exceed(?:s|ing)?)\b) *(?=\d)"
)
_LESS = re.compile(r"(?:[<≤]=?|\b(?:under|below|less than|lower than|fewer than)\b) *(?=\d)")
_PERIOD = re.compile(r"(?<=\d) +(?:(?:per|a|each) year|annually|yearly|per annum)\b")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)*|[.,;:!?/|&()]|(?<= )-(?= )")


def statement(text: str) -> tuple[str, ...]:
    """The words and punctuation of a cleaned text in one spelling: '>$50k' is 'above 50000'."""
    text = _PERIOD.sub("", _AMOUNT.sub(_amount, text.casefold()))
    text = _LESS.sub("below ", _MORE.sub("above ", text))
    return tuple(stem(word) for word in _TOKEN.findall(text))


def _amount(match):
    digits, separator = match["digits"], match["sep"]
    if separator:
        digits = digits.replace(separator, "")
    if len(digits) > 15:
        return match[0]
    value = float(digits) * SCALES.get(match["scale"], 1)
    return f" {int(value)} " if value == int(value) else f" {value} "


_YES_NO = re.compile(r"(yes|no)\s*(?:[,.;:!]| -)\s*(\S.*)", re.IGNORECASE | re.DOTALL)
_ENUMERATED = re.compile(r"(?:option |choice )?\(?([ab12])[).:]\s*(\S.*)", re.IGNORECASE | re.DOTALL)
_NOTED = re.compile(r"([^()]+?)\s*\(([^()]*)\)")

# The words of a claim, in the spelling of ``statement``
_VERBS = word_set(
    "is its be are say choose select pick predict estimate guess answer conclude earn make has have feel"
)
_BETWEEN = word_set(
    "likely probably most that to be it is estimated predicted the a an option category in within range"
    " therefore thus clearly yearly income price :"
)
_CLAIM = re.compile(
    rf"\b(?:{'|'.join(sorted(_VERBS))}|(?:so|thus|therefore|hence|think|believe|result) :)"
    rf"(?: (?:{'|'.join(sorted(_BETWEEN))}))* $"
)
_REASON = re.compile(r" (?:$|[.,;!(]|-|because|since|given|due|as|based)")
_DOUBT = re.compile(
    r" (?:not|cannot|(?:is|are|was|ca|wo|do|doe|did|could|would|should|ha|have)nt|never|neither|nor|unlikely"
    r"|if|unles|might|may|maybe|could|either|or|whether|however|but|although|though|doubt|except|opposite|instead"
    r"|rather|impossible|uncertain|unclear|unknown|depend|choice|option|wrong|false|incorrect|vs|versu|perhap"
    r"|possibly|between|hypothetical|contrary|would have) "
)
_DENIAL = re.compile(r" (?:no|without|lack|absence|free|low|lower|little|reduced) ")
_ANSWER_IS = re.compile(
    r"(?:so,? |thus,? |therefore,? )?(?:the|my) (?:final )?(?:answer|prediction) (?:is|would be) (\S.*)",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r" (?:answer|prediction|conclusion|verdict)(?: \w+)?(?: is| would be)?(?: that| the)?(?: :| -)* $"
)


class OptionReader:
    """Reads which option of a dataset a text gives."""

    def __init__(self, dataset):
        self.options = dataset.options
        spellings = {option: [option, *dataset.option_aliases.get(option, [])] for option in self.options}
        self.labels = Labels(spellings, form=statement)
        self.phrase_of = {" ".join(statement(clean(option))): option for option in self.options}
        # Short aliases (yes, no, healthy) mean an option as an answer only, not within prose
        phrases = dict(self.phrase_of)
        for option, texts in spellings.items():
            for words in map(statement, map(clean, texts)):
                if len(words) > 1:
                    phrases.setdefault(" ".join(words), option)
        self.phrases = sorted(phrases.items(), key=lambda item: -len(item[0]))

    def read(self, raw):
        """The option a value gives: as a label, after its letter, with a reason, or as a claim."""
        if not isinstance(raw, str) or len(raw) > LONGEST:
            return None
        if raw in self.options:
            return str(raw)
        text = clean(raw)
        if isinstance(raw, Cut):
            return self.labels.find_cut(text)
        return self.label(text) or self.claim(raw)

    def label(self, text):
        """The option that a cleaned text is, in any spelling."""
        if len(text) > 200:
            return None
        if text.startswith("(") and text.find(")") == len(text) - 1:
            text = trim(text[1:-1])
        if option := self.labels.find_exact(text):
            return option
        if answer := _ANSWER_IS.fullmatch(text):
            return self.label(trim(answer[1])) or self.claim(text)
        if said := _YES_NO.fullmatch(text):
            first, then = self.labels.find(said[1]), self.label(trim(said[2])) or self.claim(said[2])
            return then if first == then else None  # "No, heart disease"
        if listed := _ENUMERATED.fullmatch(text):
            option = self.label(trim(listed[2]))
            return option if option == self.options["a1b2".index(listed[1].lower()) // 2] else None
        if noted := _NOTED.fullmatch(text):
            note = " ".join(["", *statement(noted[2]), ""])
            option = self.label(trim(noted[1]))
            return option if not self._mentions(note)[1] - {option} and not _DOUBT.search(note) else None
        return self.labels.find(text)

    def full(self, raw):
        """The option that a text writes out in full."""
        return self.phrase_of.get(" ".join(statement(clean(raw)))) if len(raw) <= 200 else None

    def full_or_alias(self, raw):
        return self.labels.find_exact(clean(raw)) if len(raw) <= 200 else None

    def affirmed(self, key, value):
        """The option that {"Heart disease": "No"} means: the one in the key or, if denied, the other."""
        option = self.full(key.replace("_", " "))
        said = {"yes": True, "true": True, "no": False, "false": False}.get(str(value).strip().casefold())
        if option is None or said is None:
            return None
        return option if said else self.options[1 - self.options.index(option)]

    def names_both(self, raw):
        """Whether a text is an echo of the choices."""
        if not isinstance(raw, str) or len(raw) > LONGEST:
            return False
        return len(self._mentions(_spoken(raw))[1]) == 2

    def claim(self, text):
        """The option that prose claims, if it claims one and leaves the other unmentioned or rejected by a
        final 'the answer is ...'."""
        if len(text) > LONGEST:
            return None
        spoken = _spoken(text)
        marked, mentioned = self._mentions(spoken)
        if not mentioned or " ? " in spoken:
            return None
        final, claimed, doubted = set(), set(), bool(_DOUBT.search(marked))
        for mention in re.finditer(r"<([01])(v?)>", marked):
            start = max(marked.rfind(stop, 0, mention.start()) for stop in (" . ", " ! ", " ; ", "\n"))
            before = marked[max(start + 2, 0) : mention.start()]
            option = self.options[int(mention[1])]
            opens = not marked[: mention.start()].strip()
            sound = _REASON.match(marked, mention.end()) and not _DENIAL.search(before)
            if sound and (opens or mention[2] or _CLAIM.search(before)):
                claimed.add(option)
            if sound and not _DOUBT.search(before) and _FINAL.search(f" {before}"):
                final.add(option)
        if len(mentioned) == 1 and claimed and not doubted:
            return claimed.pop()
        return final.pop() if len(final) == 1 else None

    def _mentions(self, spoken):
        """The text with mentions of option i as <i> (<iv> with a verb), and the options mentioned."""
        mentioned = set()
        for phrase, option in self.phrases:
            own_verb = "v" if _VERBS & set(phrase.split()) else ""  # "has heart disease" is a claim itself
            marked = spoken.replace(f" {phrase} ", f" <{self.options.index(option)}{own_verb}> ")
            if marked != spoken:
                mentioned.add(option)
            spoken = marked
        return spoken, mentioned

    def lines(self, text):
        """The option that stands alone on the first or the last line, if no other line gives the other one
        and the next line does not go on listing."""
        lines = [line for line in text.split("\n") if line.strip()][:400]
        alone = {n: option for n, line in enumerate(lines) if (option := self.full_or_alias(line))}
        for n, beside in ((0, 1), (len(lines) - 1, len(lines) - 2)):
            if n in alone and len(set(alone.values())) == 1 and len(lines) > 1:
                return None if self._mentions(_spoken(lines[beside]))[1] - {alone[n]} else alone[n]
        return None


def _spoken(text):
    """Prose in the spelling of ``statement``, with a space around each word; a blank line ends a sentence."""
    paragraphs = [" ".join(statement(clean(part))) for part in re.split(r"\n\s*\n", text)]
    return f" {' . '.join(paragraphs)} "
