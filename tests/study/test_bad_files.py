"""Bad datasets, wordings and other files, of the kinds that users were seen to make and of some others: each
is one message with file, key, found and allowed, at once and before anything is asked."""

import gzip
import json
from pathlib import Path

import pytest

from sce.files import artifacts
from sce.files.json_files import read_json
from sce.files.yaml_files import read_yaml
from sce.grids.datasets import load_dataset
from sce.money.prices import load_prices
from sce.study.study import load
from sce.wordings.prompts import load_prompt, prompt_file
from sce.wordings.published import load_published
from tests.conftest import ROOT
from tests.study.bad_input import GOOD, KEY, WHERE, caught, changed
from tests.study.test_bad_configurations import CONFIGURATIONS
from tests.study.test_bad_entries import ENTRIES

# --- datasets: (what is replaced, by what, the key of the message, a part of the message)

DATASET = """
name: tiny
title: Tiny
subject: thing
context: ""
question: Which?
options: [A, B]
option_aliases: {}
features:
  size: {kind: numeric, levels: {first: 1, last: 3}, wording: "The size is: {value}.", names: [extent]}
  grade: {kind: ordinal, levels: [low, high], wording: "Grade: {value}.", aliases: {low: [poor]}}
"""

DATASETS = [
    # what looks the same
    ("[A, B]", '[A, "A\u200b"]', "content", "spellings of its own"),
    ("[A, B]", "[A, \uff21]", "content", "spellings of its own"),
    ("[A, B]", "[a-b, a–b]", "content", "spellings of its own"),
    ("[low, high]", '[low, "lo\u200bw"]', "features.grade", "spellings of its own"),
    ("[low, high]", "[low, \uff4cow]", "features.grade", "spellings of its own"),
    ("[extent]", '["gra\u200bde"]', "content", "grade"),
    ("name: tiny", "name: small", "name", "the name of the file, tiny"),
    ("name: tiny", "name: a/b", "name", "of the form"),
    ("name: tiny", "name: 5", "name", "text"),
    ("title: Tiny", "title: ''", "title", "not empty"),
    ("title: Tiny", "title: 2026-01-01", "title", "reads as a date"),
    ("subject: thing", "subject: '  '", "subject", "not empty"),
    ('context: ""', "context: 12:30", "context", "base 60"),
    ('context: ""', "context: ~", "context", "text"),
    ("question: Which?", 'question: "Wh\\0ich?"', "question", "U+0000"),
    ("question: Which?", 'question: "\\ud800"', "syntax", "valid YAML"),
    ("question: Which?", "question: ''", "question", "not empty"),
    ("question: Which?", f"question: Say {KEY}", "question", "hidden"),
    ("question: Which?", "question: [Which]", "question", "text"),
    ("options: [A, B]", "options: [A, a]", "content", "'a' means 'A' and 'a'"),
    ("options: [A, B]", "options: [A, 'A ']", "options.1", "white space at its ends"),
    ("options: [A, B]", 'options: [A, "B\\nC"]', "options.1", "one line"),
    ("options: [A, B]", "options: [A, " + "B" * 300 + "]", "options.1", "200"),
    ("question: Which?", "question: " + "W" * 200_000, "question", "100000"),
    ("subject: thing", 'subject: "a\\nthing"', "subject", "one line"),
    ("[low, high]", '[low, "hi\\ngh"]', "features.grade.levels", "one line"),
    ("[low, high]", "[low, '']", "features.grade.levels", "not empty"),
    ("[low, high]", "{1: low, 2: ' '}", "features.grade.levels", "not empty"),
    ("[low, high]", "[low, " + "h" * 2000 + "]", "features.grade.levels", "1000"),
    ("Grade: {value}.", "{value}" + "G" * 2000, "features.grade.wording", "1000"),
    ("options: [A, B]", "options: [A, '']", "options.1", "not empty"),
    ("options: [A, B]", "options: [A]", "options.1", "required"),
    ("options: [A, B]", "options: [A, B, C]", "options", "2"),
    ("options: [A, B]", "options: [yes, no]", "options.0", "in quotes"),
    ("options: [A, B]", "options: AB", "options", "a"),
    ("option_aliases: {}", "option_aliases: {A: [b]}", "content", "'B'"),
    ("option_aliases: {}", "option_aliases: {A: [x], B: [X]}", "content", "'x'"),
    ("option_aliases: {}", "option_aliases: {C: [x]}", "content", "only"),
    ("option_aliases: {}", "option_aliases: {A: x}", "option_aliases.A", "a list"),
    ("option_aliases: {}", "option_aliases: {A: ['']}", "option_aliases.A.0", "not empty"),
    ("names: [extent]", "names: [grade]", "content", "'grade'"),
    ("names: [extent]", "names: [Grade]", "content", "'size'"),
    ("names: [extent]", "names: ['']", "features.size.names.0", "not empty"),
    (
        "names: [extent]",
        "published_name: X}\n  x: {kind: ordinal, levels: [a, b], wording: '{value}', published_name: X",
        "content",
        "published_name",
    ),
    ("  size:", "  Size:", "content", "lower case"),
    ("  size:", "  point_id:", "content", "no column"),
    ("  size:", "  description:", "content", "no column"),
    ("  size:", "  sce_grade:", "content", "no column"),
    ("  size:", "  " + "x" * 300 + ":", "content", "63"),
    ("  size:", "  5:", "features.5", "text"),
    ("first: 1, last: 3", "first: 0, last: 1, step: 0.0000001", "features.size.levels", "are 10,000,001"),
    ("first: 1, last: 3", "first: 0, last: 1.0e+14, step: 1.0e-300", "features.size.levels", "10,000"),
    ("first: 1, last: 3", "first: 0, last: 1.0e+300", "features.size.levels.last", "15 digits"),
    ("first: 1, last: 3", "first: .nan, last: 3", "features.size.levels.first", "a finite number"),
    ("first: 1, last: 3", "first: 1, last: 3, step: 0", "features.size.levels", "step > 0"),
    ("first: 1, last: 3", "first: 1, last: 3, step: yes", "features.size.levels.step", "a number"),
    ("first: 1, last: 3", "first: 3, last: 1", "features.size.levels", "first < last"),
    ("{first: 1, last: 3}", "[]", "features.size.levels", "at least two levels"),
    ("{first: 1, last: 3}", "yes", "features.size.levels", "{first, last, step}"),
    ("{first: 1, last: 3}", "5", "features.size.levels", "{first, last, step}"),
    ("{first: 1, last: 3}", "{first: 1, 2: two}", "features.size.levels", "required"),
    ("{first: 1, last: 3}", "{}", "features.size.levels", "at least two levels"),
    ("{first: 1, last: 3}", "[1]", "features.size", "at least two levels"),
    ("{first: 1, last: 3}", "[010, 020]", "features.size.levels.0", "base 8"),
    ("{first: 1, last: 3}", "[10:30, 11:30]", "features.size.levels.0", "base 60"),
    ("{first: 1, last: 3}", "[2026-01-01, 2026-01-02]", "features.size.levels.0", "a date"),
    ("{first: 1, last: 3}", "[2026-13-45, 2026-01-02]", "features.size.levels.0", "a date"),
    ("{first: 1, last: 3}", "[1, 1.0000000000001]", "features.size", "levels that differ"),
    ("{first: 1, last: 3}", "[1, 10000000000000000]", "features.size.levels", "15 digits"),
    ("{first: 1, last: 3}", "!!set {1, 2}", "features.size.levels", "set"),
    ("{first: 1, last: 3}", "!!binary YQ==", "features.size.levels", "binary"),
    ("{first: 1, last: 3}", "!!python/object/apply:os.getcwd []", "features.size.levels", "python"),
    ("[low, high]", "[low, Low]", "features.grade", "means 'low' and 'Low'"),
    ("[low, high]", "[low, 'low ']", "features.grade.levels", "white space"),
    ("[low, high]", "[low, LOW]", "features.grade", "means"),
    ("[low, high]", "[low, poor]", "features.grade", "means"),
    ("[low, high]", "[no, yes]", "features.grade.levels", "not False"),
    ("[low, high]", "{99999999999999999999: low, 1: high}", "features.grade.levels", "15 digits"),
    ("[low, high]", "[low, ~]", "features.grade.levels", "not None"),
    ("aliases: {low: [poor]}", "aliases: {lo: [poor]}", "features.grade", "existing levels"),
    ("aliases: {low: [poor]}", "aliases: {low: [no]}", "features.grade.aliases.low.0", "text"),
    ("aliases: {low: [poor]}", "composite: '(a'", "features.grade.composite", "a valid regular expression"),
    ("aliases: {low: [poor]}", "composite: 'a'", "features.grade.composite", "one group"),
    (
        "aliases: {low: [poor]}",
        "composite: '(a{1,99999999999999999999})'",
        "features.grade.composite",
        "valid",
    ),
    ("aliases: {low: [poor]}", "composite: '" + "(" * 5000 + "'", "features.grade.composite", "200"),
    ("Grade: {value}.", "Grade: {value} {value}", "features.grade.wording", "once"),
    ("Grade: {value}.", "Grade: {value} {other}", "features.grade.wording", "no other brace"),
    ("Grade: {value}.", "Grade: {value} {", "features.grade.wording", "no other brace"),
    ("Grade: {value}.", "Grade: {value:>999999999}", "features.grade.wording", "no other brace"),
    ("Grade: {value}.", "Grade: {value!r}", "features.grade.wording", "no other brace"),
    ("Grade: {value}.", "Grade: {value.__class__}", "features.grade.wording", "no other brace"),
    ("Grade: {value}.", "Grade", "features.grade.wording", "{value} once"),
    ("kind: ordinal", "kind: [ordinal]", "features.grade.kind", "numeric"),
    ("features:", "fetures:", "fetures", "no other key"),
]


