"""Waiting for a condition, as long as a machine may need that is ten times slower."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 300.0
"""Seconds until a test gives up. How long something takes is measured in benchmarks/."""


def wait_until(
    condition: Callable[[], object],
    work: Callable[[], object] = lambda: None,
    told: Callable[[], object] = lambda: "",
) -> None:
    """Return once the condition holds.

    Args:
        condition: asked again and again.
        work: done between two questions, a window's events for example.
        told: what a failure says of how far it came.
    """
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"not in time: {told()}"
        work()
        time.sleep(0.001)
