"""Batch APIs (``mode: batch``): the same questions at half the price, answered within a day.

A ``BatchEngine`` offers what every engine offers, one question at a time. It collects the questions of all
workers; once no new one has come for a moment, they go to the provider as batches. A batch is recorded in the
ledger, with its requests, before it is submitted: a run that dies at any moment is continued by the next one,
which waits for the recorded batch instead of submitting its questions again. Where a run died between the
submission and the provider's answer, the provider's list of batches shows whether the batch exists.

Every answer goes into the ledger as it is read, even if no worker waits for it any more. Questions that
expired or failed go into a next batch.
"""

from sce.asking.batches.engine import BatchEngine
from sce.asking.batches.providers import AnthropicBatches, OpenAIBatches
from sce.money.prices import Budget


def open_engine(model, path, budget: Budget | None = None) -> BatchEngine:
    """The engine of an entry with ``mode: batch``, over the ledger's file ``path``; not yet started."""
    provider = {"openai": OpenAIBatches, "anthropic": AnthropicBatches}[model.engine](model)
    return BatchEngine(provider, path, budget, rounds=model.attempts, poll_s=model.poll_s)
