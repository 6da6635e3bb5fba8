"""The window that the user is in, and showing another one above it.

Several windows can be open: the main window, the training monitor, the data check. A box that
belongs to the wrong one opens behind the others, and with its grab the program seems to hang.
"""

from __future__ import annotations

import tkinter as tk

from deepimagetranslator.gui.widgets.screens import Area, screen_at

_SHORT = ("Menu", "ComboboxPopdown")


def path_in_use(widget: tk.Misc) -> str:
    """The path of the visible window with the keyboard, else of the topmost one, else ".".

    A path, since Tk's own file dialogs are unknown to tkinter.
    """
    tk_app = widget.tk
    focused = str(tk_app.call("focus", "-displayof", "."))
    windows = [str(tk_app.call("winfo", "toplevel", focused))] if focused else []
    windows += reversed(_stack(widget))
    return next((path for path in windows if _is_window(widget, path)), ".")


def window_in_use(widget: tk.Misc) -> tk.Misc:
    """The window of ``path_in_use``, or the window of ours that opened it."""
    path = path_in_use(widget)
    while True:
        try:
            found: tk.Misc = widget.nametowidget(path)
        except KeyError:
            path = path.rpartition(".")[0] or "."
        else:
            return found.winfo_toplevel()


def place_over(
    window: tk.Toplevel,
    parent: str,
    width: int,
    height: int,
    margin: int = 0,
    aside: bool = False,
) -> None:
    """Place a window in the middle of another one, within the screen.

    Args:
        window: the window to place.
        parent: the path of the other window.
        width, height: the size in pixels that the window has or will have.
        margin: pixels to keep free below, for the window's title bar.
        aside: place it to the right of the other one, as far as the screen has room, so that what
            it changes there is seen.
    """

    def of_parent(name: str) -> int:
        return int(window.tk.call("winfo", name, parent))

    beyond = of_parent("width") if aside else (of_parent("width") - width) // 2
    x = of_parent("rootx") + beyond
    y = of_parent("rooty") + (of_parent("height") - height) // 3
    wanted = Area(x, y, width, height + margin)
    x, y = wanted.inside(screen_at(window, wanted))
    window.geometry(f"+{x}+{y}")


def show_above(window: tk.Toplevel, parent: str) -> None:
    """Show a window that always stays above another one, if that is visible."""
    if int(window.tk.call("winfo", "viewable", parent)):
        # A window manager hides a window whose parent is hidden.
        window.tk.call("wm", "transient", str(window), parent)
    window.deiconify()
    window.lift()


def _stack(widget: tk.Misc) -> list[str]:
    """The paths of the visible windows from the lowest to the topmost one."""
    try:
        return [str(path) for path in widget.tk.splitlist(widget.tk.call("wm", "stackorder", "."))]
    except tk.TclError:  # a window was closed meanwhile
        return []


def _is_window(widget: tk.Misc, path: str) -> bool:
    """Whether it is visible, and no menu or list that is open for a moment."""
    call = widget.tk.call
    return bool(int(call("winfo", "viewable", path))) and call("winfo", "class", path) not in _SHORT
