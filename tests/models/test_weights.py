"""Which weights an entry names: a variable means the same for every engine."""

import pytest

from sce.errors import InputError
from sce.models.llama_cpp import LlamaCpp
from sce.models.vllm import Vllm
from sce.models.weights import local_weights, weights_file


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOME_WEIGHTS", raising=False)
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"GGUF")
    return file


@pytest.mark.parametrize("find", [weights_file, local_weights])
@pytest.mark.parametrize("written", ["$SOME_WEIGHTS", "${SOME_WEIGHTS}"])
def test_a_variable_is_read_from_the_environment_or_the_file(find, written, weights, monkeypatch, tmp_path):
    with pytest.raises(InputError, match=r"SOME_WEIGHTS.*, which is not set"):
        find(written)
    (tmp_path / ".env").write_text(f"SOME_WEIGHTS={weights}\n")
    assert find(written) == weights
    monkeypatch.setenv("SOME_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"nowhere.*existing"):
        find(written)


@pytest.mark.parametrize("find", [weights_file, local_weights])
def test_a_path_may_begin_at_home(find, weights, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find("~/tiny.gguf") == find(str(weights)) == weights


def test_known_weights_shape_the_same_answers_and_give_no_new_ones(weights):
    here = LlamaCpp(engine="llama_cpp", weights=str(weights))
    known = LlamaCpp(engine="llama_cpp", weights=here.known_weights)
    assert known.weights.startswith("known:")
    assert known.weights.endswith(":tiny")
    assert known.shape() == here.shape()
    assert known.provider_model == here.provider_model == "tiny"
    assert known.known_weights == here.known_weights
    assert known.weights_gb == 0
    served = Vllm(engine="vllm", model="tiny", weights=str(weights.parent))
    assert Vllm(engine="vllm", model="tiny", weights=served.known_weights).shape() == served.shape()
    for find, asked in ((weights_file, known), (local_weights, served)):
        with pytest.raises(InputError, match=r"weights that are known and not here.*something new"):
            find(asked.known_weights)
