"""The confidence of a translation: a map beside the translated image.

For label maps it is the probability that the written class is right: that of the class in the mean
of the mirrored predictions, in which disagreement between them lowers it. For values it is the
absolute error to be expected: from the standard deviation of the mirrored predictions. Both become
true figures by a calibration on images with known targets (``core.evaluation.calibration``). A
clean-up of label maps changes no confidence: that is of the network's own class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.evaluation.calibration import LABELS, VALUES, Calibration
from deepimagetranslator.core.export.encodings import OutputEncoding

Floats = NDArray[np.float32]
_LEAST = 1e-6  # of a probability, so that a class can never be impossible


@dataclass(frozen=True, eq=False)
class ConfidenceMap:
    """The confidence of one translated image, for display.

    Attributes:
        values: (height, width, 1) float32, see ``Confidence.map``.
        kind: "labels" for probabilities, "values" for expected errors.
        calibrated: whether the figures are calibrated.
    """

    values: Floats
    kind: str
    calibrated: bool


@dataclass(frozen=True)
class Confidence:
    """Makes confidence maps from what a network predicts.

    A prediction has twice the channels of the network: first those that are written, then those of
    the mirrored predictions (``mirrored``).

    Attributes:
        encoding: how the translated image is written.
        calibration: made from images with known targets; None if there is none, or it is for
            another kind of output.
    """

    encoding: OutputEncoding
    calibration: Calibration | None = None

    @classmethod
    def of(cls, encoding: OutputEncoding, calibration: Calibration | None) -> Confidence:
        """With the calibration, if it is for this kind of output."""
        suits = calibration is not None and calibration.kind == kind_of(encoding)
        return cls(encoding, calibration if suits else None)

    def written(self, predicted: Floats) -> Floats:
        """What the translated image is made from, (height, width, channels)."""
        return predicted[..., : self.encoding.network.channels]

    def raw(self, predicted: Floats) -> Floats:
        """Before calibration, (height, width): a probability, or a spread in the unit range."""
        mirrored = predicted[..., self.encoding.network.channels :]
        if self.encoding.kind == VALUES:
            return np.asarray(mirrored.mean(axis=-1, dtype=np.float32))
        return self._of_class(mirrored, self.encoding.classes(self.written(predicted)))

    def map(self, predicted: Floats) -> Floats:
        """The confidence map (height, width, 1).

        Returns:
            For label maps a probability; for values an absolute error in the values of the file.
        """
        raw = self.raw(predicted)[..., np.newaxis]
        found = raw if self.calibration is None else self.calibration(raw)
        limits = self.encoding.limits
        return found if limits is None else found * np.float32(limits[1] - limits[0])

    def image(self, predicted: Floats, form: str) -> NDArray[Any]:
        """The confidence map as it is written: 0 to 255 in PNG, else float."""
        found = self.map(predicted)
        return np.rint(found * 255).astype(np.uint8) if form == "png" else found

    def shown(self, bands: Sequence[Floats]) -> ConfidenceMap:
        """The bands of a map that were made by this object, with what they mean."""
        return ConfidenceMap(
            np.concatenate(bands), kind_of(self.encoding), self.calibration is not None
        )

    def _of_class(self, predicted: Floats, classes: NDArray[Any]) -> Floats:
        """The probability of each pixel's class, (height, width).

        Independent channels give each class the product of the probabilities that its channels are
        on and off as in its colour, in relation to the other classes. For colours with channels in
        between it is the distance of the nearest other colour in relation to both distances.
        """
        network = self.encoding.network
        if network.by_class:
            chosen = np.take_along_axis(predicted, classes[..., np.newaxis].astype(np.intp), -1)
            return np.asarray(chosen[..., 0])
        palette = network.palette
        assert palette is not None
        colours = network.scaling.to_unit(palette.array)[0]
        pure = palette.is_pure(network.scaling)
        predicted = np.clip(predicted, _LEAST, 1 - _LEAST)
        own, others = (np.zeros(classes.shape, np.float32) for _ in range(2))
        nearest = np.full(classes.shape, np.inf, np.float32)
        for number, colour in enumerate(colours):
            here = classes == number
            if pure:
                each = np.where(colour > 0, predicted, 1 - predicted)
                likely = each.prod(axis=-1)
                own[here] = likely[here]
                others += likely
            else:
                distance = np.sqrt(((predicted - colour) ** 2).sum(axis=-1))
                own[here] = distance[here]
                nearest[~here] = np.minimum(nearest, distance)[~here]
        return own / others if pure else nearest / (own + nearest)


def mirrored(predictions: Sequence[Floats], average: bool, kind: str) -> Floats:
    """Join mirrored predictions, turned back, to one with twice the channels.

    Args:
        predictions: (images, height, width, channels) each, first that of the image itself.
        average: whether the mean is written, else the first.
        kind: "values" adds their standard deviation, label maps their mean.
    """
    mean: Floats = np.mean(predictions, axis=0)
    second = np.std(predictions, axis=0) if kind == VALUES else mean
    return np.concatenate([mean if average else predictions[0], second], axis=-1)


def kind_of(encoding: OutputEncoding) -> str:
    """The kind of calibration for an encoding."""
    return VALUES if encoding.kind == VALUES else LABELS
