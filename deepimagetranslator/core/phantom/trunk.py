"""The tissue around the organs: abdominal wall, fat, skin, spine, ribs and pelvis."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from deepimagetranslator.core.phantom.canvas import AIR, FAT, Canvas, Floats, Tissue, bump, ramp
from deepimagetranslator.core.phantom.person import ANGLES, LENGTH, Person, outline, rings_of

_MUSCLE, _CORTEX, _MARROW = (52, Tissue.LEAN), (480, Tissue.LEAN), (190, Tissue.LEAN)
_DISC = (95, Tissue.LEAN)
_BOTH_SIDES = np.array([[[1.0, 1.0]], [[-1.0, 1.0]]])

# A vertebra, in mm around the centre of its arch
_BODY = np.array([(-22, -24), (-17, -35), (0, -39), (17, -35), (22, -24), (16, -12), (-16, -12)])
_ARCH = np.array([(-14, -14), (14, -14), (20, -5), (16, 7), (6, 13), (-6, 13), (-16, 7), (-20, -5)])
_CANAL = np.array([(-10, -5), (0, -7.5), (10, -5), (8, 2), (0, 7), (-8, 2)])
_TRANSVERSE = np.array([(-46, -5), (0, -6), (46, -5), (46, 0), (0, 3), (-46, 0)])
_SPINOUS = np.array([(-3, 0), (3, 0), (3, 40), (0, 43), (-3, 40)])


def draw_trunk(canvas: Canvas, person: Person, t: float) -> None:
    """Paint from inside out: diaphragm, lungs, muscles, fat, skin and air; then the bones.

    The skin is background in the target, since it is thinner than a pixel at usual sizes.
    """
    skin, muscles, cavity, abdomen = rings_of(person, t)
    rings = (abdomen, abdomen + 2.5, cavity, muscles, skin - 3.2, skin, 0 * skin + canvas.field)
    outlines = [outline(ring) for ring in rings]
    for skins, depth in ((outlines[4], 3.2), (outlines[5], 0)):  # the table flattens the back
        rest = person.back + 9 + 0.5 * person.fat - depth
        skins[:, 1] = -7 * np.logaddexp(-skins[:, 1] / 7, -rest / 7)
    paints = (_MUSCLE, AIR, _MUSCLE, (FAT, Tissue.SUBCUTANEOUS), (35, Tissue.NONE), AIR)
    for (inner, outer), paint in zip(pairwise(outlines), paints, strict=True):
        canvas.fill(paint, outer, inner)
    for part in (0.36, 0.68) if t > 0.3 else ():  # fasciae between the three oblique muscles
        layer = outline(muscles - part * (muscles - cavity))
        for line in layer[np.abs(ANGLES) < 38] * _BOTH_SIDES:
            canvas.stroke((-25, Tissue.LEAN), line, 1.3)
    _draw_spine(canvas, person, (t * LENGTH / 36 + person.vertebra) % 1)
    for number in range(8):  # ribs descend from the spine to the front, so a slice cuts several
        along = (t - 0.11 * number + 0.52) / 0.62  # 0 at the spine, 1 in front
        if 0.08 < along < min(0.9, 2.1 - 0.25 * number):  # the last two do not reach the front
            middle = muscles - 0.5 * np.minimum(muscles - cavity, 14)
            _draw_plate(canvas, middle, 58 - 125 * along, 4 + 2 * along, 6)
    crest = ramp(t, 0.86, 1.05)
    if crest > 0.05:
        _draw_plate(canvas, cavity + 5, 33, 4 + 17 * crest, 6 + 3 * crest)


def _draw_spine(canvas: Canvas, person: Person, phase: float) -> None:
    """Paint a vertebra or disc, with arch and processes; ``phase`` from 0 to 1 in a vertebra."""
    origin = (0, person.back - 44)
    canvas.stroke(_MUSCLE, origin + np.array([(-26, -5), (26, -5)]), 14)
    sizes = bump(phase, 0.35, 0.2), bump(phase, 0.62, 0.27), 1, 1
    for shape, size in zip((_TRANSVERSE, _SPINOUS, _ARCH, _BODY), sizes, strict=True):
        if size > 0.3:
            inner, outer = (_DISC, _DISC) if phase > 0.8 and shape is _BODY else (_MARROW, _CORTEX)
            canvas.fill(inner, origin + shape * size)
            canvas.stroke(outer, origin + shape * size, 2.5, closed=True)
    canvas.fill((25, Tissue.LEAN), origin + _CANAL)


def _draw_plate(canvas: Canvas, ring: Floats, angle: float, half: float, width: float) -> None:
    """Paint a bone along the ring within ``half`` degrees of an angle, and its mirror image."""
    for line in outline(ring)[np.abs(ANGLES - angle) < half] * _BOTH_SIDES:
        canvas.stroke(_CORTEX, line, width)
        canvas.stroke(_MARROW, line[2:-2], width - 3.6)
