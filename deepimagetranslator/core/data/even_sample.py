"""An even sample of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def even_sample(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` items, evenly spread from the first to the last."""
    places = np.linspace(0, len(items) - 1, min(count, len(items)))
    return [items[place] for place in np.rint(places).astype(int)]
