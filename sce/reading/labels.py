"""Which of a few labels does a text mean? And the spelling that all values share.

A label may lose its case, punctuation, possessives, plurals or last words, write numbers as words, or carry a
slip in a long word. It is found only if no other label could be meant.
"""

import re
import unicodedata
from functools import lru_cache

# --- Spelling


def word_list(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_SAME = str.maketrans(
    {**dict.fromkeys("’‘ʼ´`′", "'"), **dict.fromkeys("“”„«»″", '"'), **dict.fromkeys("−–‐‑‒", "-")}
)
_ARROW = re.compile(r"\s*(?:-{1,3}>|={1,2}>|[→⇒➔➜➝➞⟶⟹⇨↦])\s*")
_FRACTION = re.compile(r"(\d{0,9})\s?([½¼¾])")
_FRACTIONS = {"½": ".5", "¼": ".25", "¾": ".75"}
SCALES = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "mn": 1_000_000, "million": 1_000_000}
_NOT_LEADING = " \t\r\n\"'*_,;:!"


def clean(text: str) -> str:
    """One spelling of spaces, quotes, dashes, digits and arrows; no quotes or punctuation at the ends."""
    if not text.isascii():
        text = _FRACTION.sub(lambda m: (m[1] or "0") + _FRACTIONS[m[2]], text.translate(_INVISIBLE))
        text = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME)
    text = " ".join(text.replace("**", "").replace("`", "'").split())
    return trim(_ARROW.sub(" -> ", text))


def trim(text: str) -> str:
    return text.lstrip(_NOT_LEADING).rstrip(_NOT_LEADING + ".")  # a leading point may be .5


def squash(text: str) -> str:
    return re.sub(r"[\s._^'-]", "", text.casefold())


def stem(word: str) -> str:
    """Without the possessive or plural s, which models drop and add."""
    word = word.replace("'", "")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) >= 4 and word.endswith("s") else word


@lru_cache(maxsize=5000)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a key: systolicBP, "Systolic BP" and systolic_bp are the same."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(stem(word) for word in re.findall(r"[^\W_]+|[°%$/]", clean(split).casefold()))


NEW = word_set(
    "new revised updated modified final after changed counterfactual adjusted edited altered output"
)
OLD = word_set(
    "old original originally before previous previously initial prior formerly current existing input"
    " baseline"
)


def marker(words) -> str | None:
    """Whether words announce the new or the old state; where both occur, the new one."""
    words = {word.casefold() for word in words}
    return "new" if words & NEW else "old" if words & OLD else None


# --- Labels

SMALL_NUMBERS = word_list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen"
)
_ORDINALS = word_list("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")


def _ordinal(n):
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


_AS_DIGITS = {word: str(n) for n, word in enumerate(SMALL_NUMBERS[:13])} | {
    word: _ordinal(n) for n, word in enumerate(_ORDINALS, 1)
}
_OR_MORE = re.compile(r"\bat least (\d+)|(\d+)[ -]or[ -]more\b|(\d+) ?\+")
_LESS = re.compile(r"(?:\b(?:less|fewer) than|\bunder|<) ?(?=\d)")
_APART = re.compile(r"(?<=\d) (?=(?:st|nd|rd|th)\b)")  # 10 th
_DOTTED = re.compile(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)")  # G.E.D.
_EITHER = re.compile(r"(?<=[^\W\d_]{2})\s?/\s?(?=[^\W\d_]{2})")
_LETTERS = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"<?\d+(?:st|nd|rd|th)?\+?|[^\W\d_]+(?:'[^\W\d_]+)*")
_NO_WORDS = {
    (),
    ("n", "a"),
    *((w,) for w in word_set("na none null nan nil unknown undefined unchanged same")),
}


