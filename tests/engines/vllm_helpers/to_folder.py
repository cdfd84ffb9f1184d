"""Run with an interpreter that has vLLM, transformers, gguf and accelerate: a GGUF file becomes a folder that
vLLM loads, dequantised to float32. Usage: to_folder.py FILE.gguf FOLDER"""

import os
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

source, name = os.path.split(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=name)
loaded = AutoModelForCausalLM.from_pretrained(source, gguf_file=name, dtype=torch.float32)
config = loaded.config
if hasattr(config, "quantization_config"):
    del config.quantization_config  # the weights are plain now, which transformers does not notice
plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
plain.load_state_dict(loaded.state_dict())
plain.save_pretrained(sys.argv[2])
tokenizer.save_pretrained(sys.argv[2])
