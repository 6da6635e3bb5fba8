"""From anatomy to an image and its target: table, blur, noise, grey window, exact colours."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from deepimagetranslator.core.phantom import trunk as outer
from deepimagetranslator.core.phantom.canvas import (
    AIR,
    FAT,
    LEAN,
    NOTHING,
    SUBCUTANEOUS,
    VISCERAL,
    Canvas,
)
from deepimagetranslator.core.phantom.organs import draw_organs
from deepimagetranslator.core.phantom.people import LENGTH, Person

Bytes = npt.NDArray[np.uint8]

WINDOW = (-250.0, 250.0)
NOISE = 13.0  # HU, standard deviation in a pixel
COLOURS = np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)], np.uint8)


def scan(person: Person, t: float, size: int) -> tuple[Bytes, Bytes]:
    """Image (size, size, 1) and target (size, size, 3) of a person at t, from 0 to 1.

    The anatomy is painted at twice the resolution or more, so that it is the same at every size.
    """
    fine = size * max(2, -(-512 // size))
    field = field_of_view(person)
    canvas = anatomy(person, t, fine, field)
    blur = 0.75 * fine / field  # mm
    hu = cv2.GaussianBlur(canvas.hu, (0, 0), blur)
    hu = cv2.resize(hu, (size, size), interpolation=cv2.INTER_AREA)
    hu = hu + _noise(person, t, size)
    grey = (hu - WINDOW[0]) / (WINDOW[1] - WINDOW[0]) * 255
    image = np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None]
    return image, COLOURS[_commonest(canvas.tissue, size)]


def field_of_view(person: Person) -> float:
    """Side of the square image, mm: the widest slice with some air round it."""
    return 2.14 * max(float(outer.trunk_of(person, t).skin.max()) for t in (0.0, 0.3, 0.6, 1.0))


def anatomy(person: Person, t: float, pixels: int, field: float) -> Canvas:
    """One slice before the scanner sees it."""
    trunk = outer.trunk_of(person, t)
    z = t * LENGTH

    def blank(hu: float, tissue: int) -> Canvas:
        return Canvas(pixels, field, person.bend, z, hu, tissue)

    canvas, lungs, belly = blank(AIR, NOTHING), blank(AIR, NOTHING), blank(FAT, VISCERAL)
    _table(canvas, person)
    outer.draw_trunk(canvas, person, trunk)
    lungs.fill(outer.outline(trunk.abdomen + 2.5), outer.MUSCLE, LEAN)
    draw_organs(belly, person, trunk)
    canvas.paste(lungs, canvas.inside(outer.outline(trunk.cavity)))
    canvas.paste(belly, canvas.inside(outer.outline(trunk.abdomen)))
    outer.draw_psoas(canvas, person, trunk)
    outer.draw_spine(canvas, person, trunk)
    outer.draw_ribs(canvas, trunk)
    outer.draw_pelvis(canvas, trunk)
    _close_gaps(canvas)
    _roughen(canvas, person)
    return canvas


def _table(canvas: Canvas, person: Person) -> None:
    """A curved carbon top under the body."""
    skins = [outer.outline(outer.trunk_of(person, t).skin) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    back = max(float((skin[:, 1] + skin[:, 0] ** 2 / 1600).max()) for skin in skins) + 7
    x = np.linspace(-0.46, 0.46, 60) * canvas.field
    top = np.stack([x, back - x**2 / 1600], axis=1)
    canvas.stroke(top, 2.2, 60, NOTHING, bent=False)


def _close_gaps(canvas: Canvas) -> None:
    """Turn gaps of visceral fat under about 5 mm, and crumbs, into soft tissue.

    A reader could not tell whether such a gap holds fat; neither could a network.
    """
    per_mm = canvas.pixels / canvas.field
    width = 2 * round(2.6 * per_mm) + 1
    fat = (canvas.tissue == VISCERAL).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    open_fat = cv2.morphologyEx(fat, cv2.MORPH_OPEN, kernel)
    _, parts, figures, _ = cv2.connectedComponentsWithStats(open_fat, connectivity=4)
    large = figures[:, cv2.CC_STAT_AREA] > 120 * per_mm**2
    large[0] = False
    gone = (fat == 1) & ~large[parts]
    canvas.tissue[gone] = LEAN
    canvas.hu[gone] = 40


def _roughen(canvas: Canvas, person: Person) -> None:
    """Uneven tissue, and strands of connective tissue and vessels, the same in both fats."""
    canvas.hu += canvas.texture(person.shade) * (canvas.hu > -500)
    strand = np.abs(canvas.texture(person.strands)) < 0.035
    fat = (canvas.tissue == SUBCUTANEOUS) | (canvas.tissue == VISCERAL)
    canvas.hu[strand & fat] += 35


def _noise(person: Person, t: float, size: int) -> npt.NDArray[np.float32]:
    """Noise with the short grain of a reconstruction, (size, size) HU."""
    rng = np.random.default_rng([*person.seed, round(t * 1e6), size])
    grain = cv2.GaussianBlur(rng.standard_normal((size, size), np.float32), (0, 0), 0.6)
    return np.asarray(grain * (NOISE / grain.std()), np.float32)


def _commonest(tissue: Bytes, size: int) -> npt.NDArray[np.intp]:
    """The tissue that fills most of each pixel, (size, size)."""
    shares = [
        cv2.resize((tissue == kind).astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
        for kind in range(len(COLOURS))
    ]
    return np.asarray(np.argmax(shares, axis=0))
