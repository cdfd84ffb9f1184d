"""GGUF weights in another number format (PyPI ``gguf``).

llama.cpp computes faster with some formats than with others: with Q8_0 1.5 times as fast as with Q4_1
(benchmarks/README.md). A format of more bits than the file's own changes no weight by more than half a step.
"""

from pathlib import Path


def quantize(source: Path, target: Path, quantization: str) -> None:
    """Write ``source`` to ``target`` with every matrix in the format ``quantization`` ("q8_0"). Vectors and
    all that is not weights stay as they are. Raises ValueError for a format that cannot be read."""
    import gguf

    wanted = gguf.GGMLQuantizationType[quantization.upper()]
    reader = gguf.GGUFReader(source)
    fields = reader.fields
    # The tensors wait in a file until all are known: a large model need not fit into memory.
    writer = gguf.GGUFWriter(target, fields["general.architecture"].contents(), use_temp_file=True)
    for name, field in fields.items():
        # The first are the file's own: how many fields and tensors it has, and where they begin.
        if not name.startswith("GGUF.") and name not in ("general.architecture", "general.alignment"):
            kind, *_ = field.types
            element = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), kind, sub_type=element)
    for tensor in reader.tensors:
        data, kind = tensor.data, tensor.tensor_type
        if len(tensor.shape) > 1 and kind != wanted:
            try:
                data, kind = gguf.quantize(gguf.dequantize(data, kind), wanted), wanted
            except (NotImplementedError, gguf.QuantError) as error:
                raise ValueError(f"{tensor.name} in {source} is {kind.name}: {error}") from error
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