def form(text: str) -> tuple[str, ...]:
    """The words of a label in one spelling: 'one or more' is '1+', "Master's" is 'master'."""
    text = _LETTERS.sub(lambda m: _AS_DIGITS.get(m[0], m[0]), text.casefold())
    text = _OR_MORE.sub(lambda m: f"{m[1] or m[2] or m[3]}+", text)
    text = _EITHER.sub(" or ", _DOTTED.sub("", _APART.sub("", text)))
    words = (stem(word) for word in _TOKEN.findall(_LESS.sub("<", text)))
    return tuple(word for word in words if word != "s")  # "Bachelor 's"


class Labels:
    """A few labels and their other spellings, to be found in the words of others."""

    def __init__(self, spellings: dict, form=form):
        """``spellings``: key -> [label, other spellings ...]; ``form``: text -> words."""
        self.form = form
        self.exact, self.forms, self.full, self.starts, self.whole = {}, {}, {}, {}, {}
        for key, texts in spellings.items():
            for text in texts:
                self.exact.setdefault(clean(text).casefold(), set()).add(key)
                self.forms.setdefault(form(clean(text)), set()).add(key)
            words = form(clean(texts[0]))
            self.full[words] = {key}
            for end in range(1, len(words)):
                self.starts.setdefault(words[:end], set()).add(key)
            self.whole[_joined(texts[0])] = key

    def find(self, text: str):
        """The key of the label that a cleaned text means, or None."""
        found = self.exact.get(text.casefold())
        if not found:
            words = self.form(text)
            found = self._find(words)
            if not found and len(words) == 2 and words[1].isdecimal():  # Grade 8
                found = self._find((_ordinal(int(words[1][:9])), words[0]))
        return _only(found)

    def find_exact(self, text: str):
        """The key of the label that a cleaned text gives in full, or None."""
        return _only(self.exact.get(text.casefold()) or self.forms.get(self.form(text)))

    def find_cut(self, text: str):
        """The key of the only label that a broken-off text can become: it is there in full, or well begun."""
        text = _joined(text)
        begun = {key for label, key in self.whole.items() if label.startswith(text)}
        return _only(begun) if len(text) >= 5 or text in self.whole else None

    def _find(self, words):
        """The keys whose label has these words: all, its first ones, joined, or misspelt."""
        if words in _NO_WORDS:
            return self.forms.get(words)
        letters = "".join(words)
        found = self.forms.get(words) or (self.starts.get(words) if len(letters) >= 3 else None)
        if not found and len(words) > 1 and len(words[-1]) >= 3 and words[-1].isalpha():  # "Bachelor's deg."
            found = self._keys(self.full, lambda form: _begins(form, words))
        if not found:  # "Highschool"
            found = self._keys(
                self.forms, lambda form: "".join(form) == letters and _digits(form) == _digits(words)
            )
        return found or self._keys(self.full, lambda form: misspelt(words, form))

    @staticmethod
    def _keys(forms, fits):
        return set().union(*(keys for form, keys in forms.items() if fits(form)))


def _joined(text):
    return re.sub(r"[\s']", "", clean(text).casefold())


def _only(keys):
    return next(iter(keys)) if keys and len(keys) == 1 else None


def _begins(form, words):
    last = len(words) - 1
    return len(form) > last and form[:last] == words[:last] and form[last].startswith(words[last])


def _digits(words):
    return [word for word in words if not word.isalpha()]


def misspelt(words, intended) -> bool:
    """Whether each word is the intended one up to a slip in a long word. Numbers, short words and first
    letters must agree: unhealthy is no slip for healthy, 9th none for 6th."""
    if len(words) != len(intended):
        return False
    for word, meant in zip(words, intended, strict=True):
        if word == meant:
            continue
        if len(meant) < 5 or word[0] != meant[0] or not (word.isalpha() and meant.isalpha()):
            return False
        limit = 2 if len(meant) >= 8 else 1
        if abs(len(word) - len(meant)) > limit or _distance(word, meant) > limit:
            return False
    return True


def _distance(a, b):
    """How many letters were left out, added, changed or swapped with the next."""
    before, last = None, list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (x != y)))
            if before and j > 1 and x == b[j - 2] and a[i - 2] == y:
                row[j] = min(row[j], before[j - 2] + 1)
        before, last = last, row
    return last[-1]
