"""The readers of a dataset's options and features, and the names that replies give its features."""

from sce.reading.labels import NEW, marker, misspelt, word_set, words_of
from sce.reading.options import OptionReader
from sce.reading.values import FeatureReader

MOST_DATASETS = 32
_kept: dict[int, tuple[object, "Readers"]] = {}  # by id, which no other has as long as it is kept


def readers_of(dataset) -> "Readers":
    """The readers of a dataset, made once."""
    if id(dataset) not in _kept:
        if len(_kept) >= MOST_DATASETS:
            _kept.clear()
        _kept[id(dataset)] = dataset, Readers(dataset)
    return _kept[id(dataset)][1]


_FILLING = word_set("the is are of in an a value level number num no n count")


class Readers:
    """The features and options of a dataset, with the ways of naming a feature."""

    def __init__(self, dataset):
        self.options = OptionReader(dataset)
        self.features = {name: FeatureReader(name, feature) for name, feature in dataset.features.items()}
        self.filling = _FILLING | set(words_of(dataset.subject))
        self.by_words, self.by_letters = {}, {}
        for name, feature in dataset.features.items():
            for text in (name, *feature.names, feature.wording.partition("{value}")[0]):
                words = words_of(text)
                self.by_words.setdefault(self._telling(words, name), set()).add(name)
                self.by_letters.setdefault("".join(words), set()).add(name)
        self.known = {None: (None, 0)}
        self.answers = {}  # (reply, its finish reason) -> the answer that was read
        self.sces = {}  # the same of SCEs

    def feature(self, key):
        """(feature, rank) of a key, or (None, 0); of two keys the one of higher rank counts."""
        if key not in self.known:
            if len(self.known) > 5000:
                self.known = {None: (None, 0)}
            self.known[key] = self._feature(key)
        return self.known[key]

    def _feature(self, key):
        words = words_of(key[:200])
        if key in self.features:
            return key, 1
        if name := self._named(words):
            return name, int(words == words_of(name))
        state = marker(words)
        if state == "old":
            return None, 0
        words = tuple(word for word in words if word not in NEW)
        if name := self._named(words):
            return name, 2
        names = self.by_letters.get("".join(words)) or set().union(
            *(found for text, found in self.by_letters.items() if len(words) == 1 and _slip(words[0], text))
        )
        return (next(iter(names)), 0) if len(names) == 1 else (None, 0)

    def _named(self, words):
        """The feature that these words name, in any order."""
        return next((n for n in self.features if self.by_words.get(self._telling(words, n)) == {n}), None)

    def _telling(self, words, name):
        """The words of a key that name the feature: not its unit, not articles and the like."""
        unit = self.features[name].unit_words
        return frozenset(w for w in words if w not in unit and w not in self.filling) or frozenset(words)


def _slip(word, intended):
    """Whether a key is misspelt. (temperaturef is not: its last letter may be a unit.)"""
    return len(intended) >= 6 and not word.startswith(intended) and misspelt([word], [intended])
