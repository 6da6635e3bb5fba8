"""Files and folders that are dragged onto a widget from the system's file manager."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_LOG = logging.getLogger(__name__)


def accept_files(widget: tk.Misc, on_drop: Callable[[Sequence[Path], int, int], object]) -> bool:
    """Call a function with the files and folders that are dropped onto a widget or its children.

    Args:
        widget: the widget.
        on_drop: called with the paths and the place of the pointer on the screen.

    Returns:
        False if this system's Tk cannot receive files.
    """
    try:
        from tkinterdnd2 import COPY, DND_FILES, TkinterDnD  # noqa: PLC0415

        TkinterDnD._require(widget.nametowidget("."))
    except (ImportError, RuntimeError, tk.TclError) as error:
        _LOG.warning("Files cannot be dropped onto the window: %s", error)
        return False

    def drop(event: Any) -> str:
        paths = [Path(name) for name in widget.tk.splitlist(event.data)]
        # The source waits for the answer; a question to the user must not keep it waiting.
        widget.after_idle(on_drop, paths, event.x_root, event.y_root)
        return str(COPY)

    target: Any = widget  # tkinterdnd2 adds these methods to every widget
    target.drop_target_register(DND_FILES)
    target.dnd_bind("<<Drop>>", drop)
    return True
