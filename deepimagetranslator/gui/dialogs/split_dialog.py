"""The dialog for a validation split by groups, such as persons, with a preview."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from functools import partial
from tkinter import ttk

from deepimagetranslator.app.splitting import (
    BY_IMAGE,
    BY_NAME,
    BY_PATIENT,
    SplitPreview,
    SplitWay,
    preview_current,
    preview_split,
)
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED
from deepimagetranslator.gui.widgets.background import WidgetBackground
from deepimagetranslator.gui.widgets.dialog import Dialog

NAME = "split"
_DELAY_MS = 150
_ROWS, _FEW_ROWS, _WIDTH, _MOST_SHOWN = 9, 4, 560, 1000
_ROOMY = 700  # minimum screen height for showing many groups
_WORDS = {
    BY_NAME: "Persons, by folder or file name",
    BY_PATIENT: "DICOM patients",
    BY_IMAGE: "Nothing (single images)",
}
_HELP = {
    BY_NAME: "A regular expression; its match in the file name, or its part in parentheses, is the "
    "person. Empty: the folder, or the name without its slice number.",
    BY_PATIENT: "All images of a DICOM patient stay together.",
    BY_IMAGE: "Single images are chosen at random; images of one person may be in both parts.",
}
_TOGGLE = "Click a group to move it to the other part."


class SplitDialog(Dialog[SplitWay]):
    """The split dialog; OK is enabled only with a valid preview.

    Args:
        parent: a widget of the main window.
        pairs: the training pairs.
        way: the initial values.
        has_patients: whether the inputs are DICOM files.
        on_ok: called with the chosen way.
        val: the validation pairs; their groups are shown first if they are whole.
        persons: the known persons' folders, as ``DataSpec.persons``.

    Attributes:
        preview: the result of the chosen way; None while it is being computed.
        lines: the groups by their lines of the table.
    """

    def __init__(
        self,
        parent: tk.Misc,
        pairs: Sequence[ImagePair],
        way: SplitWay,
        has_patients: bool,
        on_ok: Callable[[SplitWay], object],
        val: Sequence[ImagePair] = (),
        persons: Sequence[str] = (),
    ) -> None:
        super().__init__(parent, NAME, "Split validation from training", "Split", on_ok)
        self._pairs = *pairs, *val
        self._persons = persons
        self._validates = way.validates
        self.preview: SplitPreview | None = None
        self._background = WidgetBackground(self)
        self._waiting = ""
        self.lines: dict[str, str] = {}
        ways = [way for way in _WORDS if has_patients or way != BY_PATIENT]
        first = way.by if way.by in ways else BY_NAME
        self.by = tk.StringVar(self, _WORDS[first])
        self.pattern = tk.StringVar(self, way.pattern)
        self.percent = tk.StringVar(self, f"{way.fraction * 100:g}")
        self.seed = tk.StringVar(self, str(way.seed))
        self._build_ways([_WORDS[way] for way in ways])
        self._build_numbers()
        self._build_preview()
        for variable in (self.by, self.pattern, self.percent, self.seed):
            variable.trace_add("write", lambda *_: self._changed())
        self._changed()
        self._validates = way.validates
        if val:
            self._show_current(pairs, val)
        self.place(self.entry)

    # ---- building --------------------------------------------------------------------------

    def _build_ways(self, ways: list[str]) -> None:
        px, body = self.theme.px, self.body
        body.columnconfigure(1, weight=1)
        label = ttk.Label(body, text="Keep together")
        label.grid(row=0, column=0, sticky="w", padx=(0, px(12)), pady=px(3))
        self.way_box = ttk.Combobox(body, textvariable=self.by, values=ways, state="readonly")
        self.way_box.grid(row=0, column=1, sticky="ew", pady=px(3))
        label.configure(underline=self.mnemonics.add("Keep together", self.way_box.focus_set))
        self.entry = self._labelled("Pattern", self.pattern, 1)

    def _build_numbers(self) -> None:
        self.percent_entry = self._labelled(
            "For validation", self.percent, 2, "per cent of the images"
        )
        self.seed_entry = self._labelled(
            "Seed", self.seed, 3, "another number selects other groups"
        )

    def _build_preview(self) -> None:
        px = self.theme.px
        box = ttk.Frame(self.body)
        box.grid(row=5, column=0, columnspan=2, sticky="nsew")
        self.body.rowconfigure(5, weight=1)
        columns = ("part", "images")
        rows = _ROWS if self.winfo_screenheight() >= px(_ROOMY) else _FEW_ROWS
        self.table = ttk.Treeview(box, columns=columns, height=rows, selectmode="browse")
        self.table.heading("#0", text="Group", anchor="w")
        self.table.heading("images", text="Images", anchor="e")
        self.table.heading("part", text="Goes to", anchor="w")
        self.table.column("#0", width=px(_WIDTH - 210))
        self.table.column("images", width=px(80), anchor="e", stretch=False)
        self.table.column("part", width=px(130), stretch=False)
        bar = ttk.Scrollbar(box, command=self.table.yview)
        self.table.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self.table.pack(side="left", fill="both", expand=True)
        self.table.bind("<ButtonRelease-1>", lambda e: self.toggle(self.table.identify_row(e.y)))
        self.table.bind("<space>", lambda _event: self.toggle(self.table.focus()))
        self.table.bind(PALETTE_CHANGED, lambda _event: self._colour())
        self._colour()
        room = ttk.Frame(self.body, height=3 * self.theme.font().metrics("linespace") + px(8))
        room.grid(row=4, column=0, columnspan=2, sticky="ew", pady=(px(8), 0))
        room.pack_propagate(False)  # always three lines high, so that the layout is stable
        self.words = ttk.Label(room, justify="left", anchor="nw")
        self.words.pack(fill="both", expand=True)
        self.words.bind("<Configure>", lambda e: self.words.configure(wraplength=e.width))

    def _labelled(self, text: str, variable: tk.StringVar, row: int, unit: str = "") -> ttk.Entry:
        px = self.theme.px
        label = ttk.Label(self.body, text=text)
        label.grid(row=row, column=0, sticky="w", padx=(0, px(12)), pady=px(3))
        line = ttk.Frame(self.body)
        line.grid(row=row, column=1, sticky="ew", pady=px(3))
        entry = ttk.Entry(line, textvariable=variable, width=8)
        entry.pack(side="left", fill="x", expand=not unit)
        if unit:
            ttk.Label(line, text=unit, style="Muted.TLabel").pack(side="left", padx=px(8))
        label.configure(underline=self.mnemonics.add(text, entry.focus_set))
        return entry

    # ---- what is chosen --------------------------------------------------------------------

    def value(self) -> SplitWay | None:
        """The chosen way; None without a valid preview."""
        if self.preview is None or self.preview.problem:
            return None
        return self._way()

    def _way(self) -> SplitWay | None:
        """The typed values; None after showing a message if one is not a number."""
        try:
            fraction = float(self.percent.get().strip().rstrip("%").replace(",", ".")) / 100
        except ValueError:
            self._show_message(
                f"'{self.percent.get()}' is not a number; give per cent, for instance 20."
            )
            return None
        try:
            seed = int(self.seed.get())
        except ValueError:
            self._show_message(f"The seed '{self.seed.get()}' is not a whole number.")
            return None
        return SplitWay(self._by, self.pattern.get(), fraction, seed, self._validates)

    @property
    def _by(self) -> str:
        return next(way for way, words in _WORDS.items() if words == self.by.get())

    # ---- preview ---------------------------------------------------------------------------

    def _changed(self) -> None:
        """Update the preview once typing pauses; the groups are chosen at random again."""
        self.preview = self._validates = None
        self.ok_button.state(["disabled"])
        self.show_help(_HELP[self._by])
        self.entry.state(["!disabled" if self._by == BY_NAME else "disabled"])
        if self._waiting:
            self.after_cancel(self._waiting)
        self._waiting = self.after(_DELAY_MS, self._ask)

    def toggle(self, item: str) -> None:
        """Move the group of a line of the table to the other part."""
        groups = self.preview.groups if self.preview is not None else ()
        if item not in self.lines or self._waiting:
            return
        now = frozenset(name for name, _, validates in groups if validates)
        self.preview, self._validates = None, now ^ {self.lines[item]}
        self.ok_button.state(["disabled"])
        self._ask()

    def _show_current(self, train: Sequence[ImagePair], val: Sequence[ImagePair]) -> None:
        """Show the present split."""
        self.after_cancel(self._waiting)
        self._waiting = ""
        way = self._way()

        def show(found: tuple[SplitWay, SplitPreview]) -> None:
            if not self._waiting:
                self._validates = found[0].validates
                self._show(found[1])

        if way is not None:
            work = partial(preview_current, tuple(train), tuple(val), way, self._persons)
            self._background.run("groups", work, show, self._broke)

    def _ask(self) -> None:
        self._waiting = ""
        way = self._way()
        if way is None:
            return
        self._background.run(
            "groups",
            partial(preview_split, self._pairs, way, self._persons),
            self._show,
            self._broke,
        )

    def _broke(self, error: Exception) -> None:
        raise error

    def _show(self, preview: SplitPreview) -> None:
        if self._waiting:
            return  # the input has changed since
        self.preview = preview
        seen, focus = self.table.yview()[0], self.lines.get(self.table.focus())
        self.table.delete(*self.table.get_children())
        self.lines.clear()
        for name, count, validates in preview.groups[:_MOST_SHOWN]:
            part, tag = ("validation", "val") if validates else ("training", "train")
            item = self.table.insert("", "end", text=name, values=(part, count), tags=(tag,))
            self.lines[item] = name
            if name == focus:
                self.table.focus(item)
                self.table.selection_set(item)
        self.table.yview_moveto(seen)
        rest = len(preview.groups) - _MOST_SHOWN
        if rest > 0:
            self.table.insert("", "end", text=f"and {rest} more groups")
        if preview.problem:
            self.ok_button.state(["disabled"])
            self._show_message(preview.problem)
            return
        self.ok_button.state(["!disabled"])
        share = round(100 * preview.val / max(1, preview.train + preview.val))
        words = (
            f"{len(preview.groups)} groups: {preview.train} images for training, {preview.val} "
            f"for validation ({share} per cent)."
        )
        if preview.warning:
            self._show_message(f"{words} {preview.warning}", "Warning.TLabel")
        else:
            self._show_message(f"{words} {_TOGGLE}", "TLabel")

    def _show_message(self, text: str, style: str = "Error.TLabel") -> None:
        self.words.configure(text=text, style=style)

    def _colour(self) -> None:
        self.table.tag_configure("val", foreground=self.theme.palette.accent)

    def destroy(self) -> None:
        """End the thread too."""
        if self._waiting:
            self.after_cancel(self._waiting)
        self._background.close()
        super().destroy()
