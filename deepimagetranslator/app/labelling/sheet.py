"""The image in view with its label map, its target and its prediction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.current_model import CurrentModel
from deepimagetranslator.app.events import Bus
from deepimagetranslator.app.labelling.changes import LabellingNoticed, LabelMapShown
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.labelling.painter import Painter
from deepimagetranslator.app.views import Shown
from deepimagetranslator.core.data.intensity.histogram import Distribution
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_spacing
from deepimagetranslator.core.imaging.pixels import resize
from deepimagetranslator.core.labelling.history import History
from deepimagetranslator.core.labelling.label_map import Classes, LabelMap
from deepimagetranslator.core.labelling.target_files import numbers_of_target, save_into_target
from deepimagetranslator.core.labelling.values import distribution_of
from deepimagetranslator.core.system.system_path import Stamp, file_stamp
from deepimagetranslator.core.typing import Array

Target = ImagePair | ImageRef | None
MakePainter = Callable[[Array, LabelMap], Painter]
_NO_INPUT = "An input is needed to paint on."


@dataclass(frozen=True, eq=False)
class _Loaded:
    """The label map of an image, and what else is known of it."""

    numbers: Classes
    spacing: tuple[float, float] | None
    spread: Distribution | None
    target_stamp: Stamp | None


class Sheet:
    """What is painted now.

    Args:
        model: tells the classes of predictions.
        background: reads label maps.
        bus: gets ``LabelMapShown`` and ``LabellingNoticed``.
        make_painter: makes the painter of an image and its label map.

    Attributes:
        image: the image in view; None if it cannot be labelled.
        painter: paints its label map; None while there is none.
        spacing: pixel spacing (rows, columns) of the image in mm; None if unknown.
        spread: how the input's values are distributed; None if unknown.
        target: its target, as ``read_target`` takes it; None if it has none.
        prediction: the translated image in view; None if there is none.
    """

    def __init__(
        self, model: CurrentModel, background: Background, bus: Bus, make_painter: MakePainter
    ) -> None:
        self._model, self._background, self._bus = model, background, bus
        self._make_painter = make_painter
        self.image: ImageRef | None = None
        self.painter: Painter | None = None
        self.spacing: tuple[float, float] | None = None
        self.spread: Distribution | None = None
        self.target: Target = None
        self.prediction: Array | None = None
        self._target_stamp: Stamp | None = None
        self._histories: dict[ImageRef, History] = {}

    def show(self, shown: Shown, opened: OpenLabels) -> None:
        """Take up the images in view; their label map is read in a thread."""
        image, pixels, painter = shown.wanted.input, shown.input, self.painter
        if image is None or pixels is None:
            self.put_away()
            self._bus.publish(LabelMapShown())
            self._bus.publish(LabellingNoticed(_NO_INPUT))
            return
        same = image == self.image and painter is not None
        if same and painter is not None and painter.image.shape == pixels.shape:
            painter.image = pixels
            self._bus.publish(LabelMapShown())
            return
        self.put_away()
        self.image, self.target = image, shown.wanted.files[1]
        self._bus.publish(LabelMapShown())
        self._load(image, pixels, opened)

    def put_away(self) -> None:
        """Keep the history of the label map in view; it is written in any case."""
        if self.painter is not None and self.image is not None:
            self.painter.cancel()
            history = self.painter.label_map.history
            if history.can_undo or history.can_redo:
                history.leave(self.painter.label_map.numbers)
                self._histories[self.image] = history
        self.painter, self.image, self.target = None, None, None
        self.spacing, self.spread = None, None

    def forget(self, image: ImageRef) -> None:
        """Forget the history of an image, and its label map if it is in view."""
        if image == self.image:
            self.painter, self.image = None, None
        self._histories.pop(image, None)

    def forget_all(self) -> None:
        """Forget everything, at the end of the mode."""
        self.put_away()
        self._histories = {}

    @property
    def has_prediction(self) -> bool:
        """Whether a label map is predicted for the image in view."""
        return self.prediction is not None and self._model.palette is not None

    def predicted(self, opened: OpenLabels) -> Classes:
        """The class numbers that the network predicts, in the size of the image.

        Raises:
            UserError: there is none, or with a class that is none of these.
        """
        palette, image, painter = self._model.palette, self.prediction, self.painter
        if image is None or palette is None or painter is None:
            raise UserError(
                "No label map is predicted for this image; load weights that were trained on label "
                "maps."
            )
        numbers = opened.classes.numbers_of(image, palette)
        resized: Classes = resize(numbers[..., None], *painter.shape, labels=True)[..., 0]
        return resized

    def save_into_target(self, opened: OpenLabels) -> str:
        """Write the label map into its target file; returns the name of the copy that is kept.

        Raises:
            UserError: there is no target, it was changed meanwhile, or it cannot hold the labels.
        """
        painter, target = self.painter, self.target
        if painter is None or target is None:
            raise UserError("This image has no target file; export its label map instead.")
        numbers, table = painter.label_map.numbers, opened.classes.table
        copy = save_into_target(target, numbers, table, self._target_stamp)
        self._target_stamp = _stamp_of(target)
        return copy.name

    def _load(self, image: ImageRef, pixels: Array, opened: OpenLabels) -> None:
        store, target, table = opened.store, self.target, opened.classes.table
        waiting = opened.autosave.unsaved(image)
        shape = pixels.shape[0], pixels.shape[1]

        def read() -> _Loaded:
            numbers = waiting if waiting is not None else store.read(image, shape)
            stamp = _stamp_of(target)
            if numbers is None and target is not None:
                numbers = numbers_of_target(target, table, shape)
            if numbers is None:
                numbers = np.zeros(shape, np.uint8)
            spacing = None
            with suppress(UserError):
                spacing = read_spacing(image)
            return _Loaded(numbers, spacing, distribution_of(pixels), stamp)

        def loaded(found: _Loaded) -> None:
            if image != self.image:
                return
            label_map = LabelMap(found.numbers, self._histories.pop(image, None))
            self.spacing, self._target_stamp = found.spacing, found.target_stamp
            self.spread = found.spread
            self.painter = self._make_painter(pixels, label_map)
            self._bus.publish(LabellingNoticed(""))
            self._bus.publish(LabelMapShown())

        def failed(error: Exception) -> None:
            if image == self.image:
                self._bus.publish(LabellingNoticed(str(error)))

        self._background.run("label map", read, loaded, failed)


def _stamp_of(target: Target) -> Stamp | None:
    if target is None:
        return None
    image = target.target if isinstance(target, ImagePair) else target
    return file_stamp(image.file)
