"""Preview of the chosen augmentation on a training pair, computed in a thread."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from tkinter import ttk
from typing import Any

from deepimagetranslator.core.config.specs import OPERATIONS, AugmentationSpec
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas
from deepimagetranslator.gui.viewer.viewport import View
from deepimagetranslator.gui.widgets.background import WidgetBackground
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics

SamplePair = Callable[[AugmentationSpec, int], tuple[Array, Array | None]]
"""Gives an augmented pair for a spec and an example number; called in a thread."""

NO_IMAGES = "Load training images and targets to see them changed here."
UNEXPECTED = "The preview failed unexpectedly; the log says why."
_log = logging.getLogger(__name__)


def without_ticks(spec: AugmentationSpec) -> AugmentationSpec:
    """The spec with all operations switched off."""
    sides = ("input", "target", "validation")
    off: dict[str, Any] = {f"{name}_{side}": False for name in OPERATIONS for side in sides}
    return replace(spec, **off)


class AugmentationPreview(ttk.Frame):
    """Input and target of one augmented example, one above the other, with linked zoom.

    Args:
        parent: the widget around it.
        sample: gives the pair; its ``UserError`` is shown instead. None: there are no images.
        mnemonics: assigns the underlined letters.

    Attributes:
        example: number of the example, from 0.
        shown: spec and number of the displayed example; None before the first.
    """

    def __init__(
        self, parent: tk.Misc, sample: SamplePair | None, mnemonics: Mnemonics | None = None
    ) -> None:
        super().__init__(parent)
        self._sample = sample
        self._spec: AugmentationSpec | None = None
        self._background = WidgetBackground(self)
        self.example = 0
        self.shown: tuple[AugmentationSpec, int] | None = None
        self._plain = tk.BooleanVar(self, False)
        px = theme_of(self).px
        self.columnconfigure(0, weight=1)
        self.words = ttk.Label(self, style="Muted.TLabel", anchor="e")
        self.words.grid(row=0, column=0, sticky="e", pady=(0, px(4)))
        self.input, self.target = (ImageCanvas(self, on_view=self._set_view) for _ in "it")
        for row, (title, canvas) in enumerate((("Input", self.input), ("Target", self.target))):
            label = ttk.Label(self, text=title, style="Bold.TLabel")
            label.grid(row=2 * row, column=0, sticky="w", pady=(px(8) if row else 0, px(4)))
            canvas.grid(row=2 * row + 1, column=0, sticky="nsew")
            self.rowconfigure(2 * row + 1, weight=1, uniform="canvas")
        self.another_button = ttk.Button(self, text="New example", command=self.another)
        self.plain_button = ttk.Checkbutton(
            self, text="Show original", variable=self._plain, command=self._ask_again
        )
        self.plain_button.grid(row=4, column=0, sticky="w", pady=(px(8), px(4)))
        self.another_button.grid(row=5, column=0, sticky="ew")
        if mnemonics is not None:
            for button in (self.plain_button, self.another_button):
                underline = mnemonics.add(button.cget("text"), button.invoke)
                button.configure(underline=underline)
        if sample is None:
            for button in (self.another_button, self.plain_button):
                button.state(["disabled"])
            self.input.show(None, hint=NO_IMAGES)
            self.target.show(None)

    def ask(self, spec: AugmentationSpec) -> None:
        """Show the pair with this spec; only the newest of several requests is answered."""
        self._spec = spec
        if self._sample is None:
            return
        number = self.example
        wanted = without_ticks(spec) if self._plain.get() else spec
        self._background.run(
            "pair",
            partial(self._sample, wanted, number),
            partial(self._on_pair, wanted, number),
            self._on_failure,
        )

    def set_sides(self, width: int, height: int) -> None:
        """Set the size of each of the two pictures, in pixels."""
        for canvas in (self.input, self.target):
            canvas.configure(width=width, height=height)

    def another(self) -> None:
        """Show the next example of the same pair."""
        self.example += 1
        self._plain.set(False)
        self._ask_again()

    @property
    def busy(self) -> bool:
        """Whether a pair is being computed."""
        return self._background.busy

    def destroy(self) -> None:
        """End the thread too."""
        self._background.close()
        super().destroy()

    def _ask_again(self) -> None:
        if self._spec is not None:
            self.ask(self._spec)

    def _on_pair(
        self, spec: AugmentationSpec, number: int, pair: tuple[Array, Array | None]
    ) -> None:
        self.shown = (spec, number)
        self.words.configure(text="" if self._plain.get() else f"example {number + 1}")
        self.input.show(pair[0])
        self.target.show(pair[1])

    def _on_failure(self, error: Exception) -> None:
        self.shown = None
        if not isinstance(error, UserError):
            _log.error("The augmentation preview failed.", exc_info=error)
        self.input.show(None, hint=str(error) if isinstance(error, UserError) else UNEXPECTED)
        self.target.show(None)

    def _set_view(self, view: View) -> None:
        self.input.set_view(view)
        self.target.set_view(view)
