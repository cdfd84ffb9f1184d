"""The text of one value of a feature -> its code; None where it is not certain.

Everything here answers one question: would every careful reader take this text for the same value? Ranges,
approximations, inequalities, foreign units, labels that fit two levels and codes without a label are None.
"""

import math
import re

from sce.reading.labels import (
    SCALES,
    SMALL_NUMBERS,
    Labels,
    clean,
    marker,
    squash,
    trim,
    word_list,
    word_set,
    words_of,
)
from sce.reading.replies import Cut

LONGEST = 300  # characters; the value of a feature is no essay

# --- Ways of giving the old value beside the new one

_CHANGED = r"(?:increas|decreas|chang|rais|lower|reduc|updat|revis|adjust|mov|dropp|switch|bump)ed"
_CHANGE = re.compile(
    rf"(?:{_CHANGED} )?from (?P<old>.+) to (?P<new>.+)|(?:{_CHANGED}|set) to (?P<only>.+)", re.I
)
_SINCE = rf"up from|down from|{_CHANGED} from|instead of|rather than"
_FORMER = re.compile(
    rf"(.+?)(?:[,;] (?:was|were|previously|formerly|originally)|[,;]? (?:{_SINCE})) (.+)", re.I
)
_FORMER_NOTE = re.compile(
    rf"(?:was|were|previously|formerly|original|originally|old|before|from|{_SINCE}):? (.+)", re.I
)
_NOTE = re.compile(
    rf"(?:un|not )?changed|no change|same|kept|new|{_CHANGED}|modified|(?:new|revised) value", re.I
)
_PARENTHESIS = re.compile(r"(.+?)\s*[(\[]([^()\[\]]*)[)\]]")
_BOUNDS = word_set("min max minimum maximum low high lower upper start end range least most")
_ASIDES = word_set("note explanation reason reasoning description change delta type name confidence")

# --- Numbers

_UNITS = [  # spellings of one unit, without spaces, dots, hyphens and carets
    "years year yrs yr y yo y/o yearsold yearold yrsold yrold yearsofage",
    "sqft sqfeet sqfoot squarefeet squarefoot squareft ft2 feet2 sf",
    "mmhg mmofmercury millimetersofmercury millimetresofmercury",
    "mg/dl mgdl mgperdl milligramsperdeciliter milligramsperdecilitre",
    "degreescelsius degreecelsius °celsius degreesc degreec °c oc c celsius centigrade degrees degree °",
    "km/h kmh kmph kph km/hr kmperhour kilometersperhour kilometresperhour kilometers/hour kilometres/hour",
    "points point pts pt",
    "$ usd dollars dollar us$",
    "% percent pct",
    "kg kgs kilogram kilograms",
    "cm centimeters centimetres centimeter centimetre",
    "hours hour hrs hr h",
    "minutes minute mins min",
]
_GROUPED = r"\d{1,3}(?P<sep>[ ,'_.])\d{3}(?:(?P=sep)\d{3})*(?!\d)(?P<cents>\.\d+)?"
_NUMBER = re.compile(
    r"(?P<sign>[+-]|minus |negative )?(?P<currency>(?:us)?\$ ?|usd )?"
    rf"(?P<digits>{_GROUPED}|\d+\.?\d*(?:e[+-]?\d{{1,2}})?|\.\d+)"
    r"(?P<scale>k(?![a-z/])| ?thousand\b| ?million\b| ?mn?(?![a-z/]))?(?:[\s-]*(?P<rest>[^\d\s-].*))?"
)
_CONVERTED = re.compile(  # 5 °C (41 °F)
    r"-?[\d.,]+ ?(?:m2|sqm|sq m|square met(?:er|re)s|°?f|fahrenheit|mph|m/s|kpa|mmol/l|months)", re.IGNORECASE
)
_TENS = word_list("twenty thirty forty fifty sixty seventy eighty ninety")
_WORDS = {w: n for n, w in enumerate(SMALL_NUMBERS)} | {w: 10 * n for n, w in enumerate(_TENS, 2)}
_NAMED = re.compile(r"([^\W\d_][^\d:=+.-]{0,60}?)\s*[:=]?\s*(?=[-+$]?\.?\d)")
_EXACTLY = re.compile(r"(?:now|exactly|still|just|precisely) ")
_FILLING = word_set("the is are of at")


def tidy(number):
    """45.0 -> 45; None for what no one means as a number (infinite, not a number, astronomical)."""
    if (isinstance(number, float) and not math.isfinite(number)) or abs(number) >= 1e15:
        return None
    return int(number) if number == int(number) else number


