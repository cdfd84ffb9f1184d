"""Where given files are looked for, and whether rules are those of the package."""

import pytest

from sce.files.places import WORKFLOW, found, other_rules
from sce.grids.datasets import dataset_file
from sce.money.prices import PRICES
from sce.wordings.prompts import prompt_file


@pytest.mark.parametrize("path", [PRICES, dataset_file("exam"), prompt_file("minimal")], ids=str)
def test_the_users_file_comes_before_the_workflows(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = path.relative_to(WORKFLOW) if path.is_absolute() else path
    assert found(path) == WORKFLOW / path
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("")
    assert found(path) == path


def test_rules_that_differ_or_are_not_there_are_named():
    texts = {path: (WORKFLOW / "workflow" / path).read_text() for path in ("Snakefile", "scripts/elicit.py")}

    def read(path):
        return texts.get(path, (WORKFLOW / "workflow" / path).read_text())

    assert other_rules(read) == []
    texts |= {"Snakefile": texts["Snakefile"] + "# more\n", "scripts/elicit.py": None}
    assert other_rules(read) == ["Snakefile", "scripts/elicit.py"]
    texts |= {"Snakefile": (WORKFLOW / "workflow/Snakefile").read_text().rstrip("\n")}  # as Git prints it
    assert other_rules(read) == ["scripts/elicit.py"]
