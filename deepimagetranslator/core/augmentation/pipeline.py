"""Random augmentation of an image pair, reproducible by (seed, epoch, index).

``augment`` runs the Augmentor pipeline that ``build_pipeline`` makes. Augmentor's own runner is
limited to 8-bit images and uses the global ``random``. ``ArrayPipeline`` therefore runs the
operations itself, on float arrays and with one generator per operation. The random values of an
operation do not change when another operation is ticked or an amount is changed.

On label-map targets (``label_target``) geometric operations use nearest-neighbour interpolation,
and intensity operations (``VALUE_OPERATIONS``) are left out. The only new
colour is black, at the border and in dropped rectangles.
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
    Stretch,
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
from deepimagetranslator.core.augmentation.scanners import Gain, Gamma, LowResolution, Offset
from deepimagetranslator.core.config.specs import (
    OPERATIONS,
    OPERATIONS_2021,
    AugmentationSpec,
)
from deepimagetranslator.core.data.crops import Frame

Pair = tuple[Array, Array | None]

OPERATION_CLASSES: dict[str, type[PairOperation]] = {
    "ripple": Ripple,
    "rotation": Rotation,
    "stretch": Stretch,
    "scaling": Scaling,
    "translation": Translation,
    "flip": Flip,
    "elastic": Elastic,
    "drop": Drop,
    "gamma": Gamma,
    "gain": Gain,
    "offset": Offset,
    "low_resolution": LowResolution,
    "blur": Blur,
    "noise": Noise,
    "contrast": Contrast,
    "brightness": Brightness,
}
"""The operations by name, in the order in which they are applied."""

VALUE_OPERATIONS = (
    *("ripple", "blur", "noise", "contrast", "brightness"),
    *("offset", "gain", "gamma", "low_resolution"),
)
"""Operations that would make new colours; they are not applied to label maps."""


def sample_generator(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The generator for one pair in one epoch; it depends only on these numbers (0 or more)."""
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
    """A randomly augmented copy of a pair; sides without an operation are returned unchanged.

    Args:
        pair: input and target, or input and None; float32 (height, width, channels) each, values in
            [0, 1]. They may differ in size and channels; amounts in pixels refer to the input.
        spec: the operations, their amounts and ticks, and the version: current or 2021.
        rng: a new generator, for instance from ``sample_generator``.
        label_target: the target is a label map and must not get new colours.
        validation: the pair is a validation pair; only operations ticked for it are applied.
        frames: the wanted parts of input and target (``core.data.crops``). The current version may
            move surrounding pixels in. The ripple's centre is that of the whole array. Empty: the
            whole images.
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
    """How far around a frame ``augment`` needs pixels, vertically and horizontally in pixels."""
    if spec.behaviour == "2021":
        return 0, 0
    spec = effective(spec, label_target=label_target, validation=validation)
    moving = ("rotation", "scaling", "stretch", "translation", "elastic")
    return reach({n: getattr(spec, n) for n in moving if any(spec.ticks(n)[:2])}, size)


def build_pipeline(
    spec: AugmentationSpec,
    *,
    label_target: bool = False,
    validation: bool = False,
) -> ArrayPipeline:
    """The Augmentor pipeline of the current version with the spec's ticked operations.

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
    """The spec without the ticks that do not apply to a label map, to a validation pair or, of
    operations that it did not have, to the 2021 version."""
    off: dict[str, Any] = {}
    for name in OPERATIONS:
        if validation and not spec.ticks(name)[2]:
            off |= {f"{name}_input": False, f"{name}_target": False}
        if spec.behaviour == "2021" and name not in OPERATIONS_2021:
            off |= {f"{name}_input": False, f"{name}_target": False}
        if label_target and name in VALUE_OPERATIONS:
            off[f"{name}_target"] = False
    return replace(spec, **off) if off else spec


class ArrayPipeline(Augmentor.Pipeline):
    """An Augmentor pipeline for pairs of float arrays; stateless and thread-safe."""

    def __init__(
        self, operations: Sequence[PairOperation] = (), *, label_target: bool = False
    ) -> None:
        super().__init__()
        self.label_target = label_target
        for operation in operations:
            self.add_operation(operation)

    def augment(self, pair: Pair, rng: np.random.Generator, frames: Sequence[Frame] = ()) -> Pair:
        """An augmented copy of a pair (input, target or None), see the function ``augment``."""
        images = [image for image in pair if image is not None]
        if not any(isinstance(operation, GeometricOperation) for operation in self.operations):
            images, frames = _cut(images, frames), ()
        children = rng.spawn(len(OPERATIONS))
        generators = dict(zip((OPERATION_CLASSES[n] for n in OPERATIONS), children, strict=True))
        for geometric, run in groupby(self.operations, lambda o: isinstance(o, GeometricOperation)):
            if geometric:
                size = frames[0].size if frames else images[0].shape[:2]
                steps = [(o, o.sample(generators[type(o)], size)) for o in run]
                images = warp(images, steps, nearest_target=self.label_target, frames=frames)
                frames = ()
            else:
                for operation in run:
                    images = operation.apply(images, generators[type(operation)])
        return images[0], images[1] if len(images) == 2 else None


def _cut(images: Sequence[Array], frames: Sequence[Frame]) -> list[Array]:
    return [f.of(image) for image, f in zip(images, frames, strict=True)] if frames else [*images]
