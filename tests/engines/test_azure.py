"""Azure OpenAI: what is not OpenAI's about it."""

import pytest

from sce.engines import open_engine
from sce.errors import InputError
from sce.files.contracts import check
from tests.asking.questions import ABOUT, Entries, ask_all, entry, entry_of, question
from tests.doors import KEY, AzureDoor
from tests.faults import served


def deployment(url="http://127.0.0.1:9", **fields):
    content = {"engine": "azure", "model": "tiny", "base_url": url, "api_version": "2024-10-21"} | fields
    return entry_of(content)


def test_its_questions_are_those_of_openai_under_another_name():
    ours = open_engine(deployment(), None).body(question(0), ABOUT)
    assert ours == open_engine(entry(), None).body(question(0), ABOUT) | {"engine": "azure"}
    newer = deployment(api_version="2025-04-01-preview")
    assert open_engine(newer, None).body(question(0), ABOUT) == ours
    assert newer.shape() == deployment().shape()
    assert open_engine(deployment(revision="0613"), None).body(question(0), ABOUT) != ours


def test_the_sdk_takes_nothing_else_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "another")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_VERSION", "2020-01-01")
    door = AzureDoor()
    with served(door) as url:
        found, _ = ask_all(deployment(url), tmp_path, range(1))
    assert found[0].status == "answered"
    assert door.seen[0][0] == AzureDoor.PATH


@pytest.mark.parametrize(
    ("missing", "fields", "told"),
    [
        ("api_version", {}, "api_version"),
        ("base_url", {}, "base_url"),
        (None, {"check_model": True}, "False"),
        (None, {"mode": "batch"}, "'live'"),
    ],
)
def test_a_mistake_in_an_entry_is_named(missing, fields, told):
    content = deployment().model_dump(exclude_unset=True, exclude={missing} if missing else None) | fields
    with pytest.raises(InputError, match=told):
        check(Entries, {"models": {"mine": content}}, "models.yaml")