def number_in_words(text: str):
    """'forty-five' -> 45, 'two thousand five hundred' -> 2500; None for anything else."""
    said = [word for word in re.split(r"[\s-]+", text) if word != "and"]
    total, group, room = 0, 0, math.inf  # room: the next word must be smaller ("four five" is not 9)
    for word in said:
        if word == "thousand" and group and not total:
            total, group, room = 1000 * group, 0, 1000
        elif word == "hundred" and 0 < group < 100:
            group, room = 100 * group, 100
        elif word in _WORDS and _WORDS[word] < room:
            value = _WORDS[word]
            group += value
            room = 10 if value >= 20 else 0
        else:
            return None
    return total + group if said else None


# --- Features

_ENUMERATED = re.compile(r"(\d+)\s*[-:.)=]\s*(\D.*)|(\D.*?)\s*[-:=]\s*(\d+)")
_FIELD_OF_STUDY = re.compile(r"(.+?) in (?!progress|process|the )[^\W\d][^\d,;]*")
_ABBREVIATION = re.compile(r"[A-Z][A-Za-z./]*[A-Z.][A-Za-z./ ]{0,12}")


class FeatureReader:
    """Reads the values of one feature."""

    def __init__(self, name, feature):
        self.names = {frozenset(words_of(n)) for n in (name, *feature.names)}
        self.own_words = frozenset().union(*self.names)
        unit = squash(feature.unit or "")
        self.units = next((set(group.split()) for group in _UNITS if unit in group.split()), {unit}) - {""}
        self.unit_words = self.units | {w for u in (unit, feature.unit or "") for w in words_of(u)}
        self.composite = re.compile(feature.composite) if feature.composite else None
        self.signed = feature.codes[0] < 0
        self.large = max(map(abs, feature.codes)) >= 1000
        self.decimal = any(code != int(code) for code in feature.codes)
        self.labels = None
        if not feature.is_number:
            labels = zip(feature.codes, feature.labels, strict=True)
            self.labels = Labels({code: [label, *feature.aliases.get(label, [])] for code, label in labels})

    def read(self, raw, depth=0):
        """The code of any parsed value, or None."""
        if raw is None or isinstance(raw, bool) or depth > 5:
            return None
        if isinstance(raw, int | float):
            # A bare code of a labelled level is a guess: models see labels only, and 12 may be a code, a
            # grade, a position in the list or years of schooling.
            return None if self.labels else tidy(raw)
        if isinstance(raw, list):
            if any(isinstance(item, Cut) for item in raw):
                return None
            codes = [self.read(item, depth + 1) for item in raw[:9]]
            return codes[0] if codes and all(code == codes[0] for code in codes) else None
        if isinstance(raw, dict):
            return None if raw.get(None) else self.read(self.stated(raw), depth + 1)
        if len(raw) > LONGEST:
            return None
        if isinstance(raw, Cut):
            return self.labels.find_cut(clean(raw)) if self.labels else None
        if not self.labels and raw.isdecimal() and len(raw) < 15:
            return int(raw)
        return self.read_text(clean(raw))

    def stated(self, node):
        """The value in {"value": 2500, "unit": "sq ft"}, {"old": 30, "new": 45} or {"label": ...}: a list of
        one, or of several that should agree."""
        ranked, unit = [], ""
        for key, value in node.items():
            words = set(words_of(key)) if key else set()
            if "unit" in words and isinstance(value, str):
                unit = f" {value}"
            elif marker(words) == "new" or words in ({"value"}, {"to"}, {"label"}) or words <= self.own_words:
                ranked.append((0, value))
            elif marker(words) != "old" and words != {"from"} and not words & (_ASIDES | _BOUNDS):
                ranked.append((1, value))
        best = min((rank for rank, _ in ranked), default=0)
        values = [value for rank, value in ranked if rank == best]
        return [f"{value}{unit}" for value in values] if unit else values

    def read_text(self, text, depth=0):
        """The code of a cleaned text; of an old and a new value ('30 -> 45', '45 (was 30)') the new one."""
        if not text or depth > 3:
            return None
        code = self.labels.find(text) if self.labels else self.number(text.casefold())
        if code is not None:
            return code
        if " -> " in text:
            old, _, new = text.rpartition(" -> ")
            return self.read_text(trim(new), depth + 1) if trim(old) else None
        if change := _CHANGE.fullmatch(text):
            if change["only"]:
                return self.read_text(change["only"], depth + 1)
            return self.new_beside_old(change["new"], change["old"], depth + 1)
        if note := _PARENTHESIS.fullmatch(text):
            return self.with_note(trim(note[1]), trim(note[2]), depth + 1)
        if former := _FORMER.fullmatch(text):
            return self.new_beside_old(former[1], former[2], depth + 1)
        return self.detailed_label(text) if self.labels else None

    def new_beside_old(self, new, old, depth):
        """The new value, if the old one is a value too: 'from a range of 30 to 45' is no change."""
        return None if self.read_text(old, depth) is None else self.read_text(new, depth)

    def with_note(self, text, note, depth):
        """A value with a note in parentheses, where the note leaves no doubt."""
        code = self.read_text(text, depth)
        if code is None or _NOTE.fullmatch(note):
            return code
        if former := _FORMER_NOTE.fullmatch(note):
            return self.new_beside_old(text, former[1], depth)
        if self.read_text(note, depth) == code:
            return code
        if self.labels:
            harmless = note == str(code) or (_ABBREVIATION.fullmatch(note) and self.labels.find(note) is None)
        elif self.units and text[-1].isalpha() and _CONVERTED.fullmatch(note):
            harmless = True
        else:
            increase = not self.signed and re.match(r"[+-]\d", note)  # 45 (+15)
            harmless = increase or self.is_unit(note.casefold())
        return code if harmless else None

    def detailed_label(self, text):
        """A label with its own code ("22 - Master's degree"), a field of study or the feature's name."""
        if numbered := _ENUMERATED.fullmatch(text):
            code = self.labels.find(trim(numbered[2] or numbered[3]))
            return code if str(code) == (numbered[1] or numbered[4]) else None
        if detailed := _FIELD_OF_STUDY.fullmatch(text):
            return self.labels.find_exact(detailed[1])
        name, colon, value = text.partition(":")
        if colon and frozenset(words_of(name)) in self.names:
            return self.labels.find(clean(value))
        return None

    def number(self, text):
        """The number in a case-folded text that says nothing but this number."""
        text = self.without_name(_EXACTLY.sub("", text, count=1))
        if self.composite and (match := self.composite.match(text)):
            rest = text[match.end() :].strip(" -")
            text = match[1] if not rest or self.is_unit(rest) else text
        match = _NUMBER.fullmatch(text)
        if not match:
            return self.worded_number(text)
        rest, scale = trim(match["rest"] or ""), (match["scale"] or "").strip()
        if rest and not self.is_unit(rest):
            return None
        if match["currency"] and self.units and "$" not in self.units:
            return None
        value = self.digits(match["digits"], match["sep"], match["cents"])
        if value is None:
            return None
        if scale:
            # 15k would be Kelvin for a temperature, 2500 m metres for an area
            if not self.large or (scale in ("m", "mn") and not match["currency"]):
                return None
            value = round(value * SCALES[scale], 6)
        if match["sign"] == "+" and not self.signed:
            return None  # an increase, not a value
        return tidy(-value if match["sign"] and match["sign"] != "+" else value)

    def digits(self, digits, separator, cents):
        """The value of digits with thousands separators; None for 2.500, 2500 to some and 2.5 to others."""
        if separator == " " and not self.large:
            return None
        if separator == "." and digits.count(".") == 1:
            if digits[0] != "0" and not self.decimal:
                return None
        elif separator:
            if separator == "." and cents:
                return None
            digits = digits.replace(separator, "")
        return float(digits) if any(c in digits for c in ".e") else int(digits)

    def worded_number(self, text):
        """'three bedrooms', 'minus five degrees'."""
        sign = 1
        for word in ("minus ", "negative "):
            if text.startswith(word):
                text, sign = text.removeprefix(word), -1
        parts = re.split(r"[\s-]+", text)
        for end in range(min(len(parts), 9), 0, -1):
            number = number_in_words(" ".join(parts[:end]))
            if number is not None:
                rest = " ".join(parts[end:])
                return sign * number if not rest or self.is_unit(rest) else None
        return None

    def without_name(self, text):
        """'age: 45', 'the temperature is 5' -> the number alone."""
        match = _NAMED.match(text)
        if match and frozenset(words_of(match[1])) - _FILLING in self.names:
            return text[match.end() :]
        return text

    def is_unit(self, text):
        """Whether a text is the unit or what is counted: 'sq ft', 'years old', 'bedrooms'."""
        if squash(text) in self.units:
            return True
        words = set(words_of(text))
        return bool(words) and words <= self.own_words
