"""What of a study leaves a machine, and what does not."""

import pandas as pd
import pytest

from sce.errors import InputError
from sce.exporting.neutral import NOWHERE, Cleaner, configuration
from sce.models.bedrock import SIGNING_KEYS
from sce.study.study import load

KEY = "sk-not-a-real-one-0123456789"


def study(models, **experiment):
    main = {"models": list(models), "datasets": ["exam"], "conditions": ["minimal"]} | experiment
    return load({"models": models, "experiments": {"main": main}}, "config.yaml")


def test_errors_lose_keys_addresses_and_paths():
    cleaner = Cleaner((KEY,))
    error = f"no answer from http://gpu-node-7:8000/v1 with {KEY}: see /home/me/logs/run.log (10.0.3.7:80)"
    assert cleaner.error(error) == "no answer from http://[host]/v1 with [a key, hidden]: see [path] ([host])"
    for kept in ("429: rate limit of 10/min", "and/or", "400 (context: 4096 tokens)"):
        assert cleaner.error(kept) == kept


def test_replies_lose_keys_alone():
    replies = pd.DataFrame({"response": [f"see /a/b {KEY}", None], "valid": [True, None], "n": [1, 2]})
    clean = Cleaner((KEY,)).table(replies)
    pd.testing.assert_frame_equal(clean, replies.assign(response=["see /a/b [a key, hidden]", None]))


def test_keys_are_those_that_entries_name(monkeypatch):
    monkeypatch.setenv("OWN_KEY", KEY)
    monkeypatch.setenv("TEAM", "Bearer of-the-team")
    for name in SIGNING_KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "what-signs-requests")
    monkeypatch.setenv("NO_KEY", "none")  # what a server without keys is sent: a word of many replies
    models = {
        "a": {"engine": "openai", "model": "m", "api_key_env": "OWN_KEY", "headers": {"X-Team": "$TEAM"}},
        "b": {"engine": "openai", "model": "m", "api_key_env": "NO_KEY"},
        "c": {"engine": "bedrock", "model": "m", "region": "eu-west-1"},
        "d": {"engine": "control", "policy": "echo"},
    }
    keys = Cleaner.of(study(models)).keys
    assert keys == (KEY, "Bearer of-the-team", "of-the-team", "what-signs-requests")


def test_words_that_are_no_keys_stay(monkeypatch):
    """Servers without keys are given short ones; of a header with two words the key is one."""
    monkeypatch.setenv("OWN_KEY", "none")
    monkeypatch.setenv("TEAM", f"Bearer {KEY}")
    remote = {"engine": "openai", "model": "m", "api_key_env": "OWN_KEY", "headers": {"X-Team": "$TEAM"}}
    cleaner = Cleaner.of(study({"a": remote}))
    assert cleaner.text(f"none of {KEY}") == "none of [a key, hidden]"


def test_a_configuration_keeps_what_shapes_answers(tmp_path, monkeypatch):
    weights = tmp_path / "tiny.gguf"
    weights.write_bytes(b"GGUF")
    monkeypatch.setenv("MY_WEIGHTS", str(weights))
    models = {
        "here": {
            "engine": "llama_cpp",
            "weights": "$MY_WEIGHTS",
            "threads": 3,
            "context": 512,
            "max_tokens": 9,
        },
        "own": {"engine": "openai", "model": "m", "base_url": "http://node:8/v1", "timeout_s": 5, "seed": 7},
        "public": {
            "engine": "openai",
            "model": "gpt-5",
            "base_url": "https://api.openai.com/v1",
            "budget_usd": 9,
        },
    }
    found = configuration(study(models), {})
    assert found["models"]["here"] == {
        "engine": "llama_cpp", "context": 512, "max_tokens": 9, "retry": [],
        "weights": found["models"]["here"]["weights"],
    }  # fmt: skip
    assert found["models"]["here"]["weights"].endswith(":tiny")
    assert found["models"]["own"] == {
        "engine": "openai", "model": "m", "base_url": NOWHERE, "seed": 7, "retry": [],
    }  # fmt: skip
    assert found["models"]["public"]["base_url"] == "https://api.openai.com/v1"
    assert "budget_usd" not in found["models"]["public"]


def test_a_configuration_for_clouds_can_be_read_by_others():
    models = {
        "aws": {"engine": "bedrock", "model": "m", "region": "eu-west-1"},
        "google": {"engine": "vertex", "model": "m", "region": "eu", "project": "secret-plans"},
        "azure": {
            "engine": "azure",
            "model": "m",
            "base_url": "https://ours.test",
            "api_version": "2024-10-21",
        },
    }
    found = configuration(study(models), {})
    assert found["models"] == {
        "aws": {"engine": "bedrock", "model": "m", "base_url": NOWHERE, "region": "eu-west-1", "retry": []},
        "google": {
            "engine": "vertex", "model": "m", "base_url": NOWHERE, "region": "eu", "project": "your-project",
            "retry": [],
        },
        "azure": {
            "engine": "azure", "model": "m", "base_url": NOWHERE, "api_version": "2024-10-21", "retry": [],
        },
    }  # fmt: skip
    again = load(found, "config.yaml").config.models
    assert [again[name].shape() for name in models] == [
        entry.shape() for entry in study(models).config.models.values()
    ]


def test_files_that_a_configuration_names_come_along(tmp_path):
    results, starts = tmp_path / "results.json", tmp_path / "starts.csv"
    results.write_text("[]")
    starts.write_text("1")
    files = {}
    models = {"theirs": {"engine": "published", "files": {"exam": str(results)}}}
    found = configuration(study(models, adaptive={"starts": str(starts)}), files)
    assert found["models"]["theirs"]["files"] == {
        "exam": "resources/published_results/theirs/exam-results.json"
    }
    assert found["experiments"]["main"]["adaptive"]["starts"] == "resources/starts/main-starts.csv"
    assert files == {
        "resources/published_results/theirs/exam-results.json": results,
        "resources/starts/main-starts.csv": starts,
    }


def test_a_path_that_shapes_answers_is_refused(tmp_path):
    template = tmp_path / "chat.jinja"
    template.touch()
    served = {"engine": "vllm", "model": "m", "engine_args": {"chat_template": str(template)}}
    with pytest.raises(InputError, match=r"models\.served\.engine_args\.chat_template.*no absolute path"):
        configuration(study({"served": served}), {})
