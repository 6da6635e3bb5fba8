"""View > Window: the display window of images with more than 8 bits."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from deepimagetranslator.core.data.intensity.windows import PRESETS, Window
from deepimagetranslator.gui.viewer.pane_group import PaneGroup
from deepimagetranslator.gui.viewer.shading import number_words

HINT = "Or drag over an image with the right mouse button"


def window_words(title: str, window: Window) -> str:
    """A preset's title with its limits, for a menu or a list."""
    return f"{title}: {number_words(window.low)} to {number_words(window.high)}"


def build_window_menu(
    parent: tk.Menu, panes: PaneGroup, set_values: Callable[[], object]
) -> tk.Menu:
    """The submenu; its choices are enabled while an image of more than 8 bits is shown."""
    menu = tk.Menu(parent, tearoff=False)
    chosen = tk.StringVar(menu)

    def choose() -> None:
        name = chosen.get()
        panes.show_window(PRESETS[name][1] if name in PRESETS else name)

    def offer() -> None:
        current = next(
            (
                name
                for name, (_, window) in PRESETS.items()
                if window == panes.shown_window("image")
            ),
            "",
        )
        chosen.set(current if panes.window == "chosen" else panes.window)
        state = "normal" if panes.has_deep_image() else "disabled"
        for index in range(last):
            if menu.type(index) == "radiobutton":
                menu.entryconfigure(index, state=state)

    letters = {"v"}  # used by the last entry

    def add(label: str, value: str) -> None:
        """Add an entry; its first letter that no other entry uses is underlined."""
        place = next(i for i, letter in enumerate(label.lower()) if letter not in letters)
        letters.add(label[place].lower())
        menu.add_radiobutton(
            label=label, value=value, underline=place, variable=chosen, command=choose
        )

    add("As in training", "training")
    add("Each image's own range", "own")
    menu.add_separator()
    for name, (title, window) in PRESETS.items():
        add(window_words(title, window), name)
    menu.add_command(label=HINT, state="disabled")
    menu.add_separator()
    menu.add_command(label="Values and window...", underline=0, command=set_values)
    last = menu.index("end") or 0
    menu.configure(postcommand=offer)
    # Keeps the variable alive as long as the menu.
    menu.__dict__["chosen"] = chosen
    return menu
