"""What models were asked about others: every reply followed back to the ledger, every question derived anew
from the others' answers."""

from dataclasses import dataclass
from pathlib import Path

from sce.auditing import ledgers, requests
from sce.auditing.tables import Files
from sce.engines import Fatal, open_engine
from sce.errors import InputError
from sce.experiments.protocols import protocol_about
from sce.grids.datasets import Dataset
from sce.models.entries import Model
from sce.wordings.published import Published


@dataclass(frozen=True)
class InquiryToAudit:
    """What the configuration says of a model that is asked about another. ``entry``: its own; ``asked``: see
    ``sce.study.inquiries.protocol_about``; ``replies``: their file; ``author``: the folder of the artifacts
    of the other; ``ledger``: the file of the model that is asked."""

    explainer: str
    entry: Model
    dataset: Dataset
    asked: dict
    published: Published | None
    replies: Path
    author: Path
    ledger: Path


def audit_inquiry(inquiry: InquiryToAudit, files: Files) -> None:
    """Check the replies of a model about another."""
    findings = files.findings
    responses = files.get(inquiry.replies)
    boundary, sce = (files.frame(inquiry.author / f"{name}.parquet") for name in ("boundary", "sce"))
    if responses is None:
        return
    ledger = ledgers.read_ledger(inquiry.ledger, findings)
    ledgers.check_replies(responses, ledger, inquiry.ledger, findings)
    ledgers.check_requests({row["digest"] for row in responses.rows}, ledger, inquiry.ledger, findings)
    if boundary is None or sce is None:
        return
    try:
        engine = open_engine(inquiry.entry, inquiry.dataset)
        about = inquiry.dataset, inquiry.entry, inquiry.asked, inquiry.published
        requests.check_derived(responses, protocol_about(*about, boundary, sce), engine, ledger, findings)
    except (InputError, Fatal, ImportError) as error:
        findings.note(f"{inquiry.explainer}: its requests could not be derived anew here: {error}")
