"""Anthropic's models on Amazon Bedrock and Google Vertex: addresses, credentials, and what is sent."""

import json
import sys

import pytest

from sce.engines import Fatal, open_engine
from sce.errors import InputError
from sce.files.contracts import check
from sce.models.job_needs import pool
from tests.asking.questions import ABOUT, Entries, ask_all, entry_of, question
from tests.asking.questions import entry as plain_entry
from tests.doors import KEY, BedrockDoor, VertexDoor, require_sdk
from tests.faults import Answer, served

PLACE = {"bedrock": {"region": "eu-west-1"}, "vertex": {"region": "eu", "project": "mine"}}


def entry(engine, **fields):
    content = {"engine": engine, "model": "tiny"} | PLACE[engine] | fields
    return entry_of(content)


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """No credentials anywhere: neither in the environment nor at home."""
    require_sdk(BedrockDoor)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in (*BedrockDoor.KEYS, "AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("model", "address"),
    [
        (entry("bedrock"), "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        (entry("vertex", region="global"), "https://aiplatform.googleapis.com/v1"),
        (entry("vertex"), "https://aiplatform.eu.rep.googleapis.com/v1"),
        (entry("vertex", region="us-east5"), "https://us-east5-aiplatform.googleapis.com/v1"),
        (entry("vertex", base_url="http://127.0.0.1:9/v1"), "http://127.0.0.1:9/v1"),
    ],
)
def test_a_region_has_its_address(model, address):
    assert model.base_url == address


@pytest.mark.parametrize("engine", PLACE)
def test_their_questions_are_those_of_anthropic_under_another_name(engine):
    settings = {"thinking": {"form": "adaptive"}, "effort": "low"}
    body = open_engine(entry(engine, **settings), None).body(question(0), ABOUT)
    theirs = open_engine(plain_entry("anthropic", **settings), None).body(question(0), ABOUT)
    assert body == theirs | {"engine": engine}
    elsewhere = entry(engine, region="us", anthropic_version="older", cache_system=True, **settings)
    assert open_engine(elsewhere, None).body(question(0), ABOUT) == body
    assert elsewhere.shape() == entry(engine, **settings).shape()
    assert pool(elsewhere).startswith("api_")


def test_the_version_of_the_api_goes_along_in_the_request(tmp_path, monkeypatch):
    monkeypatch.setenv("VERTEX_TOKEN", KEY)
    door = VertexDoor()
    with served(door) as url:
        fields = {"base_url": url + "/v1", "api_key_env": "VERTEX_TOKEN"}
        ask_all(entry("vertex", **fields), tmp_path, range(1))
        ask_all(entry("vertex", anthropic_version="vertex-2023-10-16", **fields), tmp_path, range(1, 2))
    sent = [request for _, _, request in door.seen]
    assert sent[1] == {
        "messages": question(1), "max_tokens": 1000, "anthropic_version": "vertex-2023-10-16"
    }  # fmt: skip
    assert sent[0].keys() == sent[1].keys()  # the SDK's own version


# --- the credentials of AWS


@pytest.mark.parametrize("place", ["environment", "dotenv"])
def test_a_key_of_bedrock_itself_needs_no_signature(place, bare, tmp_path, monkeypatch):
    if place == "environment":
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", KEY)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    else:
        (tmp_path / ".env").write_text(f"AWS_BEARER_TOKEN_BEDROCK={KEY}\n")
    door = BedrockDoor()
    door.opens = lambda headers, *asked: headers.get("authorization") == f"Bearer {KEY}"
    with served(door) as url:
        found, _ = ask_all(entry("bedrock", base_url=url), tmp_path, range(1))
    assert found[0].status == "answered"


@pytest.mark.parametrize("other", [{}, {"AWS_BEARER_TOKEN_BEDROCK": "another"}])
def test_credentials_may_stand_in_a_dotenv_file(other, bare, tmp_path, monkeypatch):
    lines = [f"{name}={key}" for name, key in BedrockDoor.KEYS.items()]
    (tmp_path / ".env").write_text("\n".join(lines))
    for name, key in other.items():
        monkeypatch.setenv(name, key)
    door = BedrockDoor()
    with served(door) as url:
        found, _ = ask_all(entry("bedrock", base_url=url, api_key_env=None), tmp_path, range(1))
    assert found[0].status == "answered"
    assert door.seen[0][1]["x-amz-security-token"] == BedrockDoor.KEYS["AWS_SESSION_TOKEN"]


def test_credentials_of_a_profile_are_found_and_hidden(bare, tmp_path, monkeypatch):
    secret = BedrockDoor.KEYS["AWS_SECRET_ACCESS_KEY"]
    (tmp_path / "aws").write_text(f"[mine]\naws_access_key_id = id-{KEY}\naws_secret_access_key = {secret}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws"))
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setattr("sce.asking.tries.FIRST_WAIT_S", 0.01)
    door = BedrockDoor(lambda texts: door.fault(500, f"signed by id-{KEY}"))
    with served(door) as url:
        found, _ = ask_all(entry("bedrock", base_url=url, attempts=1), tmp_path / "ledger", range(1))
    assert found[0].error == "HTTP 500: signed by [a key, hidden]"


