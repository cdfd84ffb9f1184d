"""The digest of the code that a script runs: it changes with the meaning of the code, and with nothing
else."""

import pytest

from sce.running import code
from tests.conftest import ROOT


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A script and a package of its own in an empty folder."""
    package = tmp_path / "sce"
    for name, text in {
        "sce/__init__.py": "",
        "sce/low/__init__.py": '"""Low."""\n',
        "sce/low/one.py": "from .two import x\n",
        "sce/low/two.py": "from . import three\nx = 1\n",
        "sce/low/three.py": "y = 2\n",
        "sce/other.py": "z = 3\n",
        "script.py": "from sce.low import one\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert package.is_dir()
    monkeypatch.setattr(code, "PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    forget()  # other tests of this process look for the real files


def forget():
    for cached in (code._meaning, code._file):
        cached.cache_clear()


def digest(folder, *modules):
    forget()
    return code.code_of(folder / "script.py", *modules)


def test_relative_imports_and_packages_are_followed(folder):
    digest(folder)
    assert code.closure("sce.low.one") == ["sce", "sce.low", "sce.low.one", "sce.low.three", "sce.low.two"]


@pytest.mark.parametrize(
    ("file", "added", "changes"),
    [
        ("script.py", "one.x\n", True),
        ("script.py", "# a comment\n", False),
        ("sce/low/three.py", "y = 3\n", True),
        ("sce/low/three.py", "\n\n# a comment\n", False),
        ("sce/low/__init__.py", "w = 4\n", True),
        ("sce/__init__.py", '"""What it is."""\n', False),
        ("sce/other.py", "z = 5\n", False),
    ],
)
def test_the_digest_changes_with_what_is_run(folder, file, added, changes):
    before = digest(folder)
    with (folder / file).open("a") as text:
        text.write(added)
    assert (digest(folder) != before) == changes


def test_a_module_imported_by_name_is_named(folder):
    before = digest(folder, "sce.other")
    (folder / "sce/other.py").write_text("z = 6\n")
    assert digest(folder, "sce.other") != before


def test_an_extension_in_the_working_directory_counts(folder):
    (folder / "mine.py").write_text("import beside\n")
    (folder / "beside.py").write_text("a = 1\n")
    before = digest(folder, "mine")
    (folder / "beside.py").write_text("a = 2\n")
    assert digest(folder, "mine") != before


def test_a_docstring_counts_for_nothing(folder):
    (folder / "sce/low/three.py").write_text('def f():\n    """One."""\n    return 1\n')
    before = digest(folder)
    (folder / "sce/low/three.py").write_text('def f():\n    """Another one.\n    """\n    return 1\n')
    assert digest(folder) == before


def test_measuring_one_kind_of_experiment_depends_on_no_other():
    found = code.closure("sce.experiments.several")
    assert "sce.experiments.self_modelling" in found
    assert not {"sce.experiments.feedback", "sce.experiments.search", "sce.measuring.scores"} & set(found)
    assert not any(name.startswith("sce.study") for name in found)


def test_jobs_find_the_package_before_what_the_user_set(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/opt/modules")
    code.let_jobs_import()
    parts = code.os.environ["PYTHONPATH"].split(":")
    assert parts[0] == str(ROOT)
    assert parts[-1] == "/opt/modules"


def test_what_was_kept_gives_the_same_digest_and_saves_the_reading(folder, monkeypatch):
    before = digest(folder)
    assert len(list(code.KEPT.iterdir())) == 6  # the script and five modules
    monkeypatch.setattr(code, "_tree", None)  # nothing is read again
    assert digest(folder) == before


@pytest.mark.parametrize("found", ["", "[", '["abc"', '["abc", ["sce'])
def test_what_is_kept_by_halves_is_read_again(folder, found):
    before = digest(folder)
    for file in code.KEPT.iterdir():
        file.write_text(found)
    assert digest(folder) == before
