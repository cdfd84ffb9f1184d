"""Where keys are read from: the environment, then ``.env``, whose values stand as they are."""

import os

import pytest

from sce.errors import InputError
from sce.files.secrets import read_key, referenced, resolve


@pytest.fixture
def dotenv(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOME_KEY", raising=False)

    def write(content):
        (tmp_path / ".env").write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("SOME_KEY=abc", "abc"),
        ("export SOME_KEY='abc'  # mine", "abc"),
        ('OTHER=1\nSOME_KEY = "abc"', "abc"),
        ("# keys\n\nSOME_KEY=a=b=c\n", "a=b=c"),
        ("SOME_KEY=abc # said aside", "abc"),
        ("SOME_KEY=ab#c", "ab#c"),
        ("SOME_KEY=$HOME/${OTHER}-abc", "$HOME/${OTHER}-abc"),
        ("OTHER=x\nSOME_KEY='a${OTHER}b'", "a${OTHER}b"),
        ("SOME_KEY=", None),
        ("SOME_KEY", None),
        ("no line of that form\nSOME_KEY=abc", "abc"),
        ("SOME_KEY=Grüße", "Grüße"),
    ],
)
def test_a_key_in_a_file_is_read_as_it_stands(dotenv, content, value):
    dotenv(content)
    assert read_key("SOME_KEY") == value
    assert "SOME_KEY" not in os.environ


def test_the_environment_goes_first(dotenv, monkeypatch):
    dotenv("SOME_KEY=of the file")
    monkeypatch.setenv("SOME_KEY", "of the environment")
    assert read_key("SOME_KEY") == "of the environment"
    monkeypatch.setenv("SOME_KEY", "")
    assert read_key("SOME_KEY") == "of the file"


def test_a_file_that_is_no_text_is_named_without_its_content(dotenv):
    dotenv("SOME_KEY=geheim-Gr\xfc\xdfe".encode("latin-1"))
    with pytest.raises(InputError, match=r"\.env: encoding") as error:
        read_key("SOME_KEY")
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("$NAME", "NAME"),
        ("${NAME}", "NAME"),
        ("$name_1", "name_1"),
        ("$", None),
        ("${NAME", None),
        ("$NAME}", None),
        ("$NAME/file", None),
        ("$1", None),
        ("NAME", None),
    ],
)
def test_a_reference_has_two_forms(value, name):
    assert referenced(value) == name


def test_a_header_may_refer_to_a_variable_in_either_form(dotenv):
    dotenv("SOME_KEY=abc")
    assert resolve("$SOME_KEY") == resolve("${SOME_KEY}") == "abc"
    assert resolve("SOME_KEY") == "SOME_KEY"
