"""The dialog that chooses another target for an input; unused targets come first."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.gui.widgets.dialog import Dialog

NAME = "target"
_ROWS, _WIDTH = 12, 560


class TargetDialog(Dialog[ImageRef]):
    """A list of targets with a search field, and a button for any other file.

    Args:
        parent: a widget of the window in front of which the dialog appears.
        name: the name of the input.
        unused: targets without an input.
        used: targets of other inputs; choosing one exchanges the two.
        ask_file: asks for a file.
        on_ok: called with the chosen target.
    """

    def __init__(
        self,
        parent: tk.Misc,
        name: str,
        unused: Sequence[ImageRef],
        used: Sequence[ImageRef],
        ask_file: Callable[[], ImageRef | None],
        on_ok: Callable[[ImageRef], object],
    ) -> None:
        super().__init__(parent, NAME, "Change target", "Use this target", on_ok)
        px = self.theme.px
        self._all = [(image, "unused") for image in unused]
        self._all += [(image, "used by another input") for image in used]
        self._ask_file = ask_file
        self._other: ImageRef | None = None
        self._shown: list[ImageRef] = []
        self.pattern = tk.StringVar(self)
        self.body.columnconfigure(1, weight=1)
        self.body.rowconfigure(2, weight=1)
        words = ttk.Label(self.body, text=f"Target of {name}", style="Bold.TLabel")
        words.grid(row=0, column=0, columnspan=2, sticky="w", pady=(0, px(8)))
        find = ttk.Label(self.body, text="Find")
        find.grid(row=1, column=0, sticky="w", padx=(0, px(8)), pady=(0, px(8)))
        self.entry = ttk.Entry(self.body, textvariable=self.pattern)
        self.entry.grid(row=1, column=1, sticky="ew", pady=(0, px(8)))
        find.configure(underline=self.mnemonics.add("Find", self.entry.focus_set))
        box = ttk.Frame(self.body)
        box.grid(row=2, column=0, columnspan=2, sticky="nsew")
        self.table = ttk.Treeview(box, columns=("use",), height=_ROWS, selectmode="browse")
        self.table.heading("#0", text="Target", anchor="w")
        self.table.heading("use", text="Use", anchor="w")
        self.table.column("#0", width=px(_WIDTH - 160))
        self.table.column("use", width=px(160), stretch=False)
        bar = ttk.Scrollbar(box, command=self.table.yview)
        self.table.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self.table.pack(side="left", fill="both", expand=True)
        self.table.bind("<Double-1>", lambda _event: self.accept())
        self.entry.bind("<Down>", lambda _event: self.table.focus_set())
        self.add_button("Another file...", self._take_other, left=True)
        self.show_help("If another input uses the target, the two inputs exchange their targets.")
        self.pattern.trace_add("write", lambda *_: self._fill())
        self._fill()
        self.place(self.entry)

    def value(self) -> ImageRef | None:
        """The chosen target; None if there is none."""
        if self._other is not None:
            return self._other
        chosen = self.table.selection()
        return self._shown[int(chosen[0])] if chosen else None

    def _take_other(self) -> None:
        image = self._ask_file()
        if image is not None:
            self._other = image
            self.accept()

    def _fill(self) -> None:
        sought = self.pattern.get().casefold()
        found = [pair for pair in self._all if sought in str(pair[0]).casefold()][:500]
        self._shown = [image for image, _ in found]
        self.table.delete(*self.table.get_children())
        for number, (image, use) in enumerate(found):
            # With the folder, since slices of different people often have the same names.
            name = "/".join(image.path.parts[-2:])
            self.table.insert("", "end", str(number), text=name, values=(use,))
        if found:
            self.table.selection_set("0")
            self.table.focus("0")
        self.ok_button.state(["!disabled" if found else "disabled"])
