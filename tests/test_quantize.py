"""Weights in another number format."""

import numpy as np
import pytest

from sce.quantize import quantize

gguf = pytest.importorskip("gguf")
Q4_1, Q8_0, F32 = (gguf.GGMLQuantizationType[name] for name in ("Q4_1", "Q8_0", "F32"))


@pytest.fixture
def weights(tmp_path):
    """A file with a matrix of 4 x 64 in Q4_1, a vector, and metadata of several kinds."""
    drawn = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    writer = gguf.GGUFWriter(tmp_path / "weights.gguf", "llama")
    writer.add_block_count(3)
    writer.add_token_list(["a", "b’", "c"])
    writer.add_token_scores([0.5, 1.5, -2.0])
    writer.add_tensor("matrix", gguf.quantize(drawn, Q4_1), raw_dtype=Q4_1)
    writer.add_tensor("vector", np.arange(8, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path / "weights.gguf"


def read(path):
    reader = gguf.GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items() if name[:4] != "GGUF"}
    return fields, {tensor.name: tensor for tensor in reader.tensors}


def test_matrices_change_by_half_a_step_at_most_and_nothing_else_changes(weights, tmp_path):
    quantize(weights, tmp_path / "q8.gguf", "q8_0")
    (fields, before), (same_fields, after) = read(weights), read(tmp_path / "q8.gguf")
    assert same_fields == fields
    assert fields["tokenizer.ggml.tokens"] == ["a", "b’", "c"]
    assert (after["matrix"].tensor_type, after["vector"].tensor_type) == (Q8_0, F32)
    assert (after["vector"].data == before["vector"].data).all()
    old, new = gguf.dequantize(before["matrix"].data, Q4_1), gguf.dequantize(after["matrix"].data, Q8_0)
    blocks = np.abs(old).reshape(4, 2, 32).max(axis=-1, keepdims=True)  # a step is 1/127 of a block's largest
    assert (np.abs(new - old).reshape(4, 2, 32) <= blocks / 127 * 0.51).all()
    assert (new != old).any()


def test_a_matrix_that_cannot_be_read_is_named(weights, tmp_path, monkeypatch):
    monkeypatch.delitem(gguf.quants._type_traits, Q4_1)
    with pytest.raises(ValueError, match=r"matrix in .*weights\.gguf is Q4_1"):
        quantize(weights, tmp_path / "q8.gguf", "q8_0")


def test_a_matrix_whose_rows_do_not_divide_into_blocks_is_named(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "odd.gguf", "llama")
    writer.add_tensor("odd", np.ones((4, 33), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ValueError, match=r"odd in .* is F32"):
        quantize(tmp_path / "odd.gguf", tmp_path / "q8.gguf", "q8_0")