@pytest.mark.parametrize(("old", "new", "key", "told"), DATASETS)
def test_a_bad_dataset_is_one_message(tmp_path, old, new, key, told):
    assert old in DATASET
    file = tmp_path / "tiny.yaml"
    file.write_text(DATASET.replace(old, new), encoding="utf-8")
    error = caught(load_dataset, file)
    assert error.where == str(file)
    assert error.key.startswith(key)
    assert told in str(error)
    assert KEY not in str(error)


def test_a_grid_without_end_is_refused_with_its_size(tmp_path):
    features = "".join(
        f"  f{n}: {{kind: numeric, levels: {{first: 1, last: 100}}, wording: '{{value}}'}}\n"
        for n in range(40)
    )
    file = tmp_path / "tiny.yaml"
    file.write_text(DATASET.partition("features:")[0] + "features:\n" + features)
    error = caught(load_dataset, file)
    assert f"a grid of at most {2**62:,} points; this one has {100**40:,}" in str(error)


def test_the_good_dataset_is_good(tmp_path):
    file = tmp_path / "tiny.yaml"
    file.write_text(DATASET)
    assert load_dataset(file).size == 6


# --- wordings

PROMPT = {"name": "tiny", "kind": "condition", "text": "Change it to {target}."}
PROMPTS = [
    ({"text": ""}, "text", "not empty"),
    ({"text": None}, "text", "text"),
    ({"text": "{target}" + "x" * 200_000}, "text", "100000"),
    ({"text": ["{target}"]}, "text", "text"),
    ({"text": "{target} \0"}, "text", "U+0000"),
    ({"text": "{target} \x85"}, "text", "U+0085"),
    ({"text": f"{{target}} {KEY}"}, "text", "hidden"),
    ({"text": "{target} Authorization: Bearer abcdefgh12345678"}, "text", "hidden"),
    ({"text": "Change it."}, "content", "{target}"),
    ({"text": "{target} {colour}"}, "content", "{colour}"),
    ({"text": "{{target}}"}, "content", "single braces: {target}"),
    ({"kind": None}, "kind", "text"),
    ({"kind": "idea"}, "kind", "one of question, condition"),
    ({"kind": ["condition"]}, "kind", "text"),
    ({"asks": "confidence"}, "content", "asks of a condition: candidates"),
    ({"asks": True}, "asks", "text"),
    ({"metric": 5}, "metric", "text"),
    ({"rewords": "minimum"}, "rewords", "another prompt"),
    ({"rewords": "question"}, "rewords", "another condition"),
    ({"rewords": "tiny"}, "rewords", "another prompt"),
    ({"rewords": True}, "rewords", "text"),
    ({"name": "other"}, "name", "the name of the file"),
    ({"colour": "red"}, "colour", "no other key"),
]


