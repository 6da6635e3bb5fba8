"""What surrounds the abdominal cavity: skin, subcutaneous fat, muscles, spine, ribs, pelvis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deepimagetranslator.core.phantom.canvas import (
    FAT,
    LEAN,
    NOTHING,
    SUBCUTANEOUS,
    Canvas,
    Floats,
    curve,
    disc,
    scaled,
)
from deepimagetranslator.core.phantom.people import LENGTH, Person

ANGLES = np.arange(720) / 2.0 - 180  # degrees: 0 is the image's right, -90 in front, 90 behind
_COS, _SIN = np.cos(np.radians(ANGLES)), np.sin(np.radians(ANGLES))

MUSCLE, CORTEX, MARROW = 52.0, 480.0, 190.0
SKIN = 3.2  # mm


def bump(x: Floats | float, centre: float, width: float) -> Floats:
    """One at the centre, falling smoothly to zero."""
    return np.asarray(np.exp(-(((np.asarray(x) - centre) / width) ** 2)))


def ramp(x: Floats | float, start: float, end: float) -> Floats:
    """From 0 at ``start`` smoothly to 1 at ``end``."""
    s = np.clip((np.asarray(x) - start) / (end - start), 0, 1)
    return np.asarray(s * s * (3 - 2 * s))


def _around(angle: float, width: float) -> Floats:
    return bump((ANGLES - angle + 180) % 360 - 180, 0, width)


def _sides(angle: float, width: float) -> Floats:
    """A bump at that angle from the front, on both sides."""
    return _around(-90 + angle, width) + _around(-90 - angle, width)


@dataclass(frozen=True, eq=False)
class Trunk:
    """A slice's rings about the middle, as radii in mm at ANGLES, and where its spine lies.

    Attributes:
        t: from 0 in the first slice to 1 in the last.
        skin, frame, cavity, abdomen: the body; the muscles' outer and inner face; the cavity
            without the lungs.
        spine: y of the vertebral body's middle.
    """

    t: float
    skin: Floats
    frame: Floats
    cavity: Floats
    abdomen: Floats
    spine: float

    def place(self, uv: Floats) -> Floats:
        """Points of the cavity, (..., 2), given as parts of its size, in mm."""
        front, back, side = -self.at(self.cavity, -90), self.spine + 52, self.at(self.cavity, 0)
        u, v = uv[..., 0], uv[..., 1]
        return np.stack([u * side, v * np.where(v < 0, -front, back)], axis=-1)

    @staticmethod
    def at(ring: Floats, angle: float) -> float:
        """A ring's radius at that angle."""
        return float(ring[round((angle + 180) * 2) % 720])


def outline(ring: Floats) -> Floats:
    """The ring's points, (720, 2) mm."""
    return np.stack([ring * _COS, ring * _SIN], axis=1)


@lru_cache(maxsize=512)
def trunk_of(person: Person, t: float) -> Trunk:
    """The rings of a person's slice."""
    frame = _frame(person, t)
    cavity = frame - _wall(person, t)
    spine = Trunk.at(frame, 90) - 66
    skin = _rested(frame + _fat(person, t), Trunk.at(frame, 90) + 5 + 0.5 * person.build.fat)
    return Trunk(t, skin, frame, cavity, cavity - _lungs(t), spine)


def _frame(person: Person, t: float) -> Floats:
    """The muscles' outer face: a rounded box, with waist, hips, belly and furrowed back."""
    build = person.build
    width = build.half_width * (1 - build.waist * bump(t, 0.62, 0.25) + 0.03 * ramp(t, 0.8, 1.1))
    belly = 1 + build.belly * bump(t, 0.65, 0.4) - 0.07 * ramp(t, 0.5, 1.0) * (1 - build.visceral)
    depth = build.half_depth * np.where(_SIN < 0, belly, 1)
    power = np.where(_SIN < 0, 2.25, 2.5)
    ring = (np.abs(_COS / width) ** power + np.abs(_SIN / depth) ** power) ** (-1 / power)
    return np.asarray(ring + 3 * _sides(157, 12) - 5 * _around(90, 6))


