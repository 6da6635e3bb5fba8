"""The mark of an image that is far from the training images."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DomainMark:
    """Why and by how much an image is far from the training images.

    Attributes:
        score: how far; 1 is the threshold, so that it is never below 1. Larger is farther.
        kind: in what it differs most: one of ``KINDS`` of ``core.data.domain.traits``.
        reason: a clause without a period, such as "smoother than any training image".
    """

    score: float
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.reason} (score {self.score:.1f}, 1 is the limit)"
