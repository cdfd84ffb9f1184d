"""GGUF weights in another number format (PyPI ``gguf``).

llama.cpp computes faster with some formats than with others: with Q8_0 1.5 times as fast as with Q4_1 or more
(benchmarks/README.md). Q8_0 changes a weight by little more than half of one of its steps, which are 1/127 of
the largest weight in a block of 32.
"""

import tempfile
from pathlib import Path

from sce.models.weights import fingerprint

QUANTIZED = Path(".snakemake/weights")  # of the study's folder; may be deleted when no job runs
KEPT = {"F32", "F64", "I8", "I16", "I32", "I64"}  # where these stand among others, llama.cpp needs them
WRITTEN_ANEW = ("GGUF.", "general.architecture", "general.alignment")


def quantized(weights: Path, quantization: str) -> Path:
    """The file that holds these weights in the format ``quantization``, written the first time that it is
    asked for. Raises as ``quantize`` does, and OSError where there is no room."""
    target = QUANTIZED / f"{fingerprint(weights)}-{quantization}.gguf"
    if not target.exists():
        QUANTIZED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=QUANTIZED, ignore_cleanup_errors=True) as folder:
            whole = Path(folder) / target.name
            quantize(weights, whole, quantization)
            whole.replace(target)  # so that no other job finds a part of it
    return target


def quantize(source: Path, target: Path, quantization: str) -> None:
    """Write ``source`` to ``target`` with its matrices in the format ``quantization`` ("q8_0"). Vectors, what
    is in full numbers and all that is not weights stay as they are. Raises ValueError for a file that cannot
    be read, or that is one of several."""
    import gguf

    wanted = gguf.GGMLQuantizationType[quantization.upper()]
    try:
        reader = gguf.GGUFReader(source)
        fields = {name: field.contents() for name, field in reader.fields.items()}
        architecture = fields["general.architecture"]
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError(f"{source} is no whole GGUF file ({error})") from error
    if fields.get("split.count", 0) > 1:
        raise ValueError(f"{source} is one of {fields['split.count']} files: merge them first")

    # The tensors wait in a file until all are known: a large model need not fit into memory.
    writer = gguf.GGUFWriter(target, architecture, use_temp_file=True)
    for name, field in reader.fields.items():
        if not name.startswith(WRITTEN_ANEW) and fields[name] != []:
            element = field.types[-1] if len(field.types) > 1 else None
            writer.add_key_value(name, fields[name], field.types[0], sub_type=element)
    for tensor in reader.tensors:
        data, kind = tensor.data, tensor.tensor_type
        if len(tensor.shape) > 1 and kind != wanted and kind.name not in KEPT:
            try:
                data, kind = gguf.quantize(gguf.dequantize(data, kind), wanted), wanted
            except (NotImplementedError, gguf.QuantError) as error:
                raise ValueError(f"{tensor.name} in {source} is {kind.name}: {error}") from error
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
