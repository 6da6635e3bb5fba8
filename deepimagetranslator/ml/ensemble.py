"""Several networks that translate together: the mean of their outputs, and where they disagree.

Beside each translation a map of disagreement can be written: for values the standard deviation
between the networks (of a sample), for label maps the share of the networks that give another class
than the mean does (1 - agreement).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deepimagetranslator.core.config.network_plan import count_parameters, predict_memory_bytes
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.domain.sample import Seen
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.tiling import Floats
from deepimagetranslator.core.errors import Remedy, UserError
from deepimagetranslator.core.evaluation.disagreement import Apart
from deepimagetranslator.core.export.confidence import Confidence
from deepimagetranslator.core.export.plan import DISAGREEMENT
from deepimagetranslator.core.system.machine import free_memory_bytes
from deepimagetranslator.ml import devices
from deepimagetranslator.ml.translator import Translator, Watch
from deepimagetranslator.ml.weights_card import WeightsCard

FEWEST = 2
_SIZES = ("input_height", "input_width", "target_height", "target_width")
_CHANNELS = ("input_channels", "target_channels", "final_activation")


@dataclass(frozen=True)
class Disagreement(Confidence):
    """Makes maps of disagreement: the last channel of a prediction has it."""

    def raw(self, predicted: Floats) -> Floats:
        return np.asarray(predicted[..., -1])


class Ensemble(Translator):
    """Translates images with several networks.

    Each network normalizes the input as in its own training. Outputs of networks whose targets had
    other ranges, as those of folds have, are brought to a range that holds all of them.

    Attributes:
        all_at_once: whether all networks stay in memory, or one after another is loaded for each
            batch.
    """

    def __init__(self, paths: Sequence[Path], spec: TranslationSpec) -> None:
        """Read the files' descriptions; the networks are built for the first image.

        Args:
            paths: weights files, at least two.
            spec: how to translate.

        Raises:
            UserError: a file is no weights file, two of them do not fit together, or maps of
                confidence are wanted.
        """
        if len(paths) < FEWEST:
            raise UserError(f"An ensemble has {FEWEST} networks or more, not {len(paths)}.")
        if spec.confidence:
            raise UserError(
                "Several networks tell where they disagree instead of a confidence.",
                remedy=Remedy((("translation.confidence", False),)),
            )
        super().__init__(
            paths[0],
            spec.output,
            spec.value_type,
            spec.large_images,
            spec.batch_size,
            mirrors=spec.mirrors,
            clean_up=spec.clean_up,
        )
        self._members = [
            Translator(path, spec.output, spec.value_type, spec.large_images, mirrors=spec.mirrors)
            for path in paths
        ]
        for other in self._members[1:]:
            _refuse_unlike(self, other)
        scaling = self.network.scaling
        if not self.network.by_class:
            scaling = _common([one.card.target_scaling for one in self._members])
        self.network = replace(self.network, name=f"{len(paths)} networks", scaling=scaling)
        self.encoding = replace(self.encoding, network=self.network)
        self.confidence = Disagreement(self.encoding)
        self.with_confidence, self.beside = True, DISAGREEMENT
        model, count = self.card.model, len(paths)
        needed = predict_memory_bytes(model, spec.batch_size, self.precision)
        needed += (count - 1) * 4 * count_parameters(model)
        free = free_memory_bytes()
        self.all_at_once = not free or needed <= free or bool(devices.gpu_names())

    def _outputs(
        self,
        images: Iterable[np.ndarray],
        scaling: IntensityNormalization,
        size: tuple[int, int],
        watch: Watch,
    ) -> Floats:
        """The mean of the networks' outputs, and the disagreement as a last channel."""
        given, seen = list(images), dict[int, Seen]()
        each = [self._of_one(one, given, scaling, size, seen.setdefault) for one in self._members]
        mean: Floats = np.mean(each, axis=0)
        maps = []
        for index, written in enumerate(mean):
            found, apart = self._apart([one[index] for one in each], written)
            maps.append(found)
            watch(index, replace(seen[index], apart=apart))
        return np.concatenate([mean, np.stack(maps)[..., np.newaxis]], axis=-1)

    def _of_one(
        self,
        one: Translator,
        images: Sequence[np.ndarray],
        scaling: IntensityNormalization,
        size: tuple[int, int],
        watch: Watch,
    ) -> Floats:
        """What one of the networks makes of the images."""
        own = one.card.input_scaling
        y = one._outputs(images, scaling if own.kind == "image" else own, size, watch)
        if not self.all_at_once:
            one.release()
        return _brought(y, one.network.scaling, self.network.scaling)

    def _apart(self, each: Sequence[Floats], mean: Floats) -> tuple[Floats, Apart]:
        """The map of disagreement of one image (height, width), and its counts."""
        encoding = self.encoding
        if encoding.kind == "values":
            deviation: Floats = np.std(each, axis=0, ddof=1).mean(axis=-1).astype(np.float32)
            limits = encoding.limits
            scale = 1.0 if limits is None else limits[1] - limits[0]
            return deviation, Apart.of_values(deviation, scale)
        palette = encoding.network.palette
        assert palette is not None
        classes, written = [encoding.classes(one) for one in each], encoding.classes(mean)
        other: Floats = np.mean([one != written for one in classes], axis=0, dtype=np.float32)
        background = not any(palette.colours[0])
        return other, Apart.of_classes(classes, len(palette.colours), background)

    def _refuse_other_depth(self, image: np.ndarray, name: str) -> None:
        """Refuse an image whose data type does not fit one of the networks."""
        for one in self._members:
            Translator._refuse_other_depth(one, image, name)

    def take_new_weights(self) -> bool:
        """An ensemble is made anew."""
        return False


