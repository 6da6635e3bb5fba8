"""Test images as other scanners, protocols and exports would have made them.

Shifts of the abdomen start from Hounsfield units (``images16``, 512 x 512) and are windowed to
-250..250 HU in 8 bits afterwards, as the training images were; then the image is reduced in the
ratio in which the training images were. Targets move with geometric shifts. Random values have
fixed seeds, so that every network sees the same images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sets import DATA, KERNELS, MEMBRANES, NOISE, SIZE, TISSUE, ImageSet, images

from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.imaging.pixels import resize
from deepimagetranslator.core.typing import Array

FULL = 512
WINDOW = (-250.0, 250.0)
AIR = -1024.0
UNSHIFTED = "unshifted"
MOST = 12  # slices of a person that a shift is measured on
NOISES = (0.3, 0.5)  # SD as a fraction of the range, for denoising

Hounsfield = NDArray[np.float32]
Values = Callable[[Hounsfield, np.random.Generator], Hounsfield]
Place = Callable[[Array, bool], Array]
Tested = tuple[Array, Array]
"""An input and its target, (height, width, channels)."""


def _same_values(image: Hounsfield, rng: np.random.Generator) -> Hounsfield:
    return image


def _same_place(image: Array, labels: bool) -> Array:
    return image


@dataclass(frozen=True)
class Shift:
    """A change of the images that a network was not trained on.

    Attributes:
        name: for tables.
        values: changes Hounsfield units (height, width).
        place: moves an image (height, width[, 3]); a label map by nearest neighbours.
    """

    name: str
    values: Values = _same_values
    place: Place = _same_place


def _offset(by: float) -> Values:
    return lambda image, rng: image + np.float32(by)


def _noise(deviation: float) -> Values:
    return lambda image, rng: (
        image + np.float32(deviation) * rng.standard_normal(image.shape, np.float32)
    )


def _blur(deviation: float) -> Values:
    return lambda image, rng: cv2.GaussianBlur(image, (0, 0), deviation)


def _scale(factor: float) -> Place:
    """About the centre; outside is air, or background."""

    def place(image: Array, labels: bool) -> Array:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 0, factor)
        how = cv2.INTER_NEAREST if labels else cv2.INTER_LINEAR
        outside = (0, 0, 0) if labels else AIR
        return np.asarray(
            cv2.warpAffine(image, matrix, (width, height), flags=how, borderValue=outside)
        )

    return place


def _cut(height: int, width: int) -> Place:
    """The middle of the image."""

    def place(image: Array, labels: bool) -> Array:
        top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
        return image[top : top + height, left : left + width]

    return place


def _squeeze(height: int, width: int) -> Place:
    def place(image: Array, labels: bool) -> Array:
        full = image if image.ndim == 3 else image[..., None]
        return resize(full, height, width, labels).reshape(height, width, *image.shape[2:])

    return place


SHIFTS = (
    Shift("+20 HU", _offset(20)),
    Shift("-20 HU", _offset(-20)),
    Shift("+60 HU", _offset(60)),
    Shift("gain 1.05", lambda image, rng: image * np.float32(1.05)),
    Shift("noise 15 HU", _noise(15)),
    Shift("noise 30 HU", _noise(30)),
    Shift("noise 60 HU", _noise(60)),
    Shift("blur 1 px", _blur(1)),
    Shift("blur 3 px", _blur(3)),
    Shift("scale 0.7", place=_scale(0.7)),
    Shift("scale 0.85", place=_scale(0.85)),
    Shift("scale 1.2", place=_scale(1.2)),
    Shift("scale 1.4", place=_scale(1.4)),
    Shift("cut to 333x500", place=_cut(333, 500)),
    Shift("resized to 333x500", place=_squeeze(333, 500)),
    Shift("cut to 400x300", place=_cut(400, 300)),
    Shift("turned 90", place=lambda image, labels: np.rot90(image)),
    Shift("turned 180", place=lambda image, labels: np.rot90(image, 2)),
    Shift("flipped", place=lambda image, labels: image[:, ::-1]),
)


def shifted(person: str, shift: Shift, size: int = SIZE) -> list[Tested]:
    """A person's slices with a shift, uint8, and their targets.

    Args:
        person: a folder of ``ct_abdomen``.
        shift: what is changed.
        size: the images are reduced as 512 pixels to this size.
    """
    folder = DATA / "ct_abdomen" / person
    inputs, targets = [], []
    for number, (file, target) in enumerate(
        zip(images(folder / "images16"), images(folder / "targets"), strict=True)
    ):
        rng = np.random.default_rng([number, *person.encode()])
        values = read_image(Path(file))[..., 0].astype(np.float32) + np.float32(AIR)
        inputs.append(_reduced(windowed(shift.place(shift.values(values, rng), False)), size))
        targets.append(_reduced(shift.place(read_image(Path(target)), True), size, labels=True))
    return list(zip(inputs, targets, strict=True))


def windowed(values: Hounsfield) -> Array:
    """Hounsfield units (height, width) as an image (height, width, 1), uint8."""
    low, high = WINDOW
    return np.rint((np.clip(values, low, high) - low) / (high - low) * 255).astype(np.uint8)[
        ..., None
    ]


def foreign(size: int = SIZE) -> dict[str, list[Array]]:
    """Images that a network for the abdomen must not be given: kind and images, uint8."""
    thorax = [read_image(Path(file)) for file in images(DATA / "ct_thorax" / "lungdx_a0002")]
    hounsfield = [
        windowed(read_image(Path(file))[..., 0].astype(np.float32) + np.float32(AIR))
        for file in images(DATA / "ct_thorax_16bit" / "lungdx_a0001")
    ]
    membranes = [read_image(Path(file)) for file in images(DATA / "isbi_em" / "images")]
    found = {
        "thorax, lung window": thorax,
        "thorax, the abdomen's window": hounsfield,
        "electron microscopy": membranes,
    }
    return {kind: [_reduced(image, size) for image in own] for kind, own in found.items()}


def noisy(image: Array, deviation: float, number: int) -> Array:
    """An 8-bit image with noise of this SD, a fraction of the range, as slice ``number``."""
    rng = np.random.default_rng([number, round(1000 * deviation)])
    values = image / 255 + deviation * rng.standard_normal(image.shape)
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)


def conditions(one: ImageSet, shifts: bool = True) -> Iterator[tuple[str, list[Tested]]]:
    """The conditions under which a set is measured: name, inputs and targets.

    Args:
        one: the set.
        shifts: with the shifts of tissue maps.
    """
    pairs = [tuple(read_image(Path(path)) for path in pair) for pair in one.test]
    if one.kind == NOISE:
        for deviation in NOISES:
            yield (
                f"noise {deviation}",
                [(noisy(clean, deviation, i), clean) for i, (clean, _) in enumerate(pairs)],
            )
        return
    assert one.kind in (TISSUE, MEMBRANES, KERNELS)
    yield UNSHIFTED, pairs
    if one.kind == TISSUE and shifts:
        for shift in SHIFTS:
            tested = shifted(one.person, shift, one.size)
            yield shift.name, tested[:: -(-len(tested) // MOST)]


def _reduced(image: Array, size: int, labels: bool = False) -> Array:
    height, width = (side * size // FULL for side in image.shape[:2])
    return resize(np.ascontiguousarray(image), height, width, labels)
