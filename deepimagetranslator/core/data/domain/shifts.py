"""Graded changes of an image, as other scanners, settings and persons bring them.

They are made of what the network gets. Values at the ends of the range stay there where those
inside change: the air of a CT stays black in a brighter image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Change = Callable[[Floats, np.random.Generator], Floats]


@dataclass(frozen=True)
class Shift:
    """A change of an input (height, width, channels) that keeps its size.

    Attributes:
        kind: what is changed.
        grade: how much.
        change: makes the changed image; of an image and a random generator.
        moves: pixels move, so that a target moves as well.
        relights: values change alike everywhere, so that a target of the same kind changes too.
    """

    kind: str
    grade: float
    change: Change
    moves: bool = False
    relights: bool = False


def graded() -> tuple[Shift, ...]:
    """All changes, those of one kind from weak to strong."""
    return (
        *(Shift("brighter", by, _plus(by), relights=True) for by in (0.04, 0.08, 0.16)),
        *(Shift("darker", by, _plus(-by), relights=True) for by in (0.04, 0.08, 0.16)),
        *(Shift("paler", by, _times(by), relights=True) for by in (0.8, 0.6)),
        *(Shift("starker", by, _times(by), relights=True) for by in (1.3, 1.7)),
        *(Shift("noise", sd, _noise(sd)) for sd in (0.04, 0.08, 0.16)),
        *(Shift("blur", sd, _blur(sd)) for sd in (0.6, 1.0, 2.0)),
        *(Shift("sharper", by, _sharpened(by)) for by in (1.0, 3.0)),
        *(Shift("larger", by, _zoomed(by, by), moves=True) for by in (1.25, 1.6)),
        *(Shift("smaller", by, _zoomed(by, by), moves=True) for by in (0.8, 0.6)),
        Shift("higher", 1.4, _zoomed(1.4, 1.0), moves=True),
        Shift("wider", 1.4, _zoomed(1.0, 1.4), moves=True),
        Shift("flatter", 0.7, _zoomed(0.7, 1.0), moves=True),
        Shift("turned", 90.0, _turned(1), moves=True),
        Shift("turned", 180.0, _turned(2), moves=True),
    )


def _inside(change: Change) -> Change:
    def changed(x: Floats, rng: np.random.Generator) -> Floats:
        inside = (x > 0) & (x < 1)
        return np.where(inside, np.clip(change(x, rng), 0, 1), x)

    return changed


def _plus(amount: float) -> Change:
    return _inside(lambda x, _: x + np.float32(amount))


def _times(factor: float) -> Change:
    return _inside(lambda x, _: (x - np.float32(0.5)) * np.float32(factor) + np.float32(0.5))


def _noise(sd: float) -> Change:
    return _inside(lambda x, rng: x + np.float32(sd) * rng.standard_normal(x.shape, np.float32))


def _blur(sd: float) -> Change:
    return lambda x, _: _blurred(x, sd)


def _sharpened(amount: float) -> Change:
    return lambda x, _: np.clip(x + np.float32(amount) * (x - _blurred(x, 1.0)), 0, 1)


def _blurred(x: Floats, sd: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(x, (0, 0), sd), np.float32).reshape(x.shape)


def _zoomed(down: float, across: float) -> Change:
    """Enlarged about the centre; what comes in has the border's values."""

    def changed(x: Floats, _: np.random.Generator) -> Floats:
        height, width = x.shape[:2]
        places = np.array(
            [[across, 0, (1 - across) * (width - 1) / 2], [0, down, (1 - down) * (height - 1) / 2]]
        )
        moved = cv2.warpAffine(x, places, (width, height), borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32).reshape(x.shape)

    return changed


def _turned(quarters: int) -> Change:
    """Turned by quarters of a circle; an image that is not square is resized to its own size."""

    def changed(x: Floats, _: np.random.Generator) -> Floats:
        turned = np.rot90(x, quarters)
        if turned.shape != x.shape:
            turned = cv2.resize(np.ascontiguousarray(turned), x.shape[1::-1]).reshape(x.shape)
        return np.ascontiguousarray(turned)

    return changed
