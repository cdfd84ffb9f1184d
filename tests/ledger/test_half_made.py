"""A ledger file without tables: what a job leaves that was killed while it made the file."""

import pytest

from sce.__main__ import main
from sce.auditing.findings import Findings
from sce.auditing.ledgers import read_ledger
from sce.ledger import damage, exports, upkeep
from sce.ledger.entries import digest
from sce.ledger.ledger import Ledger
from sce.ledger.of_model import LedgerOfModel, shard_file
from sce.ledger.sqlite_files import open_to_write
from sce.models.shards import Shard
from tests.ledger.test_ledger import answer, body_of

BODY = body_of(1)


@pytest.fixture(params=["empty", "without tables"])
def path(request, tmp_path):
    """The file of a model with one answer; its second shard's is half made."""
    path = tmp_path / "ledger" / "l.sqlite"
    with Ledger(path) as ledger:
        ledger.put(answer(BODY), BODY)
    half = shard_file(path, Shard(2, 2))
    if request.param == "empty":
        half.write_bytes(b"")
    else:
        open_to_write(half).close()
    return path


def test_it_is_read_as_one_without_rows(path, tmp_path):
    folder, sizes = path.parent, {file: file.stat().st_size for file in path.parent.glob("*.sqlite")}
    assert [record["questions"] for record in upkeep.overview(folder)] == [0, 1]
    assert upkeep.find(folder, digest(BODY)[:8]) == [(path, digest(BODY))]
    assert upkeep.open_batches(folder) == []
    assert upkeep.prune(folder) == damage.drop_damaged(folder) == {file.name: 0 for file in sizes}
    assert damage.verify(folder) == []
    assert exports.export(folder, tmp_path / "all.jsonl.gz") == 1
    assert exports.merge(folder, tmp_path / "ours") == {"added": 1, "better": 0, "known": 0}
    findings = Findings()
    assert list(read_ledger(path, findings)) == [digest(BODY)]
    assert findings.problems == []
    assert {file: file.stat().st_size for file in path.parent.glob("*.sqlite")} == sizes  # nothing was made


def test_the_commands_say_nothing_of_it(path, capsys):
    for action in ("show", "verify", "batches"):
        assert main(["ledger", action, "--ledger", str(path.parent)]) == 0
    assert "damaged" not in capsys.readouterr().out


def test_what_is_stored_in_it_later_is_found(path):
    second = body_of(2)
    with LedgerOfModel(path, read_only=True) as looking:
        assert looking.get(digest(second)) is None
        with Ledger(shard_file(path, Shard(2, 2))) as ledger:
            assert not ledger.half_made
            ledger.put(answer(second), second)
        looking.look_again()
        assert looking.get(digest(second)).status == "answered"
