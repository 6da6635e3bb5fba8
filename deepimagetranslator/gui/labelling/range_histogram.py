"""The values of the image in view, and the range of them that the threshold brush paints."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from typing import Any

from deepimagetranslator.app.labelling.mode import Labelling
from deepimagetranslator.core.labelling.values import Range
from deepimagetranslator.gui.dialogs.intensity.histogram import Histogram
from deepimagetranslator.gui.widgets.keys import only

_WIDTH, _HEIGHT = 200, 54
_FIRST = (0.25, 0.75)  # quantiles of the values: the range with which the keys begin


class RangeHistogram(Histogram):
    """A small histogram; a range that is not chosen yet begins where it is pressed or by a key.

    Args:
        parent: the parent widget.
        labelling: has the image and the range.
        to_image: gives the keys back to the image.
    """

    def __init__(
        self, parent: tk.Misc, labelling: Labelling, to_image: Callable[[], object]
    ) -> None:
        self._labelling = labelling
        self._began_at: float | None = None  # where a new range was pressed, until it is dragged
        super().__init__(parent, _WIDTH, _HEIGHT, self._choose, brief=True)
        for key in ("<Return>", "<KP_Enter>", "<Escape>"):
            self.bind(key, only(to_image))

    def write(self) -> None:
        """Show the values of the image in view with the range."""
        chosen, spread = self._labelling.choice.chosen, self._labelling.sheet.spread
        limits = None if chosen is None else (chosen.low, chosen.high)
        if spread is not self._spread or limits != self.limits:
            self.show(spread, limits, "")

    def move(self, steps: float) -> None:
        """Move the active limit; without a range, begin with the middle half of the values."""
        spread = self._labelling.sheet.spread
        if self.limits is None and spread is not None:
            low, high = (spread.quantile(part) for part in _FIRST)
            self._choose(low, max(high, low + self._step()))
        else:
            super().move(steps)

    def _choose(self, low: float, high: float) -> None:
        self._labelling.choice.chosen = Range(low, high)
        self._labelling.changed_choice()

    def _on_press(self, event: tk.Event[Any]) -> None:
        self._began_at = None
        if self.limits is None and self._spread is not None:
            self._began_at = value = self.value_at(event.x)
            self._choose(value, value + self._step())
        super()._on_press(event)

    def _on_drag(self, event: tk.Event[Any]) -> None:
        if self._began_at is not None and self.value_at(event.x) != self._began_at:
            self.active = int(self.value_at(event.x) > self._began_at)
            self._began_at = None
        super()._on_drag(event)