@pytest.mark.parametrize(("change", "key", "told"), PROMPTS)
def test_a_bad_wording_is_one_message(tmp_path, change, key, told):
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(PROMPT | change))  # which is YAML
    error = caught(load_prompt, file)
    assert error.where == str(file)
    assert error.key == key
    assert told in str(error)
    assert KEY not in str(error)


def test_a_distance_that_there_is_not_is_refused_in_a_wording(monkeypatch, tmp_path):
    for name in ("resources", "config"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setattr("sce.wordings.prompts.PROMPTS", Path("prompts"))
    monkeypatch.chdir(tmp_path)
    for name in ("question", "minimal"):
        text = (ROOT / "resources/prompts").rglob(f"{name}.yaml").__next__().read_text()
        (tmp_path / "prompts").mkdir(exist_ok=True)
        (tmp_path / f"prompts/{name}.yaml").write_text(text.replace("metric: gower", "metric: gowr"))
    error = caught(load, GOOD, WHERE)
    assert (error.where, error.key) == (str(prompt_file("minimal")), "metric")
    assert "gower" in error.allowed


LATE = [
    ("[1, 2]", {"choices": ["nearest_choice"]}, "more than 4 points, because of choices"),
    ("[0, 0.000000001, 100000000000000]", {"metrics": ["l2"]}, "squared differences"),
]


@pytest.mark.parametrize(("levels", "changes", "told"), LATE)
def test_a_dataset_that_cannot_be_measured_is_refused_before_it_is_asked_about(
    monkeypatch, tmp_path, levels, changes, told
):
    tiny = (
        DATASET.partition("features:")[0] + "features:\n  size: {kind: numeric, wording: '{value}', levels: "
    )
    (tmp_path / "tiny.yaml").write_text(f"{tiny}{levels}}}\n")
    monkeypatch.setattr("sce.grids.datasets.DATASETS", tmp_path)
    monkeypatch.setattr("sce.study.checks.DATASETS", tmp_path)
    content = changed("experiments.main.datasets", ["tiny"])
    content["experiments"]["main"] |= changes
    error = caught(load, content, WHERE)
    assert error.where == "dataset tiny"
    assert told in str(error)


# --- files

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
MERGED = "a0: &a0 {k: v}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 10)
)
FILES = [
    (b"", "content", "nothing"),
    (b"# nothing\n", "content", "nothing"),
    (b"- a\n", "content", "list"),
    (b"text\n", "content", "str"),
    (b"a: [\n", "syntax", "valid YAML"),
    (b"a: b: c\n", "syntax", "valid YAML"),
    (b"\ta: b\n", "syntax", "valid YAML"),
    (b"a: *b\n", "syntax", "undefined alias"),
    (b"a: 1\n---\nb: 2\n", "syntax", "single document"),
    (b"a: 1\na: 2\n", "a", "twice (line 2)"),
    (b"a: {b: 1, b: 2}\n", "a.b", "twice"),
    (b"1: a\n0x1: b\n", "1", "twice"),
    (b"? [a, b]\n: c\n", "content", "a key that is no text"),
    (b"<<: 3\na: b\n", "syntax", "mapping"),
    (b"a: !!int x\n", "syntax", "valid YAML"),
    (b"a: !mine x\n", "a", "!mine"),
    (b"a: &a [*a]\n", "a.0", "holds itself"),
    (b"a: &a {b: *a}\n", "a.b", "holds itself"),
    (BOMB.encode(), "a", "values or more"),
    (MERGED.encode(), "a", "values or more"),
    (b"a: " + b"[" * 100 + b"]" * 100, "a.0.0", "levels"),
    (b"a: " + b"[" * 100_000, "line 1", "levels"),
    (b"a: " + b"{a: " * 100_000, "line 1", "levels"),
    (b"- " * 100_000 + b"a", "line 1", "levels"),
    ("a: é\n".encode("latin-1"), "encoding", "0xe9"),
    ("a: b\n".encode("utf-16"), "encoding", "UTF-8"),
    ("a: b\n".encode("utf-32"), "encoding", "UTF-8"),
    (b"a: \x00\n", "syntax", "valid YAML"),
    (gzip.compress(b"a: b\n", mtime=0), "encoding", "UTF-8"),
    (b"a: 2026-01-01\n", "a", "a date"),
    (b"a: 2026-01-01 10:00:00\n", "a", "a date"),
    (b"a: .inf\n", "a", "a finite number"),
    (b"a: 1:30\n", "a", "base 60"),
    (b"a: 0777\n", "a", "base 8"),
    (b"a: " + b"9" * 5000, "syntax", "valid YAML"),
    (b"a: 99999999999999999999\n", "a", "20 digits"),
    (b"a: " + b"x" * 3_000_000, "size", "1,000,000"),
    (b"a: [" + b"1," * 200_000 + b"]", "content", "more than 100,000 values"),
]