def _fat(person: Person, t: float) -> Floats:
    """Thickness of subcutaneous fat and skin, mm."""
    build = person.build
    shares = (
        build.front * _sides(32, 32) * 0.95
        + build.side * _sides(90, 40)
        + build.back * _sides(140, 32) * (0.7 + 0.6 * t)
    )
    thickness = build.fat * (0.45 + 0.75 * ramp(t, -0.1, 1.1)) * (0.2 + 0.8 * shares)
    thickness = thickness * (1 - 0.45 * _around(90, 8))
    navel = bump(t, 0.86, 0.035) * _around(-90, 4.5)
    return np.asarray((5 + thickness) * (1 - 0.8 * navel) - 0.15 * build.fat * _around(-90, 7) * t)


def _wall(person: Person, t: float) -> Floats:
    """Thickness of the muscles, mm: thin in the midline and beside the rectus, thick behind."""
    chest = 11 + 2 * _sides(0, 30)
    belly = 5.0 + 7 * _sides(19, 12) + 12 * _sides(80, 30) - 1.5 * _around(-90, 5)
    low = ramp(t, 0.25, 0.55)
    behind = 1 / (1 + np.exp((np.abs(ANGLES - 90) - 33) / 3.5))
    front = person.build.muscle * ((1 - low) * chest + low * belly)
    return np.asarray(front * (1 - behind) + 46 * behind)


def _lungs(t: float) -> Floats:
    """Depth of the lungs' lowest parts in the gutters behind and beside the diaphragm, mm."""
    depth = 38 * _sides(140, 26) + 9 * _sides(95, 30)
    return np.asarray(np.maximum(depth * (1 - t / 0.2) - 3, 0) if t < 0.2 else 0 * depth)


def _rested(ring: Floats, floor: float) -> Floats:
    """The ring pressed flat where the body lies on the table, ``floor`` mm behind the middle."""
    y = np.maximum(ring * _SIN, 1e-6)
    pressed = -7 * np.logaddexp(-y / 7, -floor / 7)
    return np.asarray(
        np.where(_SIN > 0, ring * np.clip(pressed / y, 0, 1) ** ramp(_SIN, 0, 0.5), ring)
    )


def draw_trunk(canvas: Canvas, person: Person, trunk: Trunk) -> None:
    """Skin, subcutaneous fat and the muscles of the wall.

    The skin is no tissue of the target: at usual sizes it is thinner than a pixel.
    """
    canvas.fill(outline(trunk.skin), 35, NOTHING)
    canvas.fill(outline(trunk.skin - SKIN), FAT, SUBCUTANEOUS)
    canvas.fill(outline(trunk.frame), MUSCLE, LEAN)
    wall = trunk.frame - trunk.cavity
    if trunk.t > 0.3:  # the three oblique muscles, parted by fasciae
        for part in (0.36, 0.68):
            layer = outline(trunk.frame - part * wall)
            for side in (-1, 1):
                canvas.stroke(layer[np.abs(ANGLES) < 38] * (side, 1), 1.3, -25)
    for side in (-1, 1):  # between erector spinae and quadratus lumborum
        fascia = [(side * 22, 24), (side * 38, 22), (side * 55, 26), (side * 68, 34)]
        canvas.stroke(curve(fascia, closed=False) + (0, trunk.spine), 1.3, -15)
        cleft = [(side * 12, 34), (side * 17, 46), (side * 15, 60)]
        canvas.stroke(curve(cleft, closed=False) + (0, trunk.spine), 1.3, -5)


def draw_psoas(canvas: Canvas, person: Person, trunk: Trunk) -> None:
    """The psoas beside the spine, growing towards the pelvis."""
    size = float(ramp(trunk.t, 0.22, 1.0)) * person.build.muscle
    if size < 0.05:
        return
    for side in (-1, 1):
        shape = [(-12, -8), (-2, -15), (10, -12), (15, 2), (11, 16), (-2, 19), (-11, 10)]
        points = curve(shape) * (side, 1) * (0.45 + 0.75 * size)
        canvas.fill(points + (side * (26 + 11 * size), trunk.spine + 8), MUSCLE + 6, LEAN)


