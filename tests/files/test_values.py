"""Kinds of values: which addresses of servers are taken."""

import pytest

from sce.files.contracts import Contract, check
from sce.files.values import Url


class Entry(Contract):
    base_url: Url


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1", "http://localhost:8000", "http://127.0.0.1:8000/v1", "http://[::1]:8000",
        "http://gpu-01:8000/v1", "http://vllm_server/v1", "https://XN--BCHER-KVA.example.", "http://10.0.0.7",
        "https://bedrock-runtime.eu-west-1.amazonaws.com", "http://node1.4you:80/a%20b",
    ],
)  # fmt: skip
def test_addresses_of_servers(url):
    assert check(Entry, {"base_url": url}, "here").base_url == url