@pytest.mark.parametrize(("content", "key", "told"), FILES)
def test_a_bad_file_is_one_message(tmp_path, content, key, told):
    file = tmp_path / "some.yaml"
    file.write_bytes(content)
    error = caught(read_yaml, file)
    assert error.where == str(file)
    assert error.key.startswith(key)
    assert told in str(error)


@pytest.mark.parametrize("read", [read_yaml, read_json, load_dataset, load_prompt, load_published])
@pytest.mark.parametrize("path", ["nowhere", ".", "/dev/null", "x" * 300, "x/" * 4000, "a\0b", ""])
def test_what_is_no_file_is_one_message(tmp_path, monkeypatch, read, path):
    monkeypatch.chdir(tmp_path)
    assert caught(read, path).key == "file"


JSONS = [
    (b"", "syntax", "whole JSON"),
    (b"{", "syntax", "whole JSON"),
    (b"[" * 100_000, "syntax", "whole JSON"),
    (b'{"a": NaN}', "syntax", "NaN"),
    (b'{"a": -Infinity}', "syntax", "Infinity"),
    (b'{"a": 1e999}', "syntax", "too large"),
    (b'{"a": ' + b"9" * 5000 + b"}", "syntax", "4300"),
    (b'{"a": 1, "a": 2}', "a", "twice"),
    ('{"a": "é"}'.encode("latin-1"), "encoding", "UTF-8"),
    ('{"a": 1}'.encode("utf-16"), "encoding", "UTF-8"),
    (b'{"a": "\\ud800"}', "encoding", "surrogates"),
    (gzip.compress(b'{"a": 1}', mtime=0)[:-9], "compression", "whole gzip"),
    (b"\x1f\x8b no gzip", "compression", "whole gzip"),
]


