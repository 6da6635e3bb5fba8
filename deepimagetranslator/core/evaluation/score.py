"""One number for the agreement of a translated image with its target: Dice, or PSNR."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.evaluation.comparison import ByValues, Comparison, by_classes
from deepimagetranslator.core.evaluation.measures import measure
from deepimagetranslator.core.typing import Array

DICE, PSNR, AGREEMENT, SURE = "dice", "psnr", "agreement", "sure"


@dataclass(frozen=True)
class Score:
    """The score of one image.

    Attributes:
        measure: "dice", the mean over the classes in the target or the translated image, or "psnr"
            in dB; without a target "agreement", the disagreement of the networks that translated
            together, below 0; of a draft "sure", its mean confidence. The higher the better.
        value: nan if neither image has any of the classes.
    """

    measure: str
    value: float

    def __str__(self) -> str:
        if self.measure == DICE:
            return "no object" if math.isnan(self.value) else f"Dice {self.value:.3f}"
        if self.measure == AGREEMENT:
            return f"networks apart {-self.value:.3g}"
        if self.measure == SURE:
            return f"{self.value:.1%} sure"
        return f"PSNR {self.value:.1f} dB"


def score_of(
    target: Array,
    predicted: Array,
    scaling: IntensityNormalization,
    palette: Palette | None,
    predicted_palette: Palette | None,
) -> Score | None:
    """The score of a translated image; None if the two cannot be compared.

    Args:
        target, predicted: (height, width, 1 or 3), as read and as written.
        scaling: the targets' intensity normalization.
        palette: the targets' label colours; None if they are not label maps.
        predicted_palette: the label colours of the network that translated; None without classes.
    """
    if target.shape[:2] != predicted.shape[:2]:
        return None
    try:
        compare, by = _comparison(scaling, palette, predicted_palette)
        pair = compare(target, predicted, "the translated image")
        measured = measure(*pair, with_ssim=False)
    except UserError:
        return None
    names = [str(number) for number in range(measured.target.size)]
    results = measured.results(names)
    if by == PSNR:
        return Score(PSNR, results["all"]["psnr"])
    values = [results[name]["dice"] for name in names]
    known = [value for value in values if not math.isnan(value)]
    return Score(DICE, sum(known) / len(known) if known else math.nan)


def _comparison(
    scaling: IntensityNormalization, palette: Palette | None, predicted: Palette | None
) -> tuple[Comparison, str]:
    if palette is None or predicted is None or len(palette.colours) != len(predicted.colours):
        return ByValues(scaling), PSNR
    written = replace(
        predicted, colours=predicted.written or predicted.colours, written=(), also=(), rest=-1
    )
    return by_classes(palette, written), DICE
