"""Random changes of an image pair, reproducible by (seed, epoch, index).

``augment`` is all that training, previews and the command line need. ``build_pipeline`` gives the
Augmentor pipeline behind it, to which an advanced user may add Augmentor's own operations::

    pipeline = build_pipeline(spec)
    pipeline.skew(probability=0.5, magnitude=0.3)
    pipeline.augment((image, target), sample_generator(seed=1, epoch=0, index=5))

or ``augment(pair, spec, rng, extra=[Skew(0.5, "TILT", 0.3)])``. Augmentor's own runner cannot hold
float or 16-bit values and draws from the global ``random``, so this pipeline runs its operations
itself: ours on the float arrays, each with a generator of its own, so that neither ticking another
operation nor changing an amount changes its draw; Augmentor's on 8-bit copies (``_foreign``).

On label targets (``label_target``) geometry is sampled by nearest neighbour, and the operations on
values (ripple, blur, noise, contrast, brightness) are left out: no colour appears that was not
there but black, at the border and in dropped rectangles.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from typing import Any

import Augmentor
import cv2
import numpy as np
from Augmentor.Operations import Operation

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
    from_picture,
    to_picture,
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

_global_random = threading.Lock()


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
    extra: Sequence[Operation] = (),
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
        extra: Augmentor's own operations, applied last.
        frames: the parts of input and target that are wanted (``core.crops``); what lies around
            them may be moved in by the current behaviour. The ripple's rings have the middle of
            all that is there. Empty: all of it.
    """
    if spec.behaviour == "2021":
        spec = effective(spec, label_target=label_target, validation=validation)
        images = [image for image in pair if image is not None]
        images = _cut(images, frames)
        images = legacy_2021.augment_2021(images, spec, rng, nearest_target=label_target)
        pipeline = ArrayPipeline(extra, label_target=label_target)
        return pipeline.augment((images[0], images[1] if len(images) == 2 else None), rng)
    pipeline = build_pipeline(spec, label_target=label_target, validation=validation, extra=extra)
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
    extra: Sequence[Operation] = (),
) -> ArrayPipeline:
    """The Augmentor pipeline of the current behaviour with the spec's ticked operations.

    The arguments are those of ``augment``.
    """
    spec = effective(spec, label_target=label_target, validation=validation)
    operations: list[Operation] = []
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
    return ArrayPipeline([*operations, *extra], label_target=label_target)


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

    All of Augmentor's ways to add operations work (``add_operation``, ``skew``, ``zoom`` ...), with
    their ``probability``. It keeps no state between pairs: threads may share it.
    """

    def __init__(self, operations: Sequence[Operation] = (), *, label_target: bool = False) -> None:
        super().__init__()
        self.label_target = label_target
        for operation in operations:
            self.add_operation(operation)

    def augment(self, pair: Pair, rng: np.random.Generator, frames: Sequence[Frame] = ()) -> Pair:
        """A changed copy of a pair (input, target or None), as the function ``augment``."""
        images = [image for image in pair if image is not None]
        if not any(isinstance(operation, GeometricOperation) for operation in self.operations):
            images, frames = _cut(images, frames), ()
        children = rng.spawn(len(OPERATIONS) + 1)
        generators = dict(zip((OPERATION_CLASSES[n] for n in OPERATIONS), children, strict=False))
        others = children[-1]

        def apply(operation: Operation) -> list[Array]:
            if isinstance(operation, PairOperation):
                return operation.perform_operation(images, generators.get(type(operation), others))
            return _foreign(operation, images, others, self.label_target)

        for geometric, run in groupby(self.operations, lambda o: isinstance(o, GeometricOperation)):
            if geometric:
                size = frames[0].size if frames else images[0].shape[:2]
                steps = [(o, o.draw(generators.get(type(o), others), size)) for o in run]
                images = warp(images, steps, nearest_target=self.label_target, frames=frames)
                frames = ()
            else:
                for operation in run:
                    images = apply(operation)
        return images[0], images[1] if len(images) == 2 else None


def _cut(images: Sequence[Array], frames: Sequence[Frame]) -> list[Array]:
    return [f.of(image) for image, f in zip(images, frames, strict=True)] if frames else [*images]


def _foreign(
    operation: Operation, images: Sequence[Array], rng: np.random.Generator, label_target: bool
) -> list[Array]:
    """One of Augmentor's own operations on 8-bit copies of the images, with one draw for both.

    It sees every image at the first one's size, its draws may depend on it. What comes back in
    another size, a crop for instance, is resized to the image's own. A label target goes through it
    as one black and white image a colour; each pixel takes the colour whose image is whitest there.
    """
    seed = int(rng.integers(2**32))
    if rng.random() >= operation.probability:
        return list(images)
    size = images[0].shape[:2]
    changed = [_resized(_performed(operation, images[0], seed), size)]
    for target in images[1:]:
        at_size = _resized(target, size, nearest=label_target)
        if label_target:
            result = _performed_on_labels(operation, at_size, seed)
        else:
            result = _performed(operation, at_size, seed)
        changed.append(_resized(result, target.shape[:2], nearest=label_target))
    return changed


def _performed(operation: Operation, image: Array, seed: int) -> Array:
    channels = image.shape[2]
    # Pillow knows 1, 3 and 4 channels; others go one by one, with the same draw.
    parts = [image] if channels in (1, 3, 4) else np.split(image, channels, axis=2)
    done = []
    for part in parts:
        with _seeded(seed):
            (picture,) = operation.perform_operation([to_picture(part)])
        picture = picture if picture.mode in ("L", "RGB", "RGBA") else picture.convert("L")
        if len(picture.getbands()) != part.shape[2]:  # Greyscale, BlackAndWhite ...
            picture = picture.convert({1: "L", 3: "RGB", 4: "RGBA"}[part.shape[2]])
        done.append(from_picture(picture))
    return done[0] if len(done) == 1 else np.concatenate(done, axis=2)


def _performed_on_labels(operation: Operation, target: Array, seed: int) -> Array:
    channels = target.shape[2]
    colours, label = np.unique(target.reshape(-1, channels), axis=0, return_inverse=True)
    label = label.reshape(target.shape[:2])
    shown: list[Array] = [
        _performed(operation, (label == index).astype(np.float32)[..., None], seed)[..., 0]
        for index in range(len(colours))
    ]
    nothing = np.full_like(shown[0], 0.5 / 255)  # black where no colour is
    winner = np.argmax([nothing, *shown], axis=0)
    palette = np.vstack([np.zeros((1, channels), np.float32), colours])
    return palette[winner]


def _resized(image: Array, size: Size, nearest: bool = False) -> Array:
    if image.shape[:2] == size:
        return image
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    parts = [cv2.resize(part, size[::-1], interpolation=how) for part in cv2.split(image)]
    return np.stack(parts, axis=2)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The global generators, which Augmentor's operations draw from, seeded and then restored."""
    with _global_random:
        kept, kept_numpy = random.getstate(), np.random.get_state()
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            random.setstate(kept)
            np.random.set_state(kept_numpy)
