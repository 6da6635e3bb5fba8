"""Which images are unlike the training images of the model: the marks of previews and translations.

The marks of previews are those of the current model and end with it. Those of a translation stay
with its translated images.
"""

from __future__ import annotations

from collections.abc import Mapping

from deepimagetranslator.app.events import Bus, MarksChanged, WeightsChanged
from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.evaluation.score import AGREEMENT, Score
from deepimagetranslator.core.imaging.image_ref import ImageRef


class Marks:
    """The known marks.

    Args:
        bus: gets ``MarksChanged``.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._previewed: dict[ImageRef, DomainMark | None] = {}
        self._translated: dict[ImageRef, DomainMark | None] = {}
        self._agreements: dict[ImageRef, Score] = {}
        bus.subscribe(WeightsChanged, self._on_weights)

    def of(self, image: ImageRef, translated: bool = False) -> DomainMark | None:
        """The mark of an input; None if it has none or it is not known.

        Args:
            image: the input.
            translated: take that of its translation, if it was translated.
        """
        known = self._translated if translated and image in self._translated else self._previewed
        return known.get(image)

    def note_preview(self, image: ImageRef, mark: DomainMark | None) -> None:
        """Remember what the current model says of an input."""
        self._note(self._previewed, image, mark)

    def note_translation(self, image: ImageRef, mark: DomainMark | None) -> None:
        """Remember what the model of a translation said of an input."""
        self._note(self._translated, image, mark)

    def note_disagreement(self, image: ImageRef, value: float | None) -> None:
        """Remember how far the networks that translated an input are apart; None for one."""
        if value is None:
            self._agreements.pop(image, None)
        else:
            self._agreements[image] = Score(AGREEMENT, -value)
            self._bus.publish(MarksChanged())

    def note_disagreements(self, values: Mapping[ImageRef, float]) -> None:
        """Remember what a table says of translated images."""
        self._agreements |= {image: Score(AGREEMENT, -value) for image, value in values.items()}
        if values:
            self._bus.publish(MarksChanged())

    def agreement_of(self, image: ImageRef) -> Score | None:
        """How far the networks agree that translated an input; None for one network."""
        return self._agreements.get(image)

    def forget_translations(self) -> None:
        """Other images are to be translated."""
        self._translated, self._agreements = {}, {}

    def _note(
        self,
        known: dict[ImageRef, DomainMark | None],
        image: ImageRef,
        mark: DomainMark | None,
    ) -> None:
        changed = known.get(image) != mark
        known[image] = mark
        if changed:
            self._bus.publish(MarksChanged())

    def _on_weights(self, _change: WeightsChanged) -> None:
        if any(self._previewed.values()):
            self._bus.publish(MarksChanged())
        self._previewed = {}
