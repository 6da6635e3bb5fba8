"""The base class of all dialogs: title, help line, buttons, keys, position, focus."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tkinter import ttk
from typing import Any, Generic, Self, TypeVar

from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.beside import stand_beside
from deepimagetranslator.gui.widgets.in_front import path_in_use, place_over, show_above
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics, invoke_focused
from deepimagetranslator.gui.widgets.scrolled import Scrolled

Result = TypeVar("Result")
AskFile = Callable[[str, str, Sequence[tuple[str, str]]], Path | None]
"""(title, suggested name, types) -> a file to write; None if cancelled."""
_REGISTRY = "_deepimagetranslator_dialogs"


def _registry(widget: tk.Misc) -> dict[str, Any]:
    root = widget.nametowidget(".")
    if not hasattr(root, _REGISTRY):
        setattr(root, _REGISTRY, {})
    found: dict[str, Any] = getattr(root, _REGISTRY)
    return found


class Dialog(tk.Toplevel, Generic[Result]):
    """A window with a body, a help line and buttons; subclasses fill ``body``.

    The constructor does not wait; ``on_ok`` is called with the result. Escape cancels, Return
    accepts. Subclasses implement ``value`` and end their constructor with ``place``.

    Args:
        parent: any widget; the dialog appears above the window that the user is in.
        name: at most one dialog of a name is open; see ``open``.
        title: the title of the window.
        ok: the text on the button that accepts.
        on_ok: called with the result after the dialog was accepted and closed.

    Attributes:
        aside: whether it opens beside the window in use, so that the images there are seen.
    """

    aside = False

    def __init__(
        self,
        parent: tk.Misc,
        name: str,
        title: str,
        ok: str = "OK",
        on_ok: Callable[[Result], object] | None = None,
    ) -> None:
        self._below = path_in_use(parent)
        super().__init__(parent)
        self.withdraw()
        self.title(title)
        self.theme = theme_of(self)
        self.mnemonics = Mnemonics(self)
        self._name = name
        self._on_ok = on_ok
        _registry(self)[name] = self
        px = self.theme.px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._scrolled = Scrolled(self, (px(18), px(16), px(18), px(8)))
        self._scrolled.grid(row=0, column=0, sticky="nsew")
        self.body = self._scrolled.body
        self.help_line = self._build_help_line()
        self.buttons = ttk.Frame(self, padding=(px(18), px(10), px(18), px(14)))
        self.buttons.grid(row=3, column=0, sticky="ew")
        self.buttons.columnconfigure(0, weight=1)
        self.ok_button = self.add_button(ok, self.accept, style="Accent.TButton")
        self.cancel_button = self.add_button("Cancel", self.cancel)
        self.bind("<Escape>", lambda _event: self.cancel())
        for key in ("<Return>", "<KP_Enter>"):
            self.bind(key, partial(invoke_focused, default=self.ok_button))
        self.protocol("WM_DELETE_WINDOW", self.cancel)

    @classmethod
    def open(cls, parent: tk.Misc, *args: Any, **kwargs: Any) -> Self:
        """Bring the open dialog of this class to the front, or create a new one."""
        for dialog in list(_registry(parent).values()):
            if isinstance(dialog, cls):
                dialog.to_front()
                return dialog
        return cls(parent, *args, **kwargs)

    def _build_help_line(self) -> ttk.Label:
        """Build a help text of two lines; its room is constant, so that the layout never jumps."""
        px, font = self.theme.px, self.theme.font()
        ttk.Frame(self, style="Line.TFrame", height=px(1)).grid(row=1, column=0, sticky="ew")
        room = ttk.Frame(self, height=2 * font.metrics("linespace") + px(16))
        room.grid(row=2, column=0, sticky="ew")
        room.pack_propagate(False)
        line = ttk.Label(room, style="Muted.TLabel", padding=(px(18), px(8), px(18), 0))
        line.pack(fill="both", expand=True)
        line.configure(anchor="nw", justify="left")
        line.bind("<Configure>", lambda e: line.configure(wraplength=max(1, e.width - px(40))))
        return line

    def add_button(
        self, text: str, command: Callable[[], object], style: str = "TButton", left: bool = False
    ) -> ttk.Button:
        """Add a button with an underlined letter; ``left`` places it at the left edge."""
        button = ttk.Button(self.buttons, text=text, command=command, style=style)
        button.configure(underline=self.mnemonics.add(text, button.invoke))
        self.add_to_buttons(button, left)
        return button

    def add_to_buttons(self, widget: tk.Widget, left: bool = False) -> None:
        """Add a child of ``buttons`` to the row of buttons."""
        taken = len(self.buttons.grid_slaves()) + 1
        gap = (0, 0) if left else (self.theme.px(8), 0)
        widget.grid(row=0, column=0 if left else taken, sticky="w", padx=gap)
        if left:
            # The Tab key reaches it first, too.
            widget.lower()

    def show_help(self, text: str) -> None:
        """Show a text in the help line."""
        self.help_line.configure(text=text)

    def value(self) -> Result | None:
        """The result; None while it cannot be accepted."""
        raise NotImplementedError

    def accept(self) -> None:
        """Close and call ``on_ok`` with the value, if there is one."""
        value = self.value()
        if value is None:
            return
        self.destroy()
        if self._on_ok is not None:
            self._on_ok(value)

    def cancel(self) -> None:
        """Close without a result."""
        self.destroy()

    def destroy(self) -> None:
        """Close; another dialog of this name can then be opened."""
        registry = _registry(self)
        if registry.get(self._name) is self:
            del registry[self._name]
        super().destroy()

    def to_front(self) -> None:
        """Raise the window and give it the keyboard."""
        self.deiconify()
        self.lift()
        (self.focus_lastfor() or self).focus_force()

    def place(self, focus: tk.Misc | None = None) -> None:
        """Show the finished dialog over the window in use, or aside, within the screen.

        Args:
            focus: the widget that gets the keyboard focus; None focuses the dialog.
        """
        self.update_idletasks()
        room = self.theme.px(40)
        most_width, most_height = self.winfo_screenwidth(), self.winfo_screenheight() - 2 * room
        around = self.winfo_reqheight() - self._scrolled.winfo_reqheight()
        self._scrolled.limit(most_width, most_height - around)
        self.update_idletasks()
        width, height = self.winfo_reqwidth(), self.winfo_reqheight()
        place_over(self, self._below, width, height, room, self.aside)
        if self.aside:
            stand_beside(self)
        self.minsize(min(width, self.theme.px(480)), min(height, self.theme.px(320)))
        show_above(self, self._below)
        (focus or self).focus_set()
        if isinstance(focus, ttk.Entry):
            focus.selection_range(0, "end")
            focus.icursor("end")
        # The focus scrolled the body before the window had its final size.
        self.update_idletasks()
        self._scrolled.to_top()
        self.after_idle(self._scrolled.to_top)
