"""The panel beside the images while labels are painted: tools, amounts, classes, states."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterable
from functools import partial
from tkinter import ttk
from typing import Literal

from deepimagetranslator.app.labelling.mode import Labelling
from deepimagetranslator.app.labelling.tool_choice import OPERATIONS, TOOLS
from deepimagetranslator.core.labelling.record import DONE, TO_LABEL
from deepimagetranslator.gui.labelling.amounts import AmountFields
from deepimagetranslator.gui.labelling.class_list import ClassListView
from deepimagetranslator.gui.labelling.commands import LabelCommands
from deepimagetranslator.gui.labelling.keys import OPERATION_KEYS, TOOL_KEYS, key_words
from deepimagetranslator.gui.labelling.loop_commands import LoopCommands
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.scrolled import Scrolled

_ANY = "all classes"
_BRING_BACK = "Bring back"


class LabelPanel(ttk.Frame):
    """Shows the state of the labelling, and passes on what is chosen.

    Args:
        parent: the parent widget.
        labelling: the state.
        commands: what needs boxes or files.
        loop: goes to the next image.
        to_image: gives the keys back to the image.

    Attributes:
        tools: the buttons of the tools by name.
        amounts: the number fields, and the values of the image.
        classes: the list of classes.
        message: what is said beside the tools.
    """

    def __init__(
        self,
        parent: tk.Misc,
        labelling: Labelling,
        commands: LabelCommands,
        loop: LoopCommands,
        to_image: Callable[[], object],
    ) -> None:
        super().__init__(parent)
        self._labelling, self._commands, self._to_image = labelling, commands, to_image
        self._loop = loop
        px = theme_of(self).px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._scrolled = Scrolled(self, (px(2), 0, px(6), px(4)))
        self._scrolled.grid(row=0, column=0, sticky="nsew")
        self.message = ttk.Label(self, justify="left")
        self.message.grid(row=1, column=0, sticky="ew", pady=(px(4), 0))
        body = self._scrolled.body
        body.columnconfigure(0, weight=1)
        parts = (
            self._build_head,
            self._build_tools,
            self._build_menus,
            self._build_amounts,
            self._build_classes,
            self._build_view,
        )
        for row, build in enumerate(parts):
            build(body).grid(row=row, column=0, sticky="ew", pady=(0, px(6)))

    def limit(self, height: int) -> None:
        """Let the panel scroll in so many pixels of height."""
        self._scrolled.limit(self.winfo_screenwidth(), max(1, height))
        self.message.configure(wraplength=self._scrolled.body.winfo_reqwidth())

    def write(self) -> None:
        """Show the state as it is."""
        labelling = self._labelling
        if not labelling.active:
            return
        choice, known = labelling.choice, labelling.states.status
        for name, button in self.tools.items():
            button.configure(style="Accent.TButton" if name == choice.tool else "TButton")
        self.amounts.write()
        self.classes.write()
        state = TO_LABEL if known is None else known.state
        locked = known is not None and known.locked
        self._state.configure(text=f"{state}{', locked' if locked else ''}".capitalize())
        self._done.configure(text="Unlock (Shift+U)" if locked else "Done (Shift+D)")
        self._done_next.configure(style="TButton" if state == DONE else "Accent.TButton")
        for button, may in (
            (self._done_next, not locked),
            (self._take, labelling.sheet.has_prediction and not locked),
        ):
            button.state(["!disabled" if may else "disabled"])
        history = labelling.sheet.painter and labelling.sheet.painter.label_map.history
        for button, can in (
            (self._undo, history and history.can_undo),
            (self._redo, history and history.can_redo),
        ):
            button.state(["!disabled" if can and not locked else "disabled"])
        table = labelling.classes.table
        self._over.configure(values=[_ANY, *(table.name(number) for number in table.numbers)])
        over = choice.only_over
        self._over_text.set(_ANY if over is None else table.name(over))
        self._opacity.set(round(choice.opacity * 100))
        self._outline.set(choice.outline)
        self._hidden.set(choice.hidden)

    def say(self, text: str) -> None:
        """Show a sentence below the tools."""
        self.message.configure(text=text)

    # ---- building --------------------------------------------------------------------------

    def _build_head(self, body: ttk.Frame) -> ttk.Frame:
        frame, px = self._two_columns(body), theme_of(self).px
        self._state = ttk.Label(frame, style="Bold.TLabel")
        self._state.grid(row=0, column=0, sticky="w")
        leave = self._button(frame, "Leave (F6)", self._commands.toggle)
        leave.grid(row=0, column=1, sticky="ew", pady=(0, px(2)))
        labelling = self._labelling
        self._undo = self._button(frame, "Undo (Ctrl+Z)", labelling.editing.undo)
        self._redo = self._button(frame, "Redo (Ctrl+Y)", labelling.editing.redo)
        self._done = self._button(frame, "Done (Shift+D)", self.toggle_done)
        self._undo.grid(row=2, column=0, sticky="ew", padx=(0, px(2)))
        self._redo.grid(row=2, column=1, sticky="ew")
        self._done_next = self._button(frame, "Done, next (D)", self._loop.done_and_next)
        self._take = self._button(
            frame,
            "Take prediction (Shift+P)",
            partial(labelling.editing.operate, "copy prediction"),
        )
        self._done.grid(row=3, column=0, sticky="ew", padx=(0, px(2)), pady=(px(2), 0))
        self._done_next.grid(row=3, column=1, sticky="ew", pady=(px(2), 0))
        self._take.grid(row=4, column=0, columnspan=2, sticky="ew", pady=(px(2), 0))
        return frame

    def toggle_done(self) -> None:
        """Mark the image in view as done, or unlock it."""
        known = self._labelling.states.status
        if known is not None and known.locked:
            self._labelling.states.unlock()
        else:
            self._labelling.editing.mark_done()

    def _build_tools(self, body: ttk.Frame) -> ttk.Frame:
        frame, px = self._two_columns(body), theme_of(self).px
        self.tools: dict[str, ttk.Button] = {}
        for place, (name, label) in enumerate(TOOLS.items()):
            words = f"{label} ({key_words(TOOL_KEYS[name])})"
            button = self._button(frame, words, partial(self._labelling.choose_tool, name))
            button.grid(row=place // 2, column=place % 2, sticky="ew", padx=(0, px(2)), pady=px(1))
            self.tools[name] = button
        self._keep_width(frame, self.tools.values())
        return frame

    def _keep_width(self, frame: ttk.Frame, buttons: Iterable[ttk.Button]) -> None:
        """Let a frame's two columns be as wide as the widest button when it is the chosen one,
        whose letters are bold: else the images would move when another one is chosen."""
        widest = 0
        for button in buttons:
            button.configure(style="Accent.TButton")
            widest = max(widest, button.winfo_reqwidth())
            button.configure(style="TButton")
        for column in (0, 1):
            frame.columnconfigure(column, minsize=widest + theme_of(self).px(2))

    def _build_amounts(self, body: ttk.Frame) -> ttk.Frame:
        self.amounts = AmountFields(body, self._labelling, self._to_image)
        return self.amounts

    def _build_classes(self, body: ttk.Frame) -> ttk.Frame:
        frame, px = ttk.Frame(body), theme_of(self).px
        frame.columnconfigure(1, weight=1)
        self.classes = ClassListView(frame, self._labelling, self._to_image)
        self.classes.grid(row=0, column=0, columnspan=2, sticky="ew")
        take = self._commands.guarded(self.classes.take_name, "Rename class")
        for key in ("<Return>", "<KP_Enter>"):
            self.classes.entry.bind(key, lambda _event: (take(), self._to_image()))
        ttk.Label(frame, text="Paint over", style="Small.TLabel").grid(row=1, column=0, sticky="w")
        self._over_text = tk.StringVar(self)
        self._over = ttk.Combobox(frame, state="readonly", textvariable=self._over_text, width=14)
        self._over.grid(row=1, column=1, sticky="ew", padx=(px(6), 0), pady=(px(2), 0))
        self._over.bind("<<ComboboxSelected>>", self._on_over)
        return frame

    def _build_view(self, body: ttk.Frame) -> ttk.Frame:
        frame, px = ttk.Frame(body), theme_of(self).px
        frame.columnconfigure(1, weight=1)
        self._opacity, self._outline = tk.DoubleVar(self), tk.BooleanVar(self)
        self._hidden = tk.BooleanVar(self)
        ttk.Label(frame, text="Opacity", style="Small.TLabel").grid(row=0, column=0, sticky="w")
        scale = ttk.Scale(frame, from_=0, to=100, variable=self._opacity, command=self._on_opacity)
        scale.grid(row=0, column=1, sticky="ew", padx=(px(6), 0))
        for row, (text, variable) in enumerate(
            (("Outlines only (O)", self._outline), ("Hide labels (H)", self._hidden)), 1
        ):
            tick = ttk.Checkbutton(frame, text=text, variable=variable, command=self._on_ticks)
            tick.grid(row=row, column=0, columnspan=2, sticky="w")
        return frame

    def _build_menus(self, body: ttk.Frame) -> ttk.Frame:
        frame, px = ttk.Frame(body), theme_of(self).px
        commands, labelling = self._commands, self._labelling
        change: list[tuple[str, Callable[[], object], str]] = [
            (label, partial(labelling.editing.operate, name), key_words(OPERATION_KEYS[name]))
            for name, label in OPERATIONS.items()
        ]
        classes: list[tuple[str, Callable[[], object], str]] = [
            ("Add class", commands.add_class, ""),
            ("Colour...", commands.recolour, ""),
            ("Delete class...", commands.delete, ""),
            (_BRING_BACK, labelling.undo_class, ""),
        ]
        files: list[tuple[str, Callable[[], object], str]] = [
            ("Save into target file...", commands.save_into_target, ""),
            ("Export label maps...", commands.export, ""),
            ("Begin anew...", commands.begin_anew, ""),
        ]
        self.menus: dict[str, tk.Menu] = {}
        for place, (text, entries) in enumerate(
            (("Change", change), ("Class", classes), ("File", files))
        ):
            frame.columnconfigure(place, weight=1)
            button = ttk.Menubutton(frame, text=text, width=6)
            menu = tk.Menu(button, tearoff=False)
            for label, action, key in entries:
                run = commands.guarded(action, label.removesuffix("..."))
                menu.add_command(label=label, command=run, accelerator=key)
            button.configure(menu=menu)
            button.grid(row=0, column=place, sticky="ew", padx=(0, px(2)))
            self.menus[text] = menu
        self.menus["Class"].configure(postcommand=self._write_class_menu)
        self._merge = tk.Menu(self.menus["Class"], tearoff=False, postcommand=self._fill_merge)
        self.menus["Class"].insert_cascade(2, label="Merge into", menu=self._merge)
        return frame

    def _write_class_menu(self) -> None:
        """Name the class that can be brought back; grey the entry if there is none."""
        menu, name = self.menus["Class"], self._labelling.classes.undoable
        last = menu.index("end")
        assert last is not None
        state: Literal["normal", "disabled"] = "normal" if name else "disabled"
        menu.entryconfigure(last, label=f"{_BRING_BACK} {name}".strip(), state=state)

    def _fill_merge(self) -> None:
        self._merge.delete(0, "end")
        table, chosen = self._labelling.classes.table, self._labelling.choice.number
        for number in table.numbers:
            if number != chosen:
                run = self._commands.guarded(partial(self._commands.merge, number), "Merge classes")
                self._merge.add_command(label=table.name(number), command=run)

    def _two_columns(self, body: ttk.Frame) -> ttk.Frame:
        frame = ttk.Frame(body)
        for column in (0, 1):
            frame.columnconfigure(column, weight=1, uniform="halves")
        return frame

    def _button(self, parent: ttk.Frame, text: str, action: Callable[[], object]) -> ttk.Button:
        run = self._commands.guarded(action, text.partition(" (")[0])
        return ttk.Button(parent, text=text, command=run)

    # ---- input of the user -----------------------------------------------------------------

    def _on_over(self, _event: object) -> None:
        self._over.selection_clear()
        place = self._over.current() - 1
        numbers = self._labelling.classes.table.numbers
        self._labelling.choice.only_over = None if place < 0 else numbers[place]
        self._labelling.changed_choice()
        self._to_image()

    def _on_opacity(self, value: str) -> None:
        self._labelling.choice.opacity = float(value) / 100
        self._labelling.changed_choice()

    def _on_ticks(self) -> None:
        choice = self._labelling.choice
        choice.outline, choice.hidden = self._outline.get(), self._hidden.get()
        self._labelling.changed_choice()
