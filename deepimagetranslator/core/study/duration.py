"""How long a study takes, in words."""

from __future__ import annotations

_UNITS = (("d", 86400), ("h", 3600), ("min", 60))


def expected(trainings: int, seconds: float) -> str:
    """How long trainings take, such as "12 trainings, about 5 h on this machine."."""
    return f"{trainings} training{'s' * (trainings != 1)}, about {rough(seconds)} on this machine."


def rough(seconds: float) -> str:
    """A duration in the largest unit that it has one and a half of, such as "5 h"."""
    for unit, length in _UNITS:
        if seconds >= 1.5 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(1, round(seconds))} s"