@pytest.mark.parametrize(("content", "key", "told"), JSONS)
def test_a_bad_json_file_is_one_message(tmp_path, content, key, told):
    file = tmp_path / "some.json"
    file.write_bytes(content)
    error = caught(read_json, file)
    assert error.where == str(file)
    assert error.key == key
    assert told in str(error)


def test_a_json_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("sce.files.json_files.LARGEST", 1000)
    file = tmp_path / "some.json.gz"
    file.write_bytes(gzip.compress(b'"' + b" " * 2000 + b'"', mtime=0))
    assert caught(read_json, file).key == "size"


def test_a_file_that_may_not_be_read_is_one_message(tmp_path, monkeypatch):
    file = tmp_path / "some.yaml"
    file.write_text("a: b")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "Permission denied" in str(caught(read_yaml, file))


PRICES = [
    b"providers: {}\nx: 1", b"providers: {a: {hosts: [], models: {}}}",
    b"providers: {a: {hosts: x, models: {}}}",
    b"providers: {a: {hosts: [x], batch_discount: 1, models: {}}}", b"providers: 3",
    *(
        b"providers: {a: {hosts: [x], models: {m: {input: %s, output: 1}}}}" % value
        for value in (b"-1", b".inf", b"true")
    ),
]  # fmt: skip
NO_PARQUET = [
    b"", b"PAR1", b"PAR1PAR1", b"PAR1" + bytes(100) + b"PAR1", b"\xff" * 4096, b"ARROW1",
    b"PAR1\xff\xff\xff\x7fPAR1", b"a,b\n1,2\n",
]  # fmt: skip
NO_FILES = [(load_prices, raw) for raw in PRICES] + [(artifacts.read, raw) for raw in NO_PARQUET]


@pytest.mark.parametrize(("read", "content"), NO_FILES)
def test_bad_prices_and_what_is_no_parquet_are_one_message(tmp_path, read, content):
    file = tmp_path / "some.file"
    file.write_bytes(content)
    assert caught(read, file).where == str(file)


def test_the_tables_are_long():
    assert sum(map(len, (CONFIGURATIONS, ENTRIES, DATASETS, PROMPTS, FILES, JSONS))) > 300
