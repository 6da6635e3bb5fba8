"""What a network saw of one image, as numbers; of an image in tiles the mean over its tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.data.domain import traits

Floats = NDArray[np.float32]
TRAITS = ("noise", "sharpness", "longer", "shorter", "doubt")


@dataclass(frozen=True)
class Seen:
    """One run of the network.

    Attributes:
        x: the input (height, width, channels).
        y: the output (height, width, channels).
        embedding: the network's embedding (channels,); empty if it has none.
        apart: of several networks, how far they are apart: an ``Apart`` of
            ``core.evaluation.disagreement``.
    """

    x: Floats
    y: Floats
    embedding: Floats
    apart: Any = None


@dataclass(frozen=True)
class Sample:
    """The numbers of one image.

    Attributes:
        traits: (5,) in the order of ``TRAITS``, base-2 logarithms.
        histogram: (64,) shares of the values in equal steps of the range.
        embedding: (channels,).
    """

    traits: NDArray[np.float64]
    histogram: NDArray[np.float64]
    embedding: NDArray[np.float64]


def sample_of(seen: Seen, by_class: bool | None) -> Sample:
    """Look at one run of the network.

    Args:
        seen: the run.
        by_class: see ``traits.doubt``; None if the output are values, which tell no doubt.
    """
    grey = traits.grey_of(seen.x)
    numbers = (
        traits.noise(grey),
        traits.sharpness(grey),
        *traits.extent(grey),
        0.0 if by_class is None else traits.doubt(seen.y, by_class),
    )
    return Sample(
        np.array(numbers), traits.histogram(grey), seen.embedding.astype(np.float64).ravel()
    )


def mean_of(samples: Sequence[Sample]) -> Sample:
    """The mean over the tiles of an image, at least one."""
    return Sample(
        np.mean([sample.traits for sample in samples], axis=0),
        np.mean([sample.histogram for sample in samples], axis=0),
        np.mean([sample.embedding for sample in samples], axis=0),
    )
