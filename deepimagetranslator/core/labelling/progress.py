"""How a slow tool tells how far it is, and is asked to stop."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float], None]
"""Called with the part that is done, 0 to 1; it raises ``Stopped`` if the tool is to stop."""


class Stopped(Exception):
    """The tool was cancelled; its label map stays as it was."""


def silent(_part: float) -> None:
    """Tell nobody."""
