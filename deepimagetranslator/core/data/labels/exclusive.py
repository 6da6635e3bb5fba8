"""Exclusive classes: a channel for each class, and the background wherever none is likely.

If every label colour has at most one channel on (red, green, blue and black), the outputs p_k of
the channels and 1 - (sum of p_k), the background's, are scores of classes that exclude each other,
and a pixel gets the class with the highest. The nearest label colour would be black wherever no
channel is over 0.5: also where two classes share a pixel that is certainly not background.

``region`` uses operators only, so that it takes NumPy arrays and tensors of every Keras backend:
training metrics and translations decide by the same lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.typing import Array

BACKGROUND = -1
_FEWEST = 2  # classes besides the background; for a single one both decisions are the same


def channels_of_classes(units: Array) -> tuple[int, ...]:
    """The channel of each class, ``BACKGROUND`` for the one whose channels are all off.

    Args:
        units: the label colours after normalization, (classes, channels) in [0, 1].

    Returns:
        One number per class; empty unless the classes are exclusive: each channel is exactly 0 or
        1, each colour has at most one on, each channel is that of one class at most, one colour
        is the background and there are two others or more.
    """
    on = units == 1
    per_class = on.sum(axis=1)
    exclusive = (
        bool((on | (units == 0)).all())
        and per_class.max(initial=0) == 1
        and on.sum(axis=0).max() == 1
        and np.count_nonzero(per_class == 0) == 1
        and len(units) > _FEWEST
    )
    if not exclusive:
        return ()
    return tuple(int(row.argmax()) if row.any() else BACKGROUND for row in on)


def region(values: Any, channels: Sequence[int], channel: int) -> Any:
    """Where a channel's class has the highest score.

    Args:
        values: a network's output (..., channels), an array or a tensor.
        channels: the channels of the classes; the background may be among them.
        channel: one of them, not the background. Of equal scores the background's counts, then
            that of the first channel.

    Returns:
        Booleans (...), of the kind of ``values``.
    """
    used = sorted(one for one in channels if one != BACKGROUND)
    own = values[..., channel]
    total = sum((values[..., other] for other in used[1:]), values[..., used[0]])
    inside = own > 1 - total
    for other in used:
        if other < channel:
            inside = inside & (own > values[..., other])
        elif other > channel:
            inside = inside & (own >= values[..., other])
    return inside


def decide(values: NDArray[np.floating[Any]], channels: Sequence[int]) -> NDArray[np.uint8]:
    """The class numbers (height, width) of a network's output (height, width, channels).

    Args:
        values: the output.
        channels: the channel of each class, from ``channels_of_classes``.
    """
    planes = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, -1, 0)), 0, -1)
    classes = np.full(values.shape[:-1], channels.index(BACKGROUND), np.uint8)
    for number, channel in enumerate(channels):
        if channel != BACKGROUND:
            classes[region(planes, channels, channel)] = number
    return classes