def _refuse_unlike(first: Translator, other: Translator) -> None:
    """Refuse a network whose outputs mean something else, or have another size.

    Raises:
        UserError: the sentence says what differs.
    """
    ours, theirs = first.card, other.card

    def differ(names: Sequence[str]) -> bool:
        return any(getattr(ours.model, name) != getattr(theirs.model, name) for name in names)

    what = ""
    if differ(_SIZES) or ours.large_images != theirs.large_images:
        what = "the size of their images"
    elif differ(_CHANNELS):
        what = "their channels"
    elif not _same_classes(ours, theirs):
        what = "their classes"
    elif _units(ours.target_scaling) != _units(theirs.target_scaling):
        what = "the type of the target values"
    elif _units(ours.input_scaling) != _units(theirs.input_scaling):
        what = "how input values are normalized"
    if what:
        raise UserError(
            f"{first.path} and {other.path} differ in {what}, so their outputs have no mean; "
            "translate with one of them, or train all of them alike."
        )


def _units(scaling: IntensityNormalization) -> tuple[str, float, bool]:
    """What values must have in common to be converted: type, offset, one range for all images."""
    return scaling.dtype, scaling.offset, scaling.kind == "image"


def _common(scalings: Sequence[IntensityNormalization]) -> IntensityNormalization:
    """A normalization whose range holds those of all; the first one if all are equal."""
    first = scalings[0]
    if all(one == first for one in scalings):
        return first
    kind = "window" if all(one.kind == "window" for one in scalings) else "data"
    low, high = min(one.low for one in scalings), max(one.high for one in scalings)
    return replace(first, kind=kind, low=low, high=high)


def _brought(y: Floats, own: IntensityNormalization, to: IntensityNormalization) -> Floats:
    """Outputs of one normalization in another one with the same units."""
    if (own.low, own.high) == (to.low, to.high):
        return y
    factor = np.float32((own.high - own.low) / (to.high - to.low))
    return np.asarray(y * factor + np.float32((own.low - to.low) / (to.high - to.low)))


def _same_classes(ours: WeightsCard, theirs: WeightsCard) -> bool:
    a, b = ours.palette, theirs.palette
    if a is None or b is None:
        return a is b
    return (a.colours, a.exclusive, a.written) == (b.colours, b.exclusive, b.written)
