"""``python -m sce show``: a conversation in the terminal, which no reply can steer."""

import argparse
import shutil

import pytest

from sce.errors import InputError
from sce.files import artifacts
from sce.study import show_command
from tests.showing.page_study import MARKUP, made_study


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    made_study(folder)
    return folder


def show(results, *arguments):
    parser = argparse.ArgumentParser()
    show_command.add_arguments(parser)
    return show_command.run(parser.parse_args([*arguments, "--results", str(results)]))


def test_a_conversation_and_its_verdicts(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert show(results, "plain", "weather", "0") == 0
    out = capsys.readouterr().out
    assert "The temperature (degrees Celsius) is: -5." in out
    assert '{"answer": "Cold"}' in out
    assert "would have been Warm" in out
    assert '{"temperature": 15, "wind_speed": 0}' in out
    assert "minimal, gower: valid, and no valid point is nearer (distance 0.25, needed 0.25)" in out
    assert "unconstrained, gower: valid, but farther than needed (distance 0.5, needed 0.25)" in out


def test_every_condition_is_a_block_that_begins_with_the_question(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    show(results, "plain", "weather", "0")
    _, *blocks = capsys.readouterr().out.split("plain on weather, point 0: ")
    assert [block.split()[0] for block in blocks] == ["minimal", "unconstrained"]
    for block, other in zip(blocks, ["unconstrained, gower", "minimal, gower"], strict=True):
        assert block.count("The temperature (degrees Celsius) is: -5.") == 1
        assert block.count('{"answer": "Cold"}') == 1
        assert other not in block


def test_one_condition_alone_and_what_failed(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    show(results, "hostile", "weather", "1", "--condition", "minimal")
    out = capsys.readouterr().out
    assert f"failed: 500: {MARKUP}" in out
    assert "unconstrained" not in out


def test_a_reply_steers_no_terminal(results, capsys):
    show(results, "hostile", "weather", "4")
    out = capsys.readouterr().out
    assert "⟨U+202E⟩" in out
    assert "\u202e" not in out
    assert show_command.visible("\x1b[2Ja\tb\n") == "⟨U+001B⟩[2Ja\tb\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plain", "weather", "45"], "0 to 44"),
        (["plane", "weather", "0"], "plain/weather"),
        (["plain", "weather", "0", "--condition", "some"], "minimal, unconstrained"),
        (["plain", "wether", "0"], "weather"),
    ],
)
def test_what_is_not_there_is_said(results, arguments, told):
    with pytest.raises(InputError, match=told):
        show(results, *arguments)


def test_a_point_that_was_not_asked_is_one_message(results, tmp_path):
    copied = shutil.copytree(results, tmp_path / "copy")
    path = copied / "plain/weather/responses.parquet"
    replies = artifacts.read(path)
    artifacts.write(replies[replies["point_id"] != 0], path, "responses")
    with pytest.raises(InputError, match=r"show: POINT: found 0; allowed: one of the \d+ points .* at: 1, "):
        show(copied, "plain", "weather", "0")
