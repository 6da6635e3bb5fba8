"""Compares the confidence of weights with what came true, and calibrates it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.evaluation.calibration import (
    LABELS,
    Outcomes,
    Reliability,
    near_boundary,
)
from deepimagetranslator.core.export.confidence import kind_of
from deepimagetranslator.core.typing import Array
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.translator import Translator


class Judge:
    """Gathers the outcomes of one evaluation.

    Args:
        translator: makes the confidence.
        palette: the colours of targets and translated images; None if values are compared.
    """

    def __init__(self, translator: Translator, palette: Palette | None) -> None:
        self._translator, self._palette = translator, palette
        self._outcomes = Outcomes(kind_of(translator.encoding))

    def add(self, raw: Array, translated: Array, target: Array, name: str) -> None:
        """Add an image.

        Args:
            raw: the raw confidence, (height, width).
            translated, target: of the same size.
            name: the image's name, for messages.
        """
        if self._palette is not None:
            true = self._palette.encode(target, f"The target of {name}")
            right = self._palette.encode(translated, name) == true
            near = near_boundary(true)
            self._outcomes.add(raw[near], right[near])
        elif translated.shape == target.shape:
            scaling = self._translator.card.target_scaling
            errors = np.abs(scaling.to_unit(translated) - scaling.to_unit(target))
            self._outcomes.add(raw, errors.mean(axis=-1))

    def conclude(self, path: Path, calibrate: bool) -> Reliability:
        """What was found.

        Args:
            path: the weights file.
            calibrate: make a calibration of these images, and keep it in the file.

        Raises:
            UserError: there are too few pixels, or the file cannot hold it.
        """
        outcomes, calibration = self._outcomes, self._translator.confidence.calibration
        if calibrate:
            calibration = outcomes.calibration()
            if calibration is None:
                where = " near a boundary of classes" if outcomes.kind == LABELS else ""
                raise UserError(
                    f"There are only {outcomes.pixels} pixels{where}, too few to calibrate the "
                    "confidence; choose more images with targets."
                )
            weights.keep_calibration(path, calibration)
        after = None if calibration is None else outcomes.error(calibration)
        before = outcomes.error()
        return Reliability(outcomes.kind, outcomes.images, outcomes.pixels, before, after)
