"""How requests travel: what goes with them, through proxies, over TLS, and what comes back."""

import gzip
import json
import shutil
import ssl
import subprocess

import pytest

from sce.engines import Fatal
from sce.engines.http_client import Elsewhere, check_origin
from sce.engines.posting import is_proxied
from tests.asking.questions import ask_all, entry
from tests.faults import Answer, Provider, served

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
# What the SDKs add about themselves, and what depends on the way.
OF_THE_SDK = {"x-stainless-retry-count", "x-stainless-read-timeout", "x-stainless-timeout", "host"}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_a_request_is_the_same_past_the_sdk_and_through_a_proxy(engine, tmp_path, monkeypatch):
    """Through a proxy the SDK sends it: the same request with the same headers."""
    monkeypatch.setenv("SOME_KEY", "key-0123456789")
    provider, hosts = Provider(), []

    def proxy(method, path, headers, body):
        hosts.append(path.removeprefix("http://").split("/")[0])
        return provider(method, path.removeprefix("http://provider.test"), headers, body)

    fields = {"api_key_env": "SOME_KEY", "headers": {"X-Study": "sce", "user-agent": "mine"}}
    with served(proxy) as url:
        ask_all(entry(engine, url, **fields), tmp_path / "direct", range(1))
        assert hosts == ["", ""]  # the list of models, and the question
        monkeypatch.setenv("HTTP_PROXY", url)
        ask_all(entry(engine, "http://provider.test", **fields), tmp_path / "proxied", range(1))
    assert hosts[2:] == ["provider.test"] * 2
    (request, headers), (proxied_request, proxied_headers) = provider.seen
    assert request == proxied_request
    assert {name: value for name, value in proxied_headers.items() if name not in OF_THE_SDK} == {
        name: value for name, value in headers.items() if name not in OF_THE_SDK
    } | {"connection": "keep-alive"}
    assert (headers["authorization"], headers["user-agent"]) == ("Bearer key-0123456789", "mine")


