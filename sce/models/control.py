"""The entry of a built-in respondent."""

from typing import Literal

from pydantic import Field

from sce.models.entries import Model


class Control(Model):
    """A built-in respondent with a known boundary and a known way to answer (see sce.engines.control).
    ``rate``: how often it is right in tasks that have a right answer; always unless given. ``wavers``: how
    often its answer to a numbered wording of the question, or to the question asked again, is not its own,
    and how often an SCE that is asked for again is the start itself; never unless given."""

    engine: Literal["control"]
    policy: Literal[
        "nearest", "nearest_l1", "overshoot", "timid", "echo", "random", "malformed", "constant", "thinking"
    ]  # fmt: skip
    seed: int = Field(0, gt=-(2**53), lt=2**53)  # JSON's whole numbers
    rate: float | None = Field(None, ge=0, le=1)
    wavers: float | None = Field(None, ge=0, le=1)

    @property
    def optional(self) -> dict[str, float]:
        """Those of the later fields that are set. Left out where they are not, so that older answers keep
        their digests."""
        given = {"rate": self.rate, "wavers": self.wavers}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def can_differ(self):
        return bool(self.wavers) or self.policy == "random"

    def shape(self):
        return {k: v for k, v in super().shape().items() if k not in ("rate", "wavers")} | self.optional

    @property
    def provider_model(self):
        return self.policy
