"""What lies in the abdominal cavity, embedded in visceral fat."""

from __future__ import annotations

import numpy as np

from deepimagetranslator.core.phantom.canvas import (
    AIR,
    FAT,
    LEAN,
    NOTHING,
    VISCERAL,
    Canvas,
    Floats,
    curve,
    scaled,
)
from deepimagetranslator.core.phantom.people import LENGTH, Person
from deepimagetranslator.core.phantom.trunk import Trunk, bump, ramp
from deepimagetranslator.core.phantom.tubes import WALL, Viscera, viscera_of


class Loft:
    """An organ given by outlines at a few heights; between them it changes smoothly.

    Points are parts of the cavity's size, as ``Trunk.place`` takes them.
    """

    def __init__(self, levels: dict[float, list[tuple[float, float]]]) -> None:
        self.heights = np.array(list(levels))
        self.outlines = np.array(list(levels.values()))

    def at(self, t: float) -> Floats | None:
        """The outline at t, (N, 2), or None above and below the organ."""
        if not self.heights[0] <= t < self.heights[-1]:
            return None
        i = int(np.searchsorted(self.heights, t, "right")) - 1
        share = ramp(t, self.heights[i], self.heights[i + 1])
        shape = curve((1 - share) * self.outlines[i] + share * self.outlines[i + 1])
        ends = min((self.heights[-1] - t) / 0.05, (t - self.heights[0]) / 0.05, 1.0)
        return scaled(shape, float(np.sqrt(max(ends, 0.02))))


LIVER = Loft(
    {
        -0.3: [(-0.98, 0), (-0.93, -0.45), (-0.72, -0.8), (-0.35, -0.95), (0.1, -0.92)]
        + [(0.42, -0.75), (0.3, -0.5), (0.08, -0.25), (-0.1, 0.12), (-0.2, 0.4)]
        + [(-0.55, 0.9), (-0.9, 0.55)],
        0.05: [(-0.98, 0), (-0.93, -0.45), (-0.72, -0.8), (-0.35, -0.95), (0.1, -0.92)]
        + [(0.4, -0.75), (0.3, -0.5), (0.06, -0.25), (-0.1, 0.1), (-0.22, 0.36)]
        + [(-0.55, 0.88), (-0.9, 0.55)],
        0.22: [(-0.97, 0), (-0.94, -0.45), (-0.75, -0.8), (-0.42, -0.93), (-0.05, -0.9)]
        + [(0.3, -0.82), (0.12, -0.55), (-0.1, -0.36), (-0.22, -0.05), (-0.32, 0.25)]
        + [(-0.6, 0.8), (-0.92, 0.5)],
        0.38: [(-0.97, 0), (-0.94, -0.42), (-0.8, -0.74), (-0.55, -0.86), (-0.25, -0.82)]
        + [(0, -0.7), (-0.16, -0.52), (-0.36, -0.38), (-0.44, -0.08), (-0.55, 0.1)]
        + [(-0.74, 0.5), (-0.93, 0.4)],
        0.52: [(-0.96, 0.05), (-0.95, -0.3), (-0.87, -0.56), (-0.75, -0.62), (-0.64, -0.55)]
        + [(-0.58, -0.42), (-0.6, -0.3), (-0.64, -0.15), (-0.68, 0), (-0.74, 0.15)]
        + [(-0.83, 0.38), (-0.94, 0.3)],
        0.7: [(-0.95, 0.05), (-0.95, -0.1), (-0.92, -0.22), (-0.88, -0.26), (-0.84, -0.24)]
        + [(-0.81, -0.18), (-0.8, -0.12), (-0.8, -0.04), (-0.81, 0.02), (-0.83, 0.08)]
        + [(-0.87, 0.16), (-0.93, 0.14)],
    }
)
SPLEEN = Loft(
    {
        -0.2: [(0.96, -0.05), (0.97, 0.25), (0.9, 0.55), (0.72, 0.8), (0.5, 0.9)]
        + [(0.4, 0.78), (0.54, 0.6), (0.68, 0.42), (0.75, 0.2), (0.85, -0.02)],
        0.18: [(0.96, 0), (0.97, 0.28), (0.91, 0.52), (0.78, 0.76), (0.6, 0.86)]
        + [(0.5, 0.76), (0.62, 0.58), (0.72, 0.42), (0.78, 0.22), (0.86, 0.06)],
        0.42: [(0.94, 0.2), (0.96, 0.3), (0.93, 0.45), (0.86, 0.6), (0.78, 0.66)]
        + [(0.72, 0.6), (0.77, 0.5), (0.82, 0.4), (0.85, 0.3), (0.88, 0.22)],
    }
)
STOMACH = Loft(
    {
        -0.3: [(0.46, -0.66), (0.64, -0.72), (0.78, -0.5), (0.74, -0.15), (0.58, 0.15)]
        + [(0.42, 0.3), (0.26, 0.28), (0.18, 0.1), (0.22, -0.15), (0.34, -0.42)],
        0.0: [(0.46, -0.66), (0.64, -0.72), (0.78, -0.5), (0.74, -0.15), (0.58, 0.15)]
        + [(0.42, 0.3), (0.26, 0.28), (0.18, 0.1), (0.22, -0.15), (0.34, -0.42)],
        0.22: [(0.36, -0.64), (0.58, -0.74), (0.74, -0.56), (0.7, -0.3), (0.56, -0.08)]
        + [(0.4, 0.05), (0.25, 0), (0.16, -0.15), (0.15, -0.33), (0.22, -0.5)],
        0.34: [(0.05, -0.6), (0.3, -0.7), (0.52, -0.66), (0.6, -0.48), (0.5, -0.32)]
        + [(0.32, -0.28), (0.12, -0.27), (-0.05, -0.24), (-0.16, -0.32), (-0.12, -0.48)],
        0.45: [(-0.1, -0.5), (0.1, -0.58), (0.3, -0.56), (0.36, -0.46), (0.32, -0.4)]
        + [(0.2, -0.38), (0.05, -0.36), (-0.08, -0.34), (-0.16, -0.36), (-0.16, -0.44)],
    }
)


