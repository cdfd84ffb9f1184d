"""Damaged and deleted results: the same command, or the same command twice, makes them again."""

import re

from tests.workflow.plants import BAD, NEAR, bytes_of

REMEDY = "and no model is asked: run again"


def test_damaged_artifacts_are_named_and_the_same_command_mends_them(studied):
    scores = (studied.folder / "results/scores.csv").read_bytes()
    rows = studied.rows_in_ledger()
    bytes_of(f"{NEAR}/responses.parquet", lambda raw: raw[: len(raw) // 2])(studied.folder)
    bytes_of(f"{BAD}/boundary.parquet", lambda raw: b"")(studied.folder)
    out = studied.snakemake("scores", ok=False)
    for damaged in (f"{NEAR}/responses.parquet", f"{BAD}/boundary.parquet"):
        assert re.search(rf"{re.escape(damaged)}: content: found .damaged ", out)
    assert REMEDY in out
    assert "Traceback" not in out
    studied.snakemake("scores")
    assert (studied.folder / "results/scores.csv").read_bytes() == scores
    assert studied.rows_in_ledger() == rows


def test_deleted_results_come_back(studied):
    folder = studied.folder / "results"
    deleted = [
        "near/tiny/sce.parquet", "bad/tiny/responses.parquet", "near/tiny/several.parquet",
        "grids/tiny.parquet", "experiments/further/scores.tex", "usage.csv",
    ]  # fmt: skip
    for name in deleted:
        (folder / name).unlink()
    out = studied.snakemake("audit")
    assert "audit passed" in out
    assert all((folder / name).exists() for name in deleted)
