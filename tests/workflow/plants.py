"""Damage to a finished study that the audit has to find: what is planted, how, which file must be named."""

import base64
import gzip
import json
import re
import shutil
import sqlite3
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NEAR, BAD = "results/near/tiny", "results/bad/tiny"


def edit_rows(path, change):
    """Write an artifact with its rows changed and its metadata kept: as a bug or a forger would."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


def setting(path, column, value, where=lambda row: True):
    """Sets a column of the first row that fits; ``value`` may be a function of the old one."""

    def plant(folder):
        def change(rows):
            row = next(row for row in rows if where(row) and row[column] is not None)
            old = row[column]
            row[column] = value(old) if callable(value) else value
            assert row[column] != old

        edit_rows(folder / path, change)

    return plant


def dropping(path):
    return lambda folder: edit_rows(folder / path, lambda rows: rows.pop(3))


def doubling(path):
    return lambda folder: edit_rows(folder / path, lambda rows: rows.append(rows[3]))


def swapping(path, *columns, kind="question"):
    """The columns of two rows exchanged: every value is a true one, in the wrong place."""

    def change(rows):
        alike = [row for row in rows if row["kind"] == kind]
        a = alike[4]
        b = next(row for row in alike if all(row[column] != a[column] for column in columns))
        for column in columns:
            a[column], b[column] = b[column], a[column]

    return lambda folder: edit_rows(folder / path, change)


def noting(path, change):
    def plant(folder):
        table = pq.read_table(folder / path)
        note = json.loads(table.schema.metadata[b"sce"])
        change(note["params"])
        pq.write_table(table.replace_schema_metadata({"sce": json.dumps(note)}), folder / path)

    return plant


def in_ledger(statement, *values):
    def plant(folder):
        for path in (folder / "ledger").glob("*nearest*.sqlite"):
            with sqlite3.connect(path) as db:
                assert db.execute(statement, values).rowcount

    return plant


def another_request(folder):
    """The request behind a digest exchanged for another one."""
    for path in (folder / "ledger").glob("*nearest*.sqlite"):
        with sqlite3.connect(path) as db:
            (packed,) = db.execute("SELECT request FROM responses WHERE id = 5").fetchone()
            request = json.loads(zlib.decompress(packed))
            request["messages"][-1]["content"] += "?"
            changed = zlib.compress(json.dumps(request).encode())
            db.execute("UPDATE responses SET request = ? WHERE id = 5", (changed,))


def replacing(path, old, new, count=1):
    def plant(folder):
        text = (folder / path).read_text()
        assert old in text
        (folder / path).write_text(text.replace(old, new, count))

    return plant


def copying(source, target):
    return lambda folder: shutil.copy(folder / source, folder / target)


def bytes_of(path, change):
    return lambda folder: (folder / path).write_bytes(change((folder / path).read_bytes()))


def deleting(path):
    return lambda folder: (folder / path).unlink()


PAGE = "results/report.html"


def in_page(name, change, path=PAGE):
    """What a page was given under a name changed in place: a JSON content, or the bytes of a map."""

    def plant(folder):
        page = folder / path
        text = page.read_text()
        packed = re.search(f'id="{name}">([^<]*)<', text)[1]
        raw = gzip.decompress(base64.b64decode(packed))
        if name.startswith("map"):
            changed = change(raw)
        else:
            content = json.loads(raw)
            change(content)
            assert content != json.loads(raw)
            changed = json.dumps(content).encode()
        page.write_text(text.replace(packed, base64.b64encode(gzip.compress(changed)).decode()))

    return plant


def shown(table, column, value, where=lambda row: True):
    """A cell of a table of the page set to another value."""

    def change(study):
        at = study["tables"][table]["columns"]
        rows = (row for row in study["tables"][table]["rows"] if row[at.index(column)] is not None)
        row = next(row for row in rows if where(dict(zip(at, row, strict=True))))
        row[at.index(column)] = value(row[at.index(column)])

    return in_page("study", change)


def told(change):
    return in_page("study", change)


def a_byte(at):
    """A byte of a map changed: the first is the prediction at the first point."""

    def change(raw):
        place = at % len(raw)
        return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]

    return in_page("map0", change)


def other(option):
    return {"Fail": "Pass", "Pass": "Fail"}[option]


def kept(row):
    return row["status"] == "kept"


def scored(name):
    return lambda row: row["score"] == name


def more(value):
    return value + 0.001


def less(value):
    return value / 2


def turned(text):
    return text.replace("Fail", "P").replace("Pass", "Fail").replace('"P"', '"Pass"')


def changed_wording(folder):
    file = folder / "resources/prompts/conditions/minimal.yaml"
    file.write_text(file.read_text() + "  Please.\n")


def all_of_a_row(folder):
    """A reply changed alike in the ledger and in the responses: only what follows from it gives it away."""
    setting(f"{NEAR}/responses.parquet", "response", turned, lambda row: row["kind"] == "question")(folder)
    rows = pq.read_table(folder / f"{NEAR}/responses.parquet").to_pylist()
    row = next(row for row in rows if row["kind"] == "question")
    values = row["response"], bytes.fromhex(row["digest"])
    in_ledger("UPDATE responses SET response = ? WHERE digest = ?", *values)(folder)


def exchanged(folder):
    vectors = np.load(folder / EMBEDDINGS)
    np.save(folder / EMBEDDINGS, vectors[::-1])


FORGED = '{"answer": "Nothing"}'
R, B, S, D, C = (f"{NEAR}/{name}.parquet" for name in ("responses", "boundary", "sce", "distances", "scores"))
EMBEDDINGS = "results/embeddings/tiny.npy"
FURTHER = "results/experiments/further"
# what is planted -> (how, a part of the name of a file that must be named)
PLANTS = {
    "ledger: a reply": (in_ledger("UPDATE responses SET response = ? WHERE id = 7", FORGED), "responses"),
    "ledger: a status": (in_ledger("UPDATE responses SET status = 'failed' WHERE id = 7"), "responses"),
    "ledger: a digest": (in_ledger("UPDATE responses SET digest = ? WHERE id = 7", bytes(32)), "responses"),
    "ledger: a request": (another_request, ".sqlite"),
    "ledger: a row gone": (in_ledger("DELETE FROM responses WHERE id = 7"), "responses"),
    "ledger: tokens": (in_ledger("UPDATE responses SET usage = '{\"in\": 9}' WHERE id = 7"), "responses"),
    "ledger: gone": (lambda folder: shutil.rmtree(folder / "ledger"), ".sqlite"),
    "ledger: no database": (
        lambda folder: next((folder / "ledger").glob("*nearest*.sqlite")).write_bytes(b"x" * 4096), ".sqlite",
    ),
    "ledger and responses: one reply": (all_of_a_row, "boundary"),
    "responses: a reply": (setting(R, "response", turned), "responses"),
    "responses: a digest": (setting(R, "digest", "0" * 64), "responses"),
    "responses: a point": (setting(R, "point_id", 11, lambda row: row["point_id"] == 5), "responses"),
    "responses: a status": (setting(R, "status", "refused"), "responses"),
    "responses: no such status": (setting(R, "status", "lost"), "results/near/tiny"),
    "responses: no such point": (setting(R, "point_id", -3), "results/near/tiny"),
    "responses: a finish reason": (setting(R, "finish_reason", "length"), "responses"),
    "responses: a wording": (setting(R, "wording", "question_02"), "responses"),
    "responses: a row gone": (dropping(R), "responses"),
    "responses: a row twice": (doubling(R), "responses"),
    "responses: replies exchanged": (swapping(R, "response"), "responses"),
    "responses: questions exchanged": (swapping(R, "response", "digest"), "responses"),
    "responses: SCEs exchanged": (swapping(R, "response", "digest", kind="condition"), "responses"),
    "responses: of another model": (copying(f"{BAD}/responses.parquet", R), "responses"),
    "boundary: a prediction": (setting(B, "prediction", other), "boundary"),
    "boundary: a status": (setting(B, "status", "unparseable"), "boundary"),
    "boundary: a level": (setting(B, "score", more), "boundary"),
    "boundary: a row gone": (dropping(B), "boundary"),
    "boundary: of another model": (copying(f"{BAD}/boundary.parquet", B), "boundary"),
    "sce: a point": (setting(S, "sce_point_id", lambda old: (old + 1) % 36), "sce"),
    "sce: a target": (setting(S, "target", other), "sce"),
    "sce: a level": (setting(S, "sce_absences", more), "sce"),
    "sce: a status": (setting(S, "status", "off_grid"), "sce"),
    "sce: a row twice": (doubling(S), "sce"),
    "sce: of another model": (copying(f"{BAD}/sce.parquet", S), "sce"),
    "sce: a verification": (setting(f"{BAD}/sce.parquet", "prediction_at_sce", other), "bad/tiny/sce"),
    "distances: d": (setting(D, "distance", more, kept), "distances"),
    "distances: m": (setting(D, "nearest_distance", more, kept), "distances"),
    "distances: the nearest point": (setting(D, "nearest_point_id", lambda old: (old + 1) % 36), "distances"),
    "distances: excess": (setting(D, "excess", more, kept), "distances"),
    "distances: valid": (setting(D, "valid", lambda old: not old, kept), "distances"),
    "distances: a status": (setting(D, "status", "refused", kept), "distances"),
    "distances: a row gone": (dropping(D), "distances"),
    "distances: of another model": (copying(f"{BAD}/distances.parquet", D), "distances"),
    "scores: validity": (setting(C, "value", lambda old: old - 0.01, scored("validity")), "scores"),
    "scores: a mean": (setting(C, "value", more, scored("mean_distance")), "scores"),
    "scores: exact match": (setting(C, "value", lambda old: old - 0.01, scored("exact_match")), "scores"),
    "scores: an interval": (setting(C, "low", lambda old: old - 0.01), "scores"),
    "scores: an interval of a mean": (setting(C, "high", more, scored("mean_distance")), "scores"),
    "scores: an interval of a median": (setting(C, "low", more, scored("median_excess")), "scores"),
    "scores: clusters": (setting(C, "clusters", lambda old: old + 1, scored("validity")), "scores"),
    "scores: effective n": (setting(C, "effective_n", more, scored("validity")), "scores"),
    "scores: an estimand": (setting(C, "estimand", "answers"), "scores"),
    "scores: n": (setting(C, "n", lambda old: old + 1, scored("validity")), "scores"),
    "scores: a count": (setting(C, "value", more, scored("n_kept")), "scores"),
    "scores: a reason": (setting(C, "reason", "because"), "scores"),
    "scores: a row gone": (dropping(C), "scores"),
    "scores: of another model": (copying(f"{BAD}/scores.parquet", C), "scores"),
    "collected: a value": (setting("results/scores.parquet", "value", more), "results/scores.parquet"),
    "collected: a model": (setting("results/scores.parquet", "model", "bad"), "results/scores.parquet"),
    "collected: a row gone": (dropping("results/scores.parquet"), "results/scores.parquet"),
    "collected: CSV": (replacing("results/scores.csv", "validity,1.0", "validity,0.9"), "scores.csv"),
    "collected: CSV cut": (bytes_of("results/scores.csv", lambda raw: raw[:500]), "scores.csv"),
    "differences: a value": (setting("results/differences.parquet", "difference", more), "differences"),
    "differences: n": (setting("results/differences.parquet", "n", lambda old: old + 1), "differences"),
    "differences: an interval": (setting("results/differences.parquet", "high", more), "differences"),
    "differences: a p": (setting("results/differences.parquet", "p", more), "differences"),
    "differences: clusters": (
        setting("results/differences.parquet", "clusters", lambda old: old + 1), "differences",
    ),
    "differences: effective n": (setting("results/differences.parquet", "effective_n", more), "differences"),
    "differences: p of Holm": (setting("results/differences.parquet", "p_holm", less), "differences"),
    "differences: p of Benjamini": (setting("results/differences.parquet", "p_bh", less), "differences"),
    "ranks: a line": (bytes_of("results/ranks.csv", lambda raw: raw + b"more,"), "ranks.csv"),
    "ranks: cut to nothing": (bytes_of("results/ranks.csv", lambda raw: b""), "ranks.csv"),
    "pattern: a column": (replacing("results/pattern.csv", "holds", "fails"), "pattern.csv"),
    "ranks: gone": (deleting("results/ranks.csv"), "ranks.csv"),
    "pattern: a line": (bytes_of("results/pattern.csv", lambda raw: raw + b"more,"), "pattern.csv"),
    "boundaries: regions": (
        setting("results/boundaries.parquet", "n_regions_1", lambda old: old + 1), "boundaries",
    ),
    "boundaries: raggedness": (setting("results/boundaries.parquet", "raggedness", more), "boundaries"),
    "boundaries: a sentence": (setting("results/boundaries.parquet", "sentence", "clean"), "boundaries"),
    "usage: questions": (setting("results/usage.parquet", "questions", lambda old: old + 1), "usage"),
    "usage: CSV": (replacing("results/usage.csv", "near", "far"), "usage.csv"),
    "embeddings: cut": (bytes_of(EMBEDDINGS, lambda raw: raw[:500]), "embeddings"),
    "embeddings: of other points": (exchanged, "distances"),
    "grid: a level": (setting("results/grids/tiny.parquet", "score", more), "grids"),
    "choices: an outcome": (setting(f"{NEAR}/choices.parquet", "value", more), "choices"),
    "several: an outcome": (setting(f"{NEAR}/several.parquet", "value", more), "several"),
    "tasks: candidates": (setting("results/choices/tiny.parquet", "candidates", "[1, 2]"), "choices"),
    "experiment: a value": (setting(f"{FURTHER}/scores.parquet", "value", more), "further/scores"),
    "experiment: CSV": (replacing(f"{FURTHER}/scores.csv", "validity,1.0", "validity,0.9"), "scores.csv"),
    "experiment: Markdown": (bytes_of(f"{FURTHER}/scores.md", lambda raw: raw.replace(b"1", b"2")), ".md"),
    "experiment: LaTeX": (bytes_of(f"{FURTHER}/scores.tex", lambda raw: raw + b"%"), ".tex"),
    "page: a score": (shown("scores", "value", more, scored("mean_distance")), PAGE),
    "page: an interval": (shown("scores", "low", more), PAGE),
    "page: a difference": (shown("differences", "difference", more), PAGE),
    "page: a region": (shown("boundaries", "n_regions_1", lambda old: old + 1), PAGE),
    "page: usage": (shown("usage", "questions", lambda old: old + 1), PAGE),
    "page: a model": (shown("scores", "model", lambda old: "far"), PAGE),
    "page: a row gone": (told(lambda study: study["tables"]["scores"]["rows"].pop(4)), PAGE),
    "page: a count": (told(lambda study: study["counts"][0]["counts"].reverse()), PAGE),
    "page: a finding": (told(lambda study: study["findings"][0].update(headline="no boundary")), PAGE),
    "page: a number in a finding": (
        told(lambda study: study["findings"][0]["sentences"].__setitem__(0, "All of 9 are valid.")), PAGE,
    ),
    "page: options exchanged": (told(lambda study: study["datasets"]["tiny"]["options"].reverse()), PAGE),
    "page: a level": (told(lambda study: study["datasets"]["tiny"]["features"][0]["codes"].reverse()), PAGE),
    "page: a wording": (told(lambda study: study["wordings"][0].update(question="?")), PAGE),
    "page: a setting": (told(lambda study: study["models"][0]["settings"].update(policy="timid")), PAGE),
    "page: a pair gone": (told(lambda study: study["pairs"].pop()), PAGE),
    "page: a prediction": (a_byte(0), PAGE),
    "page: where an SCE leads": (a_byte(36), PAGE),
    "page: a distance": (a_byte(-1), PAGE),
    "page: a reply": (
        in_page("talk0", lambda talk: talk["turns"][0]["reply"].__setitem__(5, "Fail, surely.")), PAGE,
    ),
    "page: turns exchanged": (in_page("talk0", lambda talk: talk["turns"].reverse()), PAGE),
    "page: a table of an experiment": (
        in_page("table0", lambda table: table["rows"][0].__setitem__(table["columns"].index("n"), 1)), PAGE,
    ),
    "page: a row of a table gone": (in_page("table1", lambda table: table["rows"].pop()), PAGE),
    "page: a table gone": (told(lambda study: study["experiments"][0]["tables"].pop()), PAGE),
    "page: a caption": (
        told(lambda study: study["experiments"][0]["figures"][0].update(caption="All are valid.")), PAGE,
    ),
    "page: its script": (replacing(PAGE, "</script>\n</body>", ";</script>\n</body>"), PAGE),
    "page: cut": (bytes_of(PAGE, lambda raw: raw[:4000]), PAGE),
    "page: gone": (deleting(PAGE), PAGE),
    "metadata: what was asked": (noting(R, lambda params: params["asked"].update(dataset="0")), "responses"),
    "metadata: conditions": (noting(B, lambda params: params.update(conditions=[])), "boundary"),
    "metadata: metrics": (noting(D, lambda params: params["metrics"].reverse()), "distances"),
    "metadata: an estimand": (noting(C, lambda params: params.update(estimand="census")), "scores"),
    "metadata: code": (noting(S, lambda params: params.update(code="0" * 16)), "sce"),
    "metadata: none": (
        lambda folder: pq.write_table(pq.read_table(folder / D).replace_schema_metadata(None), folder / D),
        "distances",
    ),
    "a file: empty": (bytes_of(S, lambda raw: b""), "sce"),
    "a file: cut": (bytes_of(D, lambda raw: raw[:-100]), "distances"),
    "a file: gone": (deleting(B), "boundary"),
    "a file: text": (bytes_of(C, lambda raw: b"text"), "scores"),
    "configuration: a condition's text": (changed_wording, "responses"),
    "configuration: an estimand": (replacing("config/config.yaml", "points", "census"), "scores"),
    "configuration: a level": (
        replacing("resources/datasets/tiny.yaml", "[0, 1, 5]", "[0, 1, 6]"), "boundary",
    ),
}  # fmt: skip
