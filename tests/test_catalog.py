"""What the Snakemake workflow catalog asks of a workflow with standardized usage, as far as it can be seen
without the catalog. That Snakemake's linter and snakefmt find nothing, tests/test_lint.py checks."""

import yaml

from tests.conftest import ROOT

SETTINGS = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())


def test_the_catalog_finds_a_workflow():
    readme = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    assert (ROOT / "workflow/Snakefile").is_file()
    assert {path.suffix for path in (ROOT / "workflow/rules").iterdir()} == {".smk"}
    assert (ROOT / "config/README.md").is_file()


def test_the_settings_have_the_keys_that_the_catalog_knows():
    usage = SETTINGS.pop("usage")
    assert SETTINGS == {}
    flags, deployment = usage.pop("mandatory-flags"), usage.pop("software-stack-deployment")
    assert usage == {}
    assert isinstance(flags.pop("desc"), str)
    assert isinstance(flags.pop("flags"), list)
    assert flags == {}
    assert deployment.keys() == {"conda", "apptainer", "apptainer+conda", "report"}
    assert {type(value) for value in deployment.values()} == {bool}


def test_every_rule_with_a_script_has_a_conda_environment_that_is_there():
    for file in [ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").iterdir()]:
        for rule in file.read_text().split("\nrule ")[1:]:
            if "\n    script:" in rule:
                [path] = [line.strip(' "') for line in rule.split("\n    conda:\n")[1].splitlines()[:1]]
                assert (file.parent / path).is_file(), rule.split(":")[0]
