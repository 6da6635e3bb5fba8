"""The keys of the labelling mode; they are bound only while it is on."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping, Sequence

from deepimagetranslator.gui.widgets.keys import only

TAG = "LabellingKeys"
TOOL_KEYS: Mapping[str, str] = {
    "brush": "b",
    "eraser": "e",
    "threshold": "t",
    "polygon": "p",
    "freehand": "f",
    "bucket": "k",
    "keep island": "l",
    "remove island": "r",
    "pick": "c",
    "sample": "v",
}
"""A letter for each tool."""
OPERATION_KEYS: Mapping[str, str] = {
    "grow": "g",
    "fill holes": "F",
    "smooth": "S",
    "remove specks": "R",
    "border out": "period",
    "border in": "comma",
    "copy prediction": "P",
    "copy before": "B",
    "copy after": "N",
    "interpolate": "I",
}
"""A key for each operation; a capital letter is Shift and the letter."""
_SIGNS = {"period": ".", "comma": ","}


def key_words(key: str) -> str:
    """A key as it is shown to the user."""
    if key.isupper():
        return f"Shift+{key}"
    return _SIGNS.get(key, key.upper())


class Keys:
    """Binds keys to some widgets.

    Args:
        widgets: they have the keys while they have the focus.
        actions: by Tk's name of the event, such as "<Key-b>".
    """

    def __init__(
        self, widgets: Sequence[tk.Misc], actions: Mapping[str, Callable[[], object]]
    ) -> None:
        self._widgets = widgets
        for name, action in actions.items():
            widgets[0].bind_class(TAG, name, only(action))

    def attach(self) -> None:
        """Let the keys act."""
        for widget in self._widgets:
            widget.bindtags((TAG, *widget.bindtags()))

    def detach(self) -> None:
        """Let the keys do what they do elsewhere."""
        for widget in self._widgets:
            widget.bindtags(tuple(tag for tag in widget.bindtags() if tag != TAG))
