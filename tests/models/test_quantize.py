"""Weights in another number format."""

import numpy as np
import pytest

from sce.models.quantize import quantize

gguf = pytest.importorskip("gguf")
Q4_1, Q8_0, F32 = (gguf.GGMLQuantizationType[name] for name in ("Q4_1", "Q8_0", "F32"))


@pytest.fixture
def write(tmp_path):
    """Writes a file of tensors (name -> values, in which format), and metadata of several kinds."""

    def write(tensors, **fields):
        writer = gguf.GGUFWriter(tmp_path / "weights.gguf", "llama")
        writer.add_block_count(3)
        writer.add_token_list(["a", "b’", "c"])
        writer.add_token_scores([0.5, 1.5, -2.0])
        for name, value in fields.items():
            writer.add_uint16(name.replace("_", "."), value)
        for name, (values, kind) in tensors.items():
            writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return tmp_path / "weights.gguf"

    return write


def drawn(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def read(path):
    reader = gguf.GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items() if name[:4] != "GGUF"}
    return fields, {tensor.name: tensor for tensor in reader.tensors}


def test_matrices_change_by_little_more_than_half_a_step_and_nothing_else_changes(write, tmp_path):
    tensors = {
        "matrix": (drawn(4, 64), Q4_1),
        "vector": (drawn(8), F32),
        "convolution": (drawn(8, 4), F32),
        "bias": (drawn(4, 64), F32),
    }
    weights = write(tensors)
    quantize(weights, tmp_path / "q8.gguf", "q8_0")
    (fields, before), (same_fields, after) = read(weights), read(tmp_path / "q8.gguf")
    assert same_fields == fields
    assert fields["tokenizer.ggml.tokens"] == ["a", "b’", "c"]
    assert {name: after[name].tensor_type for name in after} == {
        "matrix": Q8_0, "vector": F32, "convolution": F32, "bias": F32,
    }  # fmt: skip
    for name in ("vector", "convolution", "bias"):
        assert (after[name].data == before[name].data).all()
    old, new = gguf.dequantize(before["matrix"].data, Q4_1), gguf.dequantize(after["matrix"].data, Q8_0)
    steps = np.abs(old).reshape(4, 2, 32).max(axis=-1, keepdims=True) / 127
    # Half a step, and what the step loses as a 16-bit number: 127 times 2^-11 of itself.
    assert (np.abs(new - old).reshape(4, 2, 32) <= steps * 0.57).all()
    assert (new != old).any()


def test_a_matrix_that_cannot_be_read_is_named(write, tmp_path, monkeypatch):
    weights = write({"matrix": (drawn(4, 64), Q4_1)})
    monkeypatch.delitem(gguf.quants._type_traits, Q4_1)
    with pytest.raises(ValueError, match=r"matrix in .*weights\.gguf is Q4_1"):
        quantize(weights, tmp_path / "q8.gguf", "q8_0")


def test_a_matrix_whose_rows_do_not_divide_into_blocks_is_named(write, tmp_path):
    weights = write({"odd": (drawn(4, 33), gguf.GGMLQuantizationType.F16)})
    with pytest.raises(ValueError, match=r"odd in .* is F16"):
        quantize(weights, tmp_path / "q8.gguf", "q8_0")


def test_one_of_several_files_is_refused(write, tmp_path):
    weights = write({"matrix": (drawn(4, 64), Q4_1)}, split_count=3)
    with pytest.raises(ValueError, match="one of 3 files: merge them"):
        quantize(weights, tmp_path / "q8.gguf", "q8_0")


@pytest.mark.parametrize("kept", [4, 50, 300, 420])
def test_a_file_cut_off_is_named(write, tmp_path, kept):
    weights = write({"matrix": (drawn(4, 64), Q4_1)})
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"weights\.gguf is no whole GGUF file"):
        quantize(weights, tmp_path / "q8.gguf", "q8_0")