def draw_organs(canvas: Canvas, person: Person, trunk: Trunk) -> None:
    """Paint the cavity's organs on a canvas of visceral fat, from front to back."""
    viscera = viscera_of(*person.seed)
    z = trunk.t * LENGTH
    for tube in viscera.bowel:
        tube.draw(canvas, z)
    _stomach(canvas, trunk, viscera)
    _solid(canvas, person, trunk, viscera)
    kidneys = tuple(zip((-1, 1), viscera.kidney_heights, strict=True))
    for side, height in kidneys:
        _renal_fat(canvas, person, trunk, side, height)
    for tube in viscera.colon:
        tube.draw(canvas, z)
    for side, height in kidneys:
        _kidney(canvas, person, trunk, side, height)
    for tube in (*viscera.pancreas, *viscera.vessels):
        tube.draw(canvas, z)
    _crura(canvas, trunk)


def _solid(canvas: Canvas, person: Person, trunk: Trunk, viscera: Viscera) -> None:
    """Liver with its vessels and gall bladder, spleen."""
    contrast = person.build.contrast
    spleen = SPLEEN.at(trunk.t)
    if spleen is not None:
        canvas.fill(trunk.place(spleen), 50 + 0.6 * contrast, LEAN)
    liver = LIVER.at(trunk.t)
    if liver is None:
        return
    canvas.fill(trunk.place(liver), 56 + 0.5 * contrast, LEAN)
    for tube in viscera.portal:
        tube.draw(canvas, trunk.t * LENGTH)
    size = float(bump(trunk.t, 0.42, 0.07))
    if size > 0.2:
        centre = trunk.place(np.array([-0.42, -0.5]))
        pear = curve([(-10, -18), (4, -20), (14, -8), (11, 10), (2, 20), (-8, 12), (-13, -4)])
        canvas.fill(centre + pear * 0.85 * size + (0, 3), 48, LEAN)
        canvas.fill(centre + pear * 0.72 * size + (0, 3), 8, LEAN)


def _stomach(canvas: Canvas, trunk: Trunk, viscera: Viscera) -> None:
    shape = STOMACH.at(trunk.t)
    if shape is None:
        return
    points = trunk.place(shape)
    inner = scaled(points, 0.91)
    front, back = inner[:, 1].min(), inner[:, 1].max()
    canvas.fill(points, WALL + 4, LEAN)
    canvas.fill(inner, 38, LEAN)
    level = front + viscera.stomach_gas * (back - front)
    if level - front > 6:
        canvas.fill(inner, AIR, NOTHING, level)


def _renal_fat(canvas: Canvas, person: Person, trunk: Trunk, side: int, height: float) -> None:
    """The fat in which a kidney is bedded."""
    size = 1 - ((trunk.t - height) / 0.36) ** 2
    if size > 0:
        centre, bean, _ = _bean(person, trunk, side)
        radius = np.sqrt(size) * (38 + 13 * person.build.visceral)
        canvas.fill(centre + bean * radius, FAT, VISCERAL)


def _kidney(canvas: Canvas, person: Person, trunk: Trunk, side: int, height: float) -> None:
    """Cortex, medulla and the fat of the sinus."""
    size = 1 - ((trunk.t - height) / 0.25) ** 2
    if size <= 0:
        return
    centre, bean, turn = _bean(person, trunk, side)
    radius = 28 * np.sqrt(size)
    cortex = 38 + 1.6 * person.build.contrast
    canvas.fill(centre + bean * radius, cortex, LEAN)
    if radius < 18:
        return
    pyramids = 0.68 * (1 + 0.1 * np.cos(np.linspace(0, 14 * np.pi, len(bean))))[:, None]
    canvas.fill(centre + bean * radius * pyramids, cortex - 0.25 * person.build.contrast, LEAN)
    sinus = curve([(3, -6), (10, -4), (18, -4), (23, -7), (25, 6), (18, 4), (10, 4), (3, 6)])
    canvas.fill(centre + sinus @ turn * (radius / 28), FAT, VISCERAL)


def _bean(person: Person, trunk: Trunk, side: int) -> tuple[Floats, Floats, Floats]:
    """A kidney's middle in mm, its outline of radius one, and the rotation of its hilum."""
    x = 58 + 10 * person.build.visceral + 14 * (trunk.t - 0.5)
    angles = np.linspace(-np.pi, np.pi, 60, endpoint=False)  # from the hilum
    radius = (1 - 0.22 * bump(angles, 0, 0.4)) * (1 - 0.13 * np.cos(2 * angles))
    bean = np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)
    hilum = np.array([-0.84 * side, -0.54])  # towards the middle and the front
    turn = np.stack([hilum, [-hilum[1], hilum[0]]])
    return np.array([side * x, trunk.spine + 14]), bean @ turn, turn


def _crura(canvas: Canvas, trunk: Trunk) -> None:
    """The diaphragm's crura beside the aorta."""
    if trunk.t > 0.5:
        return
    top = trunk.spine - 34
    arch = [(-22, top + 26), (-12, top + 6), (4, top - 1), (22, top + 6), (27, top + 26)]
    canvas.stroke(curve(arch, closed=False), 6 * (1 - trunk.t), 50, LEAN)
