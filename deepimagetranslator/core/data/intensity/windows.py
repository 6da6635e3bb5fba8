"""Intensity windows for display and normalization.

A window has a centre (level) and a width. For computed tomography both are in Hounsfield units,
where air is -1000 and water 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from deepimagetranslator.core.errors import UserError


@dataclass(frozen=True)
class Window:
    """The range ``centre - width / 2`` to ``centre + width / 2``; the width is positive."""

    centre: float
    width: float

    @classmethod
    def between(cls, low: float, high: float) -> Window:
        """The window with these limits."""
        return cls((low + high) / 2, high - low)

    @property
    def low(self) -> float:
        """The value shown black."""
        return self.centre - self.width / 2

    @property
    def high(self) -> float:
        """The value shown white."""
        return self.centre + self.width / 2


PRESETS: dict[str, tuple[str, Window]] = {
    "abdomen": ("Abdomen, soft tissue", Window(40, 400)),
    "lung": ("Lung", Window(-600, 1500)),
    "bone": ("Bone", Window(400, 1800)),
    "brain": ("Brain", Window(40, 80)),
    "fat": ("Fat", Window(-110, 160)),
    "full": ("Full range", Window.between(-1024, 3071)),
}
"""CT windows by name, with title.

Abdomen, lung, bone and brain are the usual settings of radiology textbooks and teaching files. Fat
is -190 to -30, the range that studies of body composition since Kvist and colleagues (1988) count
as adipose tissue. The full range is that of 12 stored bits with the usual intercept of -1024.
"""


def parse_window(text: str) -> Window:
    """A preset's name, or CENTRE/WIDTH such as "40/400".

    Raises:
        UserError: it is neither.
    """
    name = text.strip().lower()
    if name in PRESETS:
        return PRESETS[name][1]
    try:
        centre, width = (float(part) for part in name.split("/"))
    except ValueError:
        centre, width = math.nan, math.nan
    if not (math.isfinite(centre) and 0 < width < math.inf):
        raise UserError(
            f"'{text}' is no window; write one of {', '.join(PRESETS)}, or CENTRE/WIDTH such as "
            "40/400, with a width above 0."
        )
    return Window(centre, width)
