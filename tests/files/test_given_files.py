"""The configuration files among Snakemake's options, read before Snakemake reads them."""

import pytest

from sce.files.given_files import main

BAD = {"latin1": "a: é".encode("latin-1"), "utf16": "a: b".encode("utf-16"), "endless": b"a: &a [*a]"}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("option", ["--configfile", "--configfiles"])
def test_a_file_that_snakemake_cannot_read_is_one_message(tmp_path, capsys, name, option):
    good, bad = tmp_path / "good.yaml", tmp_path / f"{name}.yaml"
    good.write_text("a: b")
    bad.write_bytes(BAD[name])
    assert main(["all", "-n", option, str(good), str(bad), "--cores", "2", "--config", "a=1"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"study: {bad}: ")
    assert told.count("\n") == 1
    assert main(["--cores", "2", f"{option}={good}"]) == 0


def test_a_target_after_the_files_is_told_where_it_belongs(tmp_path, capsys):
    good = tmp_path / "good.yaml"
    good.write_text("a: b")
    assert main(["--configfile", str(good), "plan"]) == 2
    assert "./study run plan --configfile" in capsys.readouterr().err


def test_without_such_an_option_there_is_nothing_to_check(capsys):
    assert main(["--cores", "all", "--config", "a=1", "-n", "results/x.png"]) == 0
    assert capsys.readouterr().err == ""
