"""Which images a network suits: its training images as it saw them, and how far others may be.

Weights keep it. It holds means and limits of a few numbers, no image, no name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deepimagetranslator.core.data.domain import words
from deepimagetranslator.core.data.domain.calibration import Limits
from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.data.domain.reference import KINDS, Reference
from deepimagetranslator.core.data.domain.sample import Sample
from deepimagetranslator.core.data.domain.spacing import SpacingRange
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import UserError

_DECIMALS = 6


@dataclass(frozen=True)
class Known:
    """The training images of a network, and the limits of deviations from them.

    Attributes:
        reference: mean and spread of the training images.
        limits: how far another image may deviate, by ``KINDS``.
        images: the number of images that were changed to find the limits.
        spacing: the pixel sizes of the training images; None if their files state none.
    """

    reference: Reference
    limits: Limits
    images: int
    spacing: SpacingRange | None = None

    def mark(
        self,
        sample: Sample,
        scaling: IntensityNormalization,
        pixel: tuple[float, float] | None = None,
    ) -> DomainMark | None:
        """The mark of an image that passes a limit; None if it passes none.

        Args:
            sample: what the network saw of it.
            scaling: the network's normalization of inputs.
            pixel: height and width in mm of a pixel of the network's input; None if unknown.
        """
        found = self.farthest(sample, scaling, pixel)
        return found if found.score >= 1 else None

    def farthest(
        self,
        sample: Sample,
        scaling: IntensityNormalization,
        pixel: tuple[float, float] | None = None,
    ) -> DomainMark:
        """In what an image differs most, also within the limits; see ``mark``."""
        deviations = self.reference.deviations(sample)
        scores = {kind: _part(deviations[kind], *self.limits[kind]) for kind in KINDS}
        kind = max(scores, key=lambda name: scores[name])
        if self.spacing is not None and pixel is not None:
            score = self.spacing.score(pixel)
            if score > scores[kind]:
                return DomainMark(score, "spacing", self.spacing.reason(pixel))
        return DomainMark(scores[kind], kind, words.reason(kind, deviations[kind], scaling))

    def to_json(self) -> dict[str, Any]:
        """The fields for JSON."""
        return {
            "reference": self.reference.to_json(),
            "limits": {
                kind: [round(side, _DECIMALS) for side in sides]
                for kind, sides in self.limits.items()
            },
            "images": self.images,
            "spacing": self.spacing and self.spacing.to_json(),
        }

    @classmethod
    def from_json(cls, data: Any) -> Known:
        """The inverse of ``to_json``.

        Raises:
            TypeError, KeyError, ValueError: the data are no such record.
        """
        table = [_limits_of(data["limits"][kind]) for kind in KINDS]
        spacing = data["spacing"]
        return cls(
            Reference.from_json(data["reference"]),
            dict(zip(KINDS, table, strict=True)),
            int(data["images"]),
            None if spacing is None else SpacingRange.from_json(spacing),
        )


@dataclass(frozen=True)
class Domain:
    """What weights say about the images that they suit.

    Attributes:
        known: None if that is not known.
        reason: why it is not known, one of ``words.UNKNOWN``.
    """

    known: Known | None = None
    reason: str = "old"

    @property
    def unknown(self) -> str:
        """Why images unlike those of the training are not recognized, as a sentence; empty if
        they are."""
        return "" if self.known is not None else words.UNKNOWN[self.reason]

    @property
    def line(self) -> str:
        """The same for the description of the weights."""
        if self.known is None:
            return self.unknown
        tried = f"{self.known.images} image{'s' * (self.known.images != 1)}"
        return f"Images unlike those of the training are marked (limits found with {tried})"

    def to_json(self) -> dict[str, Any]:
        """The fields for JSON."""
        return {"unknown": self.reason} if self.known is None else self.known.to_json()

    @classmethod
    def from_json(cls, data: Any) -> Domain:
        """The inverse of ``to_json``; None means weights that say nothing.

        Raises:
            UserError: the data are no such record.
        """
        try:
            if data is None:
                return cls()
            if "unknown" in data:
                return cls(reason=data["unknown"] if data["unknown"] in words.UNKNOWN else "old")
            return cls(Known.from_json(data), "")
        except (TypeError, KeyError, ValueError, OverflowError, AttributeError) as error:
            message = "What the weights file says of its training images is damaged."
            raise UserError(message) from error


UNKNOWN = Domain()
"""Of weights that say nothing, as those of earlier versions."""


def is_readable(known: Known) -> bool:
    """Whether weights that keep this can be read: not if a network's values left all bounds."""
    try:
        Known.from_json(known.to_json())
    except ValueError:
        return False
    return True


def _limits_of(data: Any) -> tuple[float, float]:
    low, high = map(float, data)
    if not -math.inf < low < 0 < high < math.inf:
        raise ValueError("no limits")
    return low, high


def _part(deviation: float, low: float, high: float) -> float:
    """A deviation as a part of its limit."""
    return deviation / (high if deviation > 0 else low)