def test_without_credentials_nothing_is_asked(bare, tmp_path, monkeypatch):
    with served(BedrockDoor()) as url:
        with pytest.raises(Fatal, match="no credentials of AWS: set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACC"):
            ask_all(entry("bedrock", base_url=url), tmp_path, range(1))
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        with pytest.raises(Fatal, match=r"cannot be used: The config profile \(nobody\)"):
            ask_all(entry("bedrock", base_url=url), tmp_path, range(1))
        monkeypatch.delenv("AWS_PROFILE")
        for key, secret in ((None, "alone-0123456789"), ("id-0123456789", "sécret-0123456789")):
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
            if key:
                monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
            with pytest.raises(Fatal, match="a key and its secret are needed, both in ASCII"):
                ask_all(entry("bedrock", base_url=url), tmp_path, range(1))


def test_a_missing_sdk_is_told_by_its_name(tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK", raising=False)
    for module, engine in (("boto3", "bedrock"), ("google.auth", "vertex")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(
            Fatal, match=rf"the engine {engine} needs .* \(pip install anthropic\[{engine}\]\)"
        ):
            ask_all(entry(engine), tmp_path, range(1))


# --- the credentials of Google


@pytest.fixture
def account(tmp_path):
    """The file of a service account, without the place where it gets its tokens."""
    require_sdk(type("Google", (), {"NEEDS": ("google.auth", "cryptography")}))
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account", "project_id": "mine", "private_key_id": "1", "private_key": key.decode(),
        "client_email": "me@mine.iam.gserviceaccount.com", "client_id": "1",
    }  # fmt: skip


@pytest.mark.parametrize("refused", [False, True])
def test_application_default_credentials(refused, account, tmp_path, monkeypatch):
    """A service account exchanges a signed assertion for an access token at its ``token_uri``."""
    door, exchanged = VertexDoor(), []

    def handler(method, path, headers, body):
        if path != "/token":
            return door(method, path, headers, body)
        exchanged.append(body)
        if refused:
            return Answer.of({"error": "invalid_grant", "error_description": "no such account"}, 400)
        return Answer.of({"access_token": KEY, "expires_in": 3600, "token_type": "Bearer"})

    with served(handler) as url:
        path = tmp_path / "account.json"
        path.write_text(json.dumps(account | {"token_uri": url + "/token"}))
        monkeypatch.chdir(tmp_path)
        (tmp_path / ".env").write_text(f"GOOGLE_APPLICATION_CREDENTIALS={path}\n")
        model = entry("vertex", base_url=url + "/v1")
        if refused:
            with pytest.raises(Fatal, match=r"Google gives no access token: .*no such account"):
                ask_all(model, tmp_path / "ledger", range(1))
            return
        found, _ = ask_all(model, tmp_path / "ledger", range(2))
    assert {each.status for each in found.values()} == {"answered"}
    assert len(exchanged) == 1
    assert exchanged[0].startswith(b"assertion=") or b"jwt-bearer" in exchanged[0]


@pytest.mark.parametrize("text", [None, "{}", "[]", "not json", "a folder"])
def test_a_file_of_credentials_that_is_none(text, tmp_path, monkeypatch):
    require_sdk(type("Google", (), {"NEEDS": ("google.auth",)}))
    path = tmp_path / "account.json"
    if text == "a folder":
        path.mkdir()
    elif text is not None:
        path.write_text(text)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(Fatal, match=r"there are no credentials of Google .*GOOGLE_APPLICATION_CREDENTIALS"):
        ask_all(entry("vertex", base_url="http://127.0.0.1:9/v1"), tmp_path, range(1))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"engine": "bedrock"}, "region"),
        ({"engine": "vertex", "region": "eu"}, "project"),
        ({"engine": "bedrock", "region": "eu west"}, "region"),
        ({"engine": "bedrock", "region": 5}, "region"),
        ({"engine": "bedrock", "region": "us-east-1", "mode": "batch"}, "'live'"),
        ({"engine": "bedrock", "region": "us-east-1", "seed": 1}, "no other key"),
        ({"engine": "bedrock", "region": "us-east-1", "aws_secret_access_key": "x"}, "no keys here"),
    ],
)
def test_a_mistake_in_an_entry_is_named(fields, told):
    with pytest.raises(InputError, match=told):
        check(Entries, {"models": {"mine": {"model": "tiny"} | fields}}, "models.yaml")
