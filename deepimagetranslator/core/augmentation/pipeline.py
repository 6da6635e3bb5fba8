"""Random changes of an image pair, reproducible by (seed, epoch, index).

``augment`` runs the Augmentor pipeline that ``build_pipeline`` makes. Augmentor's own runner cannot
hold float or 16-bit values and samples from the global ``random``, so ``ArrayPipeline`` runs the
operations itself on float arrays, each with a generator of its own: neither ticking another
operation nor changing an amount changes its random values.

On label targets (``label_target``) geometry is sampled by nearest neighbour, and the operations on
values (ripple, blur, noise, contrast, brightness) are left out: no colour appears that was not
there but black, at the border and in dropped rectangles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import Augmentor
import numpy as np

from deepimagetranslator.core.augmentation import legacy_2021
from deepimagetranslator.core.augmentation.geometric import (
    Elastic,
    Flip,
    GeometricOperation,
    Rotation,
    Scaling,
    Translation,
    reach,
    warp,
)
from deepimagetranslator.core.augmentation.intensity import (
    Array,
    Blur,
    Brightness,
    Contrast,
    Drop,
    Noise,
    PairOperation,
    Ripple,
    Size,
)
from deepimagetranslator.core.config.specs import OPERATIONS, AugmentationSpec
from deepimagetranslator.core.data.crops import Frame

Pair = tuple[Array, Array | None]

OPERATION_CLASSES: dict[str, type[PairOperation]] = {
    "ripple": Ripple,
    "rotation": Rotation,
    "scaling": Scaling,
    "translation": Translation,
    "flip": Flip,
    "elastic": Elastic,
    "drop": Drop,
    "blur": Blur,
    "noise": Noise,
    "contrast": Contrast,
    "brightness": Brightness,
}
"""By name, in the order in which they are applied."""

VALUE_OPERATIONS = ("ripple", "blur", "noise", "contrast", "brightness")
"""Those that would mix new colours; they leave label targets alone."""


def sample_generator(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The generator for one pair in one epoch: depends on these three numbers (0 or more) alone."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(epoch, index)))


def augment(
    pair: Pair,
    spec: AugmentationSpec,
    rng: np.random.Generator,
    *,
    label_target: bool = False,
    validation: bool = False,
    frames: Sequence[Frame] = (),
) -> Pair:
    """A randomly changed copy of a pair; sides that nothing changes come back as they are.

    Args:
        pair: input and target, or input and None; float32 (height, width, channels) each, values in
            [0, 1]. They may differ in size and channels: pixels of an amount are the input's.
        spec: the operations, their amounts and ticks, and the behaviour: current or 2021.
        rng: a fresh generator, for instance of ``sample_generator``.
        label_target: the target is a colour label map; it gets no colours that it did not have.
        validation: this is a validation pair: only operations with that tick are applied.
        frames: the parts of input and target that are wanted (``core.crops``); what lies around
            them may be moved in by the current behaviour. The ripple's rings have the middle of
            all that is there. Empty: all of it.
    """
    if spec.behaviour == "2021":
        spec = effective(spec, label_target=label_target, validation=validation)
        images = [image for image in pair if image is not None]
        images = _cut(images, frames)
        images = legacy_2021.augment_2021(images, spec, rng, nearest_target=label_target)
        return images[0], images[1] if len(images) == 2 else None
    pipeline = build_pipeline(spec, label_target=label_target, validation=validation)
    return pipeline.augment(pair, rng, frames)


def margin(
    spec: AugmentationSpec, size: Size, *, label_target: bool = False, validation: bool = False
) -> Size:
    """How much around a frame of that size ``augment`` may move in, in pixels down and across."""
    if spec.behaviour == "2021":
        return 0, 0
    spec = effective(spec, label_target=label_target, validation=validation)
    moving = ("rotation", "scaling", "translation", "elastic")
    return reach({n: getattr(spec, n) for n in moving if any(spec.ticks(n)[:2])}, size)


def build_pipeline(
    spec: AugmentationSpec,
    *,
    label_target: bool = False,
    validation: bool = False,
) -> ArrayPipeline:
    """The Augmentor pipeline of the current behaviour with the spec's ticked operations.

    The arguments are those of ``augment``.
    """
    spec = effective(spec, label_target=label_target, validation=validation)
    operations: list[PairOperation] = []
    for name, operation in OPERATION_CLASSES.items():
        on_input, on_target, _ = spec.ticks(name)
        if not (on_input or on_target):
            continue
        chosen: dict[str, Any] = {"sides": (on_input, on_target)}
        if name != "flip":
            chosen["amount"] = getattr(spec, name)
        if name == "drop":
            chosen["count"] = spec.drop_count
        operations.append(operation(**chosen))
    return ArrayPipeline(operations, label_target=label_target)


def effective(
    spec: AugmentationSpec, *, label_target: bool = False, validation: bool = False
) -> AugmentationSpec:
    """The spec with the ticks taken off that do not count for such a target or pair."""
    off: dict[str, Any] = {}
    for name in OPERATIONS:
        if validation and not spec.ticks(name)[2]:
            off |= {f"{name}_input": False, f"{name}_target": False}
        if label_target and name in VALUE_OPERATIONS:
            off[f"{name}_target"] = False
    return replace(spec, **off) if off else spec


class ArrayPipeline(Augmentor.Pipeline):
    """An Augmentor pipeline for pairs of float arrays.

    It keeps no state between pairs: threads may share it.
    """

    def __init__(
        self, operations: Sequence[PairOperation] = (), *, label_target: bool = False
    ) -> None:
        super().__init__()
        self.label_target = label_target
        for operation in operations:
            self.add_operation(operation)

    def augment(self, pair: Pair, rng: np.random.Generator, frames: Sequence[Frame] = ()) -> Pair:
        """A changed copy of a pair (input, target or None), as the function ``augment``."""
        images = [image for image in pair if image is not None]
        if not any(isinstance(operation, GeometricOperation) for operation in self.operations):
            images, frames = _cut(images, frames), ()
        children = rng.spawn(len(OPERATIONS))
        generators = dict(zip((OPERATION_CLASSES[n] for n in OPERATIONS), children, strict=True))
        for geometric, run in groupby(self.operations, lambda o: isinstance(o, GeometricOperation)):
            if geometric:
                size = frames[0].size if frames else images[0].shape[:2]
                steps = [(o, o.draw(generators[type(o)], size)) for o in run]
                images = warp(images, steps, nearest_target=self.label_target, frames=frames)
                frames = ()
            else:
                for operation in run:
                    images = operation.apply(images, generators[type(operation)])
        return images[0], images[1] if len(images) == 2 else None


def _cut(images: Sequence[Array], frames: Sequence[Frame]) -> list[Array]:
    return [f.of(image) for image, f in zip(images, frames, strict=True)] if frames else [*images]
