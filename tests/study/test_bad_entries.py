"""Bad entries of models: their addresses, headers and options, and names of the catalogue. Each is one
message, as in ``test_bad_configurations``."""

import pytest

from sce.study.study import load
from tests.study.bad_input import (
    ECHO,
    KEY,
    OPENAI,
    VLLM,
    WHERE,
    caught,
    changed,
)

# (key that is changed, its value, the key of the message, a part of the message)
ENTRIES = [
    # addresses, headers, options of a server
    ("models.m", OPENAI | {"base_url": "http://host:99999"}, "models.m.base_url", "Port out of range"),
    ("models.m", OPENAI | {"base_url": "http://host:0"}, "models.m.base_url", "https://HOST:PORT"),
    ("models.m", OPENAI | {"base_url": "http://host:port/v1"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://[::1"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "ftp://host"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://ho st"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://host/v1?a=1"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://host\n"}, "models.m.base_url", "address"),
    ("models.m", OPENAI | {"base_url": "http://host/\x01"}, "models.m.base_url", "U+0001"),
    ("models.m", OPENAI | {"base_url": "http://127.1/v1"}, "models.m.base_url", "four numbers"),
    ("models.m", OPENAI | {"base_url": "http://2130706433"}, "models.m.base_url", "four numbers"),
    ("models.m", OPENAI | {"base_url": "http://0x7f.0.0.1"}, "models.m.base_url", "four numbers"),
    ("models.m", OPENAI | {"base_url": "http://[v1.a]/v1"}, "models.m.base_url", "an IPv6 address"),
    ("models.m", OPENAI | {"base_url": "http://10.0.0.256"}, "models.m.base_url", "four numbers"),
    ("models.m", OPENAI | {"base_url": "http://[fe80::1%eth0]/v1"}, "models.m.base_url", "IPv6"),
    ("models.m", OPENAI | {"base_url": "http://a..b"}, "models.m.base_url", "is a name"),
    ("models.m", OPENAI | {"base_url": "http://-a.b"}, "models.m.base_url", "is a name"),
    ("models.m", OPENAI | {"base_url": f"http://{'a' * 64}.org"}, "models.m.base_url", "is a name"),
    ("models.m", OPENAI | {"base_url": "models.example.org/v1"}, "models.m.base_url", "https://HOST"),
    ("models.m", OPENAI | {"base_url": "http://me@host/v1"}, "models.m.base_url", "without a user"),
    ("models.m", OPENAI | {"headers": {"a": "b\nc: d"}}, "models.m.headers", "in one line"),
    ("models.m", OPENAI | {"headers": {"a": "b\rc"}}, "models.m.headers.a", "U+000D"),
    ("models.m", OPENAI | {"headers": {"a": "ü"}}, "models.m.headers", "ASCII"),
    ("models.m", OPENAI | {"headers": {"a": ""}}, "models.m.headers", "in one line"),
    ("models.m", OPENAI | {"headers": {"a b": "c"}}, "models.m.headers", "'a b'"),
    ("models.m", OPENAI | {"headers": {"": "c"}}, "models.m.headers", "not ''"),
    ("models.m", OPENAI | {"headers": {"a\n": "c"}}, "models.m.headers", "names of further headers"),
    ("models.m", OPENAI | {"headers": {"Content-Length": "5"}}, "models.m.headers", "Content-Length"),
    ("models.m", OPENAI | {"headers": {"X-A": "b", "x-a": "c"}}, "models.m.headers", "each header once"),
    ("models.m", OPENAI | {"headers": {"a": "$5"}}, "models.m.headers", "$VARIABLE"),
    ("models.m", OPENAI | {"headers": {"a": 5}}, "models.m.headers.a", "text"),
    ("models.m", OPENAI | {"model": ""}, "models.m.model", "not empty"),
    ("models.m", OPENAI | {"model": " m"}, "models.m.model", "one line"),
    ("models.m", OPENAI | {"model": "m" * 300}, "models.m.model", "200"),
    ("models.m", OPENAI | {"model": 4}, "models.m.model", "text"),
    ("models.m", VLLM | {"engine_args": {"Max-Len": 1}}, "models.m.engine_args", "Max-Len"),
    ("models.m", VLLM | {"engine_args": {"port": 1}}, "models.m.engine_args", "port is set"),
    ("models.m", VLLM | {"engine_args": {"a": [1]}}, "models.m.engine_args.a", "a number or a text"),
    ("models.m", VLLM | {"engine_args": {"a": None}}, "models.m.engine_args.a", "a number or a text"),
    ("models.m", VLLM | {"quantization": "--host=0.0.0.0"}, "models.m.quantization", "of the form"),
    ("models.m", VLLM | {"gpu_type": "a100; rm"}, "models.m.gpu_type", "of the form"),
    ("models.m", ECHO | {"partition": "gpu --now"}, "models.m.partition", "of the form"),
    # the catalogue
    ("models.m", {"from": ["gpt41"]}, "from", "by its name"),
    ("models.m", {"from": {"a": 1}}, "from", "by its name"),
    ("models.m", {"from": None}, "from", "by its name"),
    ("models.m", {"from": "gpt_4_1_of_old"}, "from", "one of"),
]


@pytest.mark.parametrize(("path", "value", "key", "told"), ENTRIES)
def test_a_bad_entry_is_one_message(path, value, key, told):
    error = caught(load, changed(path, value), WHERE)
    assert error.key.startswith(key)
    assert told in str(error)
    assert KEY not in str(error)
