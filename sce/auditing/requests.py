"""From the configuration to the requests: every question derived anew, and its digest compared with that of
the row that claims to be its answer. Here the package's own protocol is walked, as a run would.
"""

import json

from sce.asking.blocks import Question
from sce.asking.conversations import elicit
from sce.asking.protocol import Protocol
from sce.auditing.findings import Findings
from sce.auditing.ledgers import digest_of
from sce.auditing.tables import Stored
from sce.engines import body_of
from sce.ledger.entries import Entry
from sce.reading.authors import FORESEEN
from sce.reading.samples import SAMPLE


class Replayer:
    """Stands where a run has its asker, and answers from the rows of ``responses`` alone."""

    def __init__(self, engine, rows: dict[str, dict], ledger: dict[str, list[dict]]):
        self.engine, self.rows, self.ledger = engine, rows, ledger

    async def look_up(self, questions: list[Question]) -> list[Entry]:
        """What the rows say of each question."""
        return [self._entry(*question) for question in questions]

    def _entry(self, messages, about):
        key = digest_of(json.loads(json.dumps(body_of(self.engine, messages, about))))
        row = self.rows.get(key)
        if row is None:
            return Entry(key, "unasked", None, None, None, None, None, None, {}, 0.0, 0, 0.0)
        turns = [entry["turn"] for entry in self.ledger.get(key, []) if entry["response"] == row["response"]]
        turn = json.loads(turns[0]) if turns and turns[0] else None
        return Entry(
            key, row["status"], row["response"], row["reasoning"], row["finish_reason"], row["error"], turn,
            None, {}, row["latency_s"], row["attempts"], 0.0,
        )  # fmt: skip

    async def close(self) -> None:
        """Nothing was opened."""


def check_derived(responses: Stored, protocol: Protocol, engine, ledger: dict, findings: Findings) -> None:
    """The questions that the configuration asks are those of ``responses``, each under its own digest."""
    rows = {row["digest"]: row for row in responses.rows}
    derived = elicit(protocol, Replayer(engine, rows, ledger), lambda status: None)
    keys = ("kind", "wording", "condition", "point_id", *({SAMPLE, FORESEEN} & set(derived.columns)))
    expected = [
        {name: None if value != value else value for name, value in row.items()}
        for row in derived[[*keys, "digest", "status"]].to_dict("records")
    ]
    found = [{name: row.get(name) for name in (*keys, "digest", "status")} for row in responses.rows]
    if _same_keys(expected, keys):  # kinds of experiments may ask one thing of a point many times
        findings.rows(responses.path, keys, found, expected, "requests derived anew")
        return
    ours, theirs = (sorted(tuple(map(str, row.values())) for row in rows) for rows in (found, expected))
    for number, (a, b) in enumerate(zip(ours, theirs, strict=False)):
        findings.equal(responses.path, f"question {number}", a, b, "requests derived anew")
    findings.equal(responses.path, "number of questions", len(ours), len(theirs))


def _same_keys(rows, keys):
    return len({tuple(row[name] for name in keys) for row in rows}) == len(rows)
