"""Artifacts that are damaged, missing or cannot be written: an error that names the file and the way out."""

import errno
import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sce.errors import InputError
from sce.files import artifacts

ROWS = 40


@pytest.fixture
def scores(tmp_path):
    """The path of a small artifact, and its table."""
    table = pd.DataFrame(
        {
            "condition": "minimal", "metric": "gower", "score": [f"score {i}" for i in range(ROWS)],
            "value": np.linspace(0, 1, ROWS), "low": 0.25, "high": None,
            "estimand": "points", "n": range(ROWS), "clusters": 5, "effective_n": 4.5, "reason": None,
        }
    )  # fmt: skip
    path = tmp_path / "results/scores.parquet"
    artifacts.write(table, path, "scores", provenance={"params": {"pairs": [["gpt41", "income"]]}})
    return path


def flipped(raw: bytes, place: int, bit: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]


def damages(raw: bytes):
    yield "empty", b""
    yield "cut", raw[: len(raw) // 2]
    yield "without its end", raw[:-1]
    yield "zeros", bytes(len(raw))
    yield "text", b"no such thing\n"


def test_a_damaged_artifact_is_named_and_set_aside(scores):
    raw = scores.read_bytes()
    for name, damaged in damages(raw):
        scores.write_bytes(damaged)
        with pytest.raises(InputError) as caught:
            artifacts.read(scores)
        assert str(scores) in str(caught.value), name
        assert "run again" in str(caught.value)
        assert "no model is asked" in str(caught.value)
        assert not scores.exists()  # so Snakemake makes it again
        assert scores.with_name("scores.parquet.damaged").read_bytes() == damaged


def test_no_flipped_bit_changes_a_value_unseen(scores):
    """Every byte once: what is read is the table, or an error that names the file."""
    raw, expected, unseen, found = scores.read_bytes(), artifacts.read(scores), [], 0
    chance = random.Random(0)
    for place in range(len(raw)):
        scores.write_bytes(flipped(raw, place, chance.randrange(8)))
        try:
            table = artifacts.read(scores)
        except InputError:
            found += 1
            continue
        if not table.equals(expected):
            unseen.append(place)
    assert found > len(raw) / 3
    assert unseen == []


def test_a_damaged_array_is_named_and_set_aside(tmp_path):
    path = tmp_path / "embeddings.npy"
    artifacts.write_array(np.ones((66, 4), dtype=np.float32), path)
    assert artifacts.read_array(path).shape == (66, 4)
    raw = path.read_bytes()
    for name, damaged in damages(raw):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="run again"):
            artifacts.read_array(path)
        assert not path.exists(), name


def test_what_is_missing_is_named(tmp_path):
    for read in (artifacts.read, artifacts.read_array, artifacts.provenance):
        with pytest.raises(InputError, match=r"boundary\.parquet: file: found 'missing'"):
            read(tmp_path / "boundary.parquet")


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOSPC, "make space, then run again"), (errno.EROFS, "a folder that this user may write")],
)
def test_a_full_disk_and_a_read_only_folder_are_told(scores, monkeypatch, number, told):
    before = scores.read_bytes()

    def fail(*_, **__):
        raise OSError(number, "as if")

    monkeypatch.setattr(artifacts.pq, "write_table", fail)
    with pytest.raises(InputError, match=told) as caught:
        artifacts.write(artifacts.read(scores), scores, "scores")
    assert str(scores) in str(caught.value)
    assert scores.read_bytes() == before
    assert [path.name for path in scores.parent.iterdir()] == ["scores.parquet"]


def test_too_little_memory_is_no_damage(scores, monkeypatch):
    def fail(*_, **__):
        raise pa.ArrowMemoryError("as if")

    monkeypatch.setattr(artifacts.pq, "read_table", fail)
    with pytest.raises(MemoryError):
        artifacts.read(scores)
    assert scores.exists()
