"""How work and limits are divided between the jobs that ask one model about one dataset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sce.models import job_needs
from sce.models.catalogue import read_entry
from sce.models.shards import Shard, allowed, forget_notes, in_flight, shards, share

HOSTED = {"engine": "openai", "model": "tiny", "base_url": "http://127.0.0.1:9/v1", "api_key_env": None}


def entry(**fields):
    return read_entry({"models": {"m": HOSTED | fields}}, "m")


@given(st.integers(0, 300), st.integers(1, 40))
def test_the_parts_are_the_whole_in_its_order_and_of_one_size(size, number):
    parts = [shard.part(range(size)) for shard in shards(number)]
    assert [item for part in parts for item in part] == list(range(size))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert [shard.part(list(range(size))) for shard in shards(number)] == list(map(list, parts))


@given(st.integers(1, 99), st.integers(1, 99))
def test_a_shard_is_found_by_its_name(number, of):
    assert Shard.named(str(Shard(number, of))) == Shard(number, of)


@pytest.mark.parametrize("name", ["", "2", "0-of-3", "2-of-3x", "2 of 3"])
def test_other_names_are_none_of_a_shard(name):
    with pytest.raises(ValueError, match="not the name of a shard, as 2-of-4"):
        Shard.named(name)


def test_the_shares_of_the_limits_are_the_limits():
    whole = entry(shards=3, max_in_flight=8, requests_per_minute=90, tokens_per_minute=1000)
    parts = [share(whole, shard) for shard in shards(3)]
    assert [part.max_in_flight for part in parts] == [2, 3, 3]
    assert {part.requests_per_minute for part in parts} == {30}
    assert sum(part.tokens_per_minute for part in parts) == pytest.approx(1000)
    assert in_flight(whole) == 8
    assert share(entry(shards=3, max_in_flight="auto"), Shard(1, 3)).max_in_flight == "auto"
    unlimited = share(entry(shards=3), Shard(1, 3))
    assert (unlimited.requests_per_minute, unlimited.tokens_per_minute) == (None, None)


def test_a_shard_with_an_engine_of_its_own_keeps_it_busy():
    local = read_entry({"models": {"m": {"engine": "vllm", "model": "Tiny-1B", "shards": 4}}}, "m")
    assert share(local, Shard(1, 4)).max_in_flight == local.max_in_flight == 64
    assert in_flight(local) == 4 * 64


def test_shards_shape_no_answer():
    assert entry(shards=3).shape() == entry().shape()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"shards": 0}, "greater than or equal to 1"),
        ({"shards": 101}, "less than or equal to 100"),
        ({"shards": 2.5}, "valid integer"),
    ],
)
def test_what_shards_cannot_be(fields, told):
    with pytest.raises(ValidationError, match=told):
        entry(**fields)


def test_no_more_shards_than_can_share_the_limits():
    assert allowed(entry(shards=9)) == "at most max_in_flight, which they share: 8"
    assert (
        allowed(entry(shards=2, mode="batch")) == "1 with mode: batch, as a batch holds all that can be asked"
    )
    fine = [entry(shards=8), entry(shards=9, max_in_flight="auto"), entry(mode="batch")]
    assert list(map(allowed, fine)) == [None] * 3


def test_the_job_that_reads_the_answers_of_shards_takes_no_engine():
    model = read_entry(
        {"models": {"m": {"engine": "vllm", "model": "Tiny-70B", "partition": "gpu", "gpu_type": "a100"}}},
        "m",
    )
    reads = job_needs.gathering(model)
    assert (job_needs.gpus(reads), job_needs.gpu_type(reads), reads.cores) == (0, None, 1)
    assert (job_needs.memory_mb(reads), job_needs.runtime_min(reads), reads.partition) == (2000, 30, "gpu")
    assert job_needs.pool(job_needs.gathering(entry())) is None


def test_notes_of_another_number_of_shards_are_removed(tmp_path):
    folder = tmp_path / "shards"
    forget_notes(folder, [])  # there may be none
    folder.mkdir()
    for shard in (Shard(1, 3), Shard(1, 2), Shard(2, 2)):
        (folder / f"{shard}.txt").write_text("15 questions\n")
    inputs = [str(folder / f"{shard}.txt") for shard in shards(2)]
    forget_notes(folder, inputs)
    assert sorted(map(str, folder.iterdir())) == inputs
    forget_notes(folder, [])
    assert not folder.exists()