def draw_spine(canvas: Canvas, person: Person, trunk: Trunk) -> None:
    """A lumbar vertebra or disc with its arch, as the slice cuts it."""
    phase = (trunk.t * LENGTH / 36 + person.vertebra) % 1
    origin = np.array([0, trunk.spine])
    canvas.stroke(origin + [(-26, 17), (26, 17)], 14, MUSCLE, LEAN)
    _processes(canvas, origin, phase)
    arch = [(-15, 8), (15, 8), (21, 18), (17, 30), (6, 37), (-6, 37), (-17, 30), (-21, 18)]
    _bone(canvas, origin + 0.95 * curve(arch), 2.5)
    if not 0.12 < phase < 0.6:  # the holes through which the nerves leave
        for side in (-1, 1):
            canvas.fill(origin + disc((side * 16, 14), (7, 5)), 20, LEAN)
    body = [(-24, -2), (-18, -14), (0, -18), (18, -14), (24, -2), (19, 10), (8, 13), (0, 11.5)]
    body += [(-8, 13), (-19, 10)]
    if phase > 0.8:
        canvas.fill(origin + 0.93 * curve(body) * 1.03, 95, LEAN)
    else:
        _bone(canvas, origin + 0.93 * curve(body) * (1 - 0.06 * np.sin(phase / 0.8 * np.pi)), 2.2)
    canal = [(-11, 17), (0, 14.5), (11, 17), (9, 25), (0, 30), (-9, 25)]
    canvas.fill(origin + curve(canal), 25, LEAN)


def _processes(canvas: Canvas, origin: Floats, phase: float) -> None:
    across = 24 * float(bump(phase, 0.35, 0.2))
    for side in (-1, 1):
        if across > 4:
            tip = [(16, 12), (22 + across, 15), (24 + across, 20), (20 + across, 22), (16, 24)]
            _bone(canvas, origin + curve(tip) * (side, 1), 1.6)
        facet = disc((side * 19, 26), (7, 6 + 4 * float(bump(phase, 0.9, 0.25))))
        _bone(canvas, origin + facet, 1.8)
    back = 24 * float(bump(phase, 0.62, 0.27))
    if back > 3:
        spinous = [(-3.5, 30), (3.5, 30), (3, 38 + back), (0, 41 + back), (-3, 38 + back)]
        _bone(canvas, origin + curve(spinous), 1.4)


def _bone(canvas: Canvas, points: Floats, cortex: float) -> None:
    radius = float(np.sqrt(np.prod(np.ptp(points, axis=0)))) / 2
    canvas.fill(points, CORTEX, LEAN)
    canvas.fill(scaled(points, max(0.2, 1 - cortex / radius)), MARROW, LEAN)


def draw_ribs(canvas: Canvas, trunk: Trunk) -> None:
    """Ribs in the wall; each comes down from the spine to the front, so slices cut several."""
    middle = outline(trunk.frame - 0.5 * (trunk.frame - trunk.cavity).clip(0, 14))
    for side in (-1, 1):
        for number in range(8):
            along = (trunk.t - (0.11 * number - 0.52)) / 0.62  # 0 at the spine, 1 in front
            reach = 1.0 if number < 6 else 0.6 - 0.25 * (number - 6)
            if not 0.08 < along < reach:
                continue
            degrees = 58 - 125 * along
            half = 4 + 3 * float(bump(along, 0.95, 0.3))
            pick = np.abs(ANGLES - degrees) < half
            line = middle[pick] * (side, 1)
            cartilage = along > 0.85
            canvas.stroke(line, 6 if not cartilage else 8, 110 if cartilage else CORTEX, LEAN)
            if not cartilage:
                canvas.stroke(line[3:-3], 2.4, MARROW, LEAN)


def draw_pelvis(canvas: Canvas, trunk: Trunk) -> None:
    """The iliac crests in the wall of the last slices."""
    grown = float(ramp(trunk.t, 0.86, 1.05))
    if grown < 0.05:
        return
    ring = outline(trunk.cavity + 5)
    for side in (-1, 1):
        line = ring[np.abs(ANGLES - 33) < 4 + 17 * grown] * (side, 1)
        canvas.stroke(line, 6 + 3 * grown, CORTEX, LEAN)
        canvas.stroke(line[4:-4], 3 + 2 * grown, MARROW, LEAN)