@pytest.mark.parametrize(
    ("environment", "url", "proxied"),
    [
        ({}, "https://api.openai.com/v1", False),
        ({"https_proxy": "http://p:3128"}, "https://api.openai.com/v1", True),
        ({"https_proxy": "http://p:3128"}, "http://127.0.0.1:8000/v1", False),
        ({"all_proxy": "socks5://p:1080"}, "http://my.server/v1", True),
        ({"http_proxy": "p:3128", "no_proxy": "localhost,.server"}, "http://my.server:8000/v1", False),
        ({"http_proxy": "p:3128", "no_proxy": "*"}, "http://my.server/v1", False),
    ],
)
def test_the_environment_says_where_a_proxy_stands_between(environment, url, proxied, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_proxied(url) is proxied


@pytest.fixture
def certificate(tmp_path):
    """(the certificate of 127.0.0.1, signed by itself; an SSLContext of a server that has it)."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    made, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=here"
    subprocess.run(
        ["openssl", *options.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return made, context


def test_a_certificate_is_checked_against_those_that_are_trusted(certificate, tmp_path, monkeypatch):
    monkeypatch.setattr("sce.engines.remote.DOWN_S", 0.2)
    made, context = certificate
    provider = Provider()
    with served(provider, tls=context) as url:
        with pytest.raises(Fatal, match="certificate"):
            ask_all(entry(url=url), tmp_path, range(1))
        assert provider.seen == []
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
        found, _ = ask_all(entry(url=url), tmp_path, range(2))
    assert [found[n].status for n in range(2)] == ["answered"] * 2


def test_a_request_follows_where_the_endpoint_has_moved(tmp_path):
    provider = Provider()

    def handler(method, path, headers, body):
        if path == "/old/v1/chat/completions":
            return Answer(307, headers={"Location": "/v1/chat/completions"})
        return provider(method, path.removeprefix("/old"), headers, body)

    with served(handler) as url:
        found, _ = ask_all(entry(url=f"{url}/old"), tmp_path, range(1))
    assert found[0].status == "answered"
    assert len(provider.seen) == 1


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("http://[0:0:0:0:0:0:0:1]:8000/v1", "http://[::1]:8000/v1/models"),
        ("http://[::FFFF:127.0.0.1]/v1", "http://[::ffff:7f00:1]:80/"),
        ("https://Models.Example.org/v1", "HTTPS://models.example.ORG:443/v2"),
    ],
)
def test_one_origin_may_be_written_in_several_ways(url, other):
    check_origin(other, url)
    with pytest.raises(Elsewhere, match=r"http://\[::2\]:8000, where nothing is sent"):
        check_origin("http://[0::2]:8000", url)


def test_a_redirect_to_an_address_with_a_user_is_a_fault_of_its_questions(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "key-0123456789")

    def reply(request):
        return Answer(307, headers={"Location": f"{url.replace('//', '//me:pass@')}/v1/chat/completions"})

    with served(Provider(reply=reply)) as url:
        fields = {"api_key_env": "SOME_KEY", "attempts": 1, "max_failed_share": 1}
        found, _ = ask_all(entry(url=url, **fields), tmp_path, range(1))
    assert found[0].status == "failed"
    assert "the connection broke" in found[0].error


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("proxied", [False, True])
@pytest.mark.parametrize("engine", ["openai", "anthropic"])
def test_keys_and_headers_stay_at_the_origin_of_the_entry(engine, proxied, status, tmp_path, monkeypatch):
    """The HTTP libraries would take along Anthropic's key, and the headers of the entry."""
    monkeypatch.setenv("SOME_KEY", "key-0123456789")
    monkeypatch.setattr("sce.engines.remote.is_proxied", lambda _: proxied)  # then the SDK sends
    elsewhere, fields = Provider(), {"api_key_env": "SOME_KEY", "headers": {"X-Gateway": "$SOME_KEY"}}
    with served(elsewhere) as other:
        moved = Answer(status, headers={"Location": f"{other}/v1/key-0123456789"})
        with served(Provider(reply=lambda _: moved)) as url, pytest.raises(Fatal) as fatal:
            ask_all(entry(engine, url, **fields), tmp_path, range(3))
    assert url in str(fatal.value)
    assert f"sends its requests on to {other}, where nothing is sent" in str(fatal.value)
    assert "key-0" not in str(fatal.value)
    assert elsewhere.seen == []


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"http_proxy": "junk://p:3128"}, "the engine openai cannot be opened: Unknown scheme"),
        ({"SOME_KEY": "two\nlines"}, r"the value of \$SOME_KEY cannot be the header X-Study"),
        ({"SOME_KEY": "ключ"}, r"the value of \$SOME_KEY cannot be the header X-Study"),
    ],
)
def test_what_the_environment_says_and_cannot_be_sent_is_named(environment, told, tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "key-0123456789")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    provider = Provider()
    with served(provider) as url, pytest.raises(Fatal, match=told):
        ask_all(entry(url=url, headers={"X-Study": "$SOME_KEY"}), tmp_path, range(1))
    assert provider.seen == []


@pytest.mark.parametrize("coding", ["gzip", "latin-1", "unknown", "broken", "idna", "undefined", "base64"])
def test_a_reply_is_read_as_it_is_coded(coding, tmp_path, monkeypatch):
    monkeypatch.setattr("sce.asking.tries.FIRST_WAIT_S", 0.01)
    monkeypatch.setattr("sce.asking.tries.LONGEST_WAIT_S", 0.02)
    choice = {"message": {"role": "assistant", "content": "à"}, "finish_reason": "stop"}
    text = json.dumps({"choices": [choice]}, ensure_ascii=False)
    read = {"gzip", "latin-1", "unknown"}
    answer = {
        **{
            name: Answer(200, b"{}", f"application/json; charset={name}")
            for name in ("idna", "undefined", "base64")
        },
        "gzip": Answer(200, gzip.compress(text.encode()), headers={"Content-Encoding": "gzip"}),
        "latin-1": Answer(200, text.encode("latin-1"), "application/json; charset=latin-1"),
        "unknown": Answer(200, text.encode(), "application/json; charset=no-such"),
        "broken": Answer(200, text.encode(), headers={"Content-Encoding": "gzip"}),
    }[coding]
    with served(Provider(reply=lambda _: answer)) as url:
        found, _ = ask_all(entry(url=url, attempts=2), tmp_path, range(1))
    if coding not in read:
        assert (found[0].status, found[0].attempts) == ("failed", 2)
        assert "the connection broke" in found[0].error or found[0].error == "the reply is no text"
        assert "\n" not in found[0].error
    else:
        assert (found[0].status, found[0].response) == ("answered", "à")
