"""The keys of the labelling mode; they are bound only while it is on."""

from __future__ import annotations

import sys
import tkinter as tk
from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
_CONTROL, _ALT = 0x4, 0x20000 | {"win32": 0, "darwin": 0x18}.get(sys.platform, 0x8)
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
            handle = only(action) if "Control" in name else _alone(action)
            widgets[0].bind_class(TAG, name, handle)

    def attach(self) -> None:
        """Let the keys act."""
        for widget in self._widgets:
            widget.bindtags((TAG, *widget.bindtags()))

    def detach(self) -> None:
        """Let the keys do what they do elsewhere."""
        for widget in self._widgets:
            widget.bindtags(tuple(tag for tag in widget.bindtags() if tag != TAG))


def _alone(action: Callable[[], object]) -> Callable[[tk.Event[Any]], str | None]:
    """A handler that leaves the key with Ctrl or Alt to the menus."""

    def handle(event: tk.Event[Any]) -> str | None:
        if int(event.state) & (_CONTROL | _ALT):
            return None
        action()
        return "break"

    return handle
