"""Make image and target of a slice: texture, blur, noise, CT window, exact label colours."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from deepimagetranslator.core.phantom.canvas import Canvas, Tissue
from deepimagetranslator.core.phantom.organs import draw_organs
from deepimagetranslator.core.phantom.person import LENGTH, Person, rings_of
from deepimagetranslator.core.phantom.trunk import draw_trunk

Bytes = npt.NDArray[np.uint8]
Layer = npt.NDArray[np.float32]

WINDOW = (-250.0, 250.0)
NOISE = 13.0  # HU, standard deviation of a pixel
COLOURS = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)], np.uint8)


def scan(person: Person, t: float, size: int) -> tuple[Bytes, Bytes]:
    """Image (size, size, 1) and target (size, size, 3) of a person at t, from 0 to 1; uint8.

    The anatomy is painted at twice the resolution or more, so that it is the same at every size.
    """
    field = 2.2 * rings_of(person, 1.0)[0].max()  # the widest slice with some air round it
    canvas = Canvas(size * max(2, -(-256 // size)), field, t * LENGTH, person.bend)
    draw_organs(canvas, person)
    draw_trunk(canvas, person, t)
    hu, tissue = _without_gaps(canvas)
    hu = cv2.GaussianBlur(hu + _texture(canvas, person, tissue), (0, 0), 0.75 * len(hu) / field)
    hu = cv2.resize(hu, (size, size), interpolation=cv2.INTER_AREA) + _noise(person, t, size)
    grey = np.rint((hu - WINDOW[0]) / (WINDOW[1] - WINDOW[0]) * 255)
    shares = (tissue[..., None] == np.arange(len(COLOURS))).astype(np.float32)
    commonest = cv2.resize(shares, (size, size), interpolation=cv2.INTER_AREA).argmax(axis=-1)
    return np.clip(grey, 0, 255).astype(np.uint8)[..., None], COLOURS[commonest]


def _without_gaps(canvas: Canvas) -> tuple[Layer, Layer]:
    """HU and tissue of a slice, with gaps of visceral fat under about 5 mm made soft tissue.

    Neither a radiologist nor a network could recognize fat in such a gap.
    """
    hu, tissue = cv2.split(canvas.layers)
    width = 2 * round(2.6 * len(hu) / canvas.field) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    fat = (tissue == Tissue.VISCERAL).astype(np.uint8)
    gaps = fat > cv2.morphologyEx(fat, cv2.MORPH_OPEN, kernel)
    hu[gaps], tissue[gaps] = 40, Tissue.LEAN
    return hu, tissue


def _texture(canvas: Canvas, person: Person, tissue: Layer) -> Layer:
    """Variation of the density within tissue, in HU."""
    axis = ((np.arange(64) + 0.5) / 64 - 0.5) * canvas.field
    coarse = person.texture(np.stack(np.meshgrid(axis, axis), axis=-1), canvas.z)
    fine = cv2.resize(coarse.astype(np.float32), tissue.shape, interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine * (tissue > 0), np.float32)


def _noise(person: Person, t: float, size: int) -> Layer:
    """Noise with the fine grain of a CT reconstruction, (size, size) in HU."""
    rng = np.random.default_rng([*person.seed, round(t * 1e6), size])
    grain = cv2.GaussianBlur(rng.standard_normal((size, size), np.float32), (0, 0), 0.6)
    return np.asarray(grain * (NOISE / grain.std()), np.float32)
