"""Compares the values of images with those of the training inputs, and says what may be wrong.

The values are compared as curves (``core.data.intensity.curve``). A series is unlike

- if its curve is far from all of the training series and comes close to them by a change that
  files are known to have undergone, such as 1024 added: that change is the likely cause; or
- if far more of its values lie above the network's range, or next to nothing lies inside it.

Other persons, exposures and croppings also differ, without being wrong. So a series is not unlike
if a brightening, a darkening or another share of background explains the difference as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from deepimagetranslator.core.data.input_statistics import InputStatistics, Spread
from deepimagetranslator.core.data.intensity.curve import Change, Floats, SeenValues
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.typing import Array

# Tried on CT of the abdomen and the thorax (8 bits, 16 bits, five windows; each person against
# each other), fluorescence and electron microscopy, whole, cropped and padded: the mean distance
# of right series is up to 0.1 without a known change, of changed ones 0.08 and more.
_FAR = 0.08  # mean distance of a curve from the training series
_FAR_INVERTED = 0.2  # the same to look for inversion: many histograms are nearly symmetric
_EXPLAINED = 0.4  # a cause leaves at most this part of the distance
_CLOSE = 0.22  # and at no point of the curve more than this distance
_ROUGHLY = 0.35  # as _CLOSE, for innocent explanations
_PARTLY = 0.6  # another exposure that leaves at most this part explains it in part,
_CLEARLY = 3  # and then a cause must leave so many times less
_MORE_ABOVE = 0.3  # share above the range beyond that of any training series
_HARDLY = 0.15  # next to nothing inside the range, as a part of the least in training
_NEARLY_ALL = 0.98
_FEW = 8  # images that may be no whole series
_ROUNDED = 1.001  # a highest value may be rounded up
_MENTIONED = 0.05  # share outside, beyond that of any training series, that a sentence mentions


def _times(factor: float) -> Change:
    return lambda values: values * factor


def _plus(number: float) -> Change:
    return lambda values: values + number


_ADDED: Mapping[str, float] = {
    "1024 was added to Hounsfield units": -1024,
    "Hounsfield units are written where they had 1024 added": 1024,
}
_SCALED: Mapping[str, tuple[float, float, float]] = {
    "0 to 1 is written where 0 to 255 was": (255, 0, 1.5),
    "0 to 1 is written where 0 to 65535 was": (65535, 0, 1.5),
    "fractions are written where per cent were": (100, 0, 1.5),
    "per cent are written where fractions were": (1 / 100, 1.5, 150),
    "0 to 255 is written where 0 to 1 was": (1 / 255, 1.5, 255),
    "0 to 65535 is written where 0 to 1 was": (1 / 65535, 255, 65535),
    "8-bit values are written where 16-bit values were": (257, 1.5, 255),
    "16-bit values are written where 8-bit values were": (1 / 257, 255, 65535),
    "8-bit values are written where 12-bit values were": (16, 1.5, 255),
    "12-bit values are written where 8-bit values were": (1 / 16, 255, 4095),
    "12-bit values are written where 16-bit values were": (16, 255, 4095),
    "16-bit values are written where 12-bit values were": (1 / 16, 4095, 65535),
}
"""Likely causes as clauses. The number to add, or the factor, undoes each; the last two numbers are
the bounds of the highest value that a file of this kind has."""
_INVERTED = "black and white are exchanged"
_EXPOSURES = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 4 / 5, 5 / 4, 3 / 2, 2.0, 3.0, 4.0)


@dataclass(frozen=True)
class Unlike:
    """How a series differs from the training inputs.

    Attributes:
        below, above: the shares of its values below and above the network's range.
        cause: the likely cause as a clause; empty if none is known.
    """

    below: float
    above: float
    cause: str = ""


@dataclass(frozen=True)
class Trained:
    """What weights say about the inputs that they were trained on.

    Attributes:
        scaling: the normalization of inputs.
        statistics: the values of the training inputs.
    """

    scaling: IntensityNormalization
    statistics: InputStatistics

    def series(self, images: Iterable[Array]) -> Unlike | None:
        """How the values of a series differ; None if they do not, or if they tell nothing.

        A few images, such as the slices above a head, need not have all that a series has. Without
        a known cause they are compared with the single training images too.
        """
        seen = self._seen(images)
        found = _compared(seen, self.statistics.by_series)
        if found is not None and not found.cause and seen.images < _FEW:
            return _compared(seen, self.statistics.by_image)
        return found

    def image(self, image: Array) -> str:
        """The likely cause why a single image differs; empty if it does not, or none is known.

        Single images of a series differ more than series do, so only a known cause counts.
        """
        found = _compared(self._seen([image]), self.statistics.by_image)
        return found.cause if found else ""

    def sentence(self, unlike: Unlike) -> str:
        """What differs and the likely cause, for the user."""
        scaling, usual = self.scaling, self.statistics.by_series
        parts = [
            f"{share:.0%} of the values lie {where} the network's range of {scaling.low:g} to "
            f"{scaling.high:g}, in the training images {_shares(trained)}"
            for where, share, trained in (
                ("below", unlike.below, usual.below),
                ("above", unlike.above, usual.above),
            )
            if share > trained[1] + _MENTIONED
        ]
        text = " and ".join(parts) or "the values are spread unlike those of the training images"
        return f"{text}; {f'probably {unlike.cause}' if unlike.cause else 'check them'}."

    def _seen(self, images: Iterable[Array]) -> SeenValues:
        seen = SeenValues(self.scaling)
        for image in images:
            seen.add(image)
        return seen


def _shares(trained: tuple[float, float]) -> str:
    """The lowest and highest share in training: "2 %", "2 % to 9 %"."""
    low, high = (f"{share:.0%}" for share in trained)
    return low if low == high else f"{low} to {high}"


def _compared(seen: SeenValues, usual: Spread) -> Unlike | None:
    """Compare values with those of the training series, or of the training images."""
    if not seen:
        return None
    curve = seen.curve()
    below, above = float(curve[0]), float(1 - curve[-1])
    distance = float(usual.beyond(curve).mean())
    nothing_inside = 1 - below - above < _HARDLY * (1 - usual.below[1] - usual.above[1])
    outside = nothing_inside or above > usual.above[1] + _MORE_ABOVE
    if distance < _FAR and not outside:
        return None
    cause = _likeliest(seen, usual, distance)
    if not cause and (not outside or _is_innocent(seen, curve, usual, _EXPLAINED * distance)):
        return None
    return Unlike(below, above, cause)


def _likeliest(seen: SeenValues, usual: Spread, distance: float) -> str:
    """The cause without which a mean distance nearly vanishes; empty if there is none."""
    curves = {cause: seen.curve(_plus(number)) for cause, number in _ADDED.items()}
    curves |= {
        cause: seen.curve(_times(factor))
        for cause, (factor, low, high) in _SCALED.items()
        if low < seen.highest <= high * _ROUNDED
    }
    whole = seen.curve()
    nothing_cut = whole[-1] - whole[0] > 1 - _MENTIONED  # so both ends are known
    if nothing_cut and distance > _FAR_INVERTED:
        curves[_INVERTED] = seen.inverted()
    left = {
        cause: _distance(usual, curve, _CLOSE) for cause, curve in curves.items() if _varies(curve)
    }
    cause = min(left, key=lambda name: left[name], default="")
    if not cause or left[cause] > _EXPLAINED * distance:
        return ""
    exposed = min(_distance(usual, seen.curve(_times(factor)), 1) for factor in _EXPOSURES)
    innocent = exposed <= _PARTLY * distance and exposed < _CLEARLY * left[cause]
    return "" if innocent and cause in _SCALED else cause


def _is_innocent(seen: SeenValues, curve: Floats, usual: Spread, most: float) -> bool:
    """Whether another exposure, or as much background as usual, explains the difference."""
    curves = [seen.curve(_times(factor)) for factor in _EXPOSURES]
    shown = 1 - curve[0]
    for background in (usual.low[0], usual.mean[0], usual.high[0]):
        if shown > _HARDLY * (1 - background):
            curves.append(1 - (1 - curve) * (1 - background) / shown)
    return min(_distance(usual, other, _ROUGHLY) for other in curves) <= most


def _varies(curve: Floats) -> bool:
    """Whether not nearly all values fall into one step of the range, or outside it."""
    return float(np.diff(curve, prepend=0, append=1).max()) < _NEARLY_ALL


def _distance(usual: Spread, curve: Floats, most: float) -> float:
    """The mean distance of a curve; infinite if it is more than ``most`` somewhere."""
    beyond = usual.beyond(curve)
    return float(beyond.mean()) if beyond.max() <= most else np.inf
