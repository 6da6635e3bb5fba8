"""Tested images translated again with the weights that were scored, to be shown in the report.

Evaluation writes no images; a translation of the same input with the same weights is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.targets import read_target
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.messages.job_control import JobControl
from deepimagetranslator.core.study.plan import Cell, all_pairs
from deepimagetranslator.core.study.results import Results
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system.file_hash import file_sha256
from deepimagetranslator.ml import devices

if TYPE_CHECKING:
    from deepimagetranslator.ml.evaluation import HowCompared
    from deepimagetranslator.ml.translator import Translator

Picture = NDArray[np.float32]
_MOST_LOADED = 4
_DIFFERENT = 0.1
"""Values differ that are apart by more than this share of the targets' range."""


@dataclass(frozen=True)
class Translated:
    """An image as it is shown.

    Attributes:
        input, target, translated: (height, width, 1 or 3) in [0, 1].
        differs: (height, width), where target and translation disagree.
    """

    input: Picture
    target: Picture
    translated: Picture
    differs: NDArray[np.bool_]


class Translations:
    """Translates tested images of a study.

    Args:
        results: what is done.
        folder: the study.
        control: cancels it.
    """

    def __init__(self, results: Results, folder: StudyFolder, control: JobControl) -> None:
        self._results, self._folder, self._control = results, folder, control
        self._pairs: dict[str, list[ImagePair]] = {}
        self._loaded: dict[Cell, tuple[Translator, HowCompared]] = {}

    def of(self, cell: Cell, number: int) -> Translated:
        """A tested image of a cell.

        Raises:
            UserError: weights or images are missing or are others than those that were scored.
            Cancelled: the caller cancelled.
        """
        translator, how = self._engine_of(cell)
        pair = self._pairs_of(cell.variation)[number]
        image, name = read_image(pair.input), pair.input.shown_name
        predicted = translator.translate(
            image, name, how.encoding, lambda _done, _count: self._control.between_steps()
        )
        target, translated = how.compare(self._target(pair, how), predicted, name)
        most = 0.5 if how.labels else _DIFFERENT
        differs = (np.abs(target - translated) > most).any(axis=2)
        shown = translator.card.input_scaling.to_unit(image)
        return Translated(_shown(shown), _shown(target), _shown(translated), differs)

    def _target(self, pair: ImagePair, how: HowCompared) -> NDArray[Any]:
        from deepimagetranslator.ml.evaluation import with_outlines  # noqa: PLC0415

        return read_target(with_outlines([pair])[0] if how.outlines else pair)

    def _engine_of(self, cell: Cell) -> tuple[Translator, HowCompared]:
        if cell not in self._loaded:
            scores = self._results.cells[cell]
            file = self._folder.cell(cell).path / scores.weights
            try:
                digest = file_sha256(file)
            except OSError:
                raise UserError(f"cells/{cell.name}/{scores.weights} cannot be read.") from None
            if digest != scores.sha256:
                raise UserError(
                    f"cells/{cell.name}/{scores.weights} is not the file that was scored."
                )
            while len(self._loaded) >= _MOST_LOADED:
                del self._loaded[next(iter(self._loaded))]
            self._loaded[cell] = self._loaded_from(cell, file)
        return self._loaded[cell]

    def _loaded_from(self, cell: Cell, file: Any) -> tuple[Translator, HowCompared]:
        devices.load_engine(threads=self._results.plan.threads)
        from deepimagetranslator.ml.evaluation import how_compared  # noqa: PLC0415
        from deepimagetranslator.ml.translator import Translator  # noqa: PLC0415

        translator = Translator(file)
        return translator, how_compared(translator, self._pairs_of(cell.variation), self._control)

    def _pairs_of(self, variation: str) -> Sequence[ImagePair]:
        if variation not in self._pairs:
            pairs = all_pairs(load_project(self._folder.project(variation)))
            if len(pairs) != sum(map(len, self._results.plan.persons.values())):
                raise UserError(f"variations/{variation}.json does not list the study's images.")
            self._pairs[variation] = pairs
        return self._pairs[variation]


def _shown(image: NDArray[Any]) -> Picture:
    """An image of any channels as one of 1 or 3: classes one by one become shades of grey."""
    clipped = np.clip(image, 0, 1).astype(np.float32)
    channels = clipped.shape[2]
    if channels in (1, 3):
        return clipped
    shades = np.arange(1, channels + 1, dtype=np.float32) / channels
    return np.asarray((clipped * shades).max(axis=2, keepdims=True))
