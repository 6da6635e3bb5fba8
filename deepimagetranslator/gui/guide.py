"""The guide: one page on how to work with the program."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import Any

from PIL import Image, ImageTk

from deepimagetranslator.core.system import paths
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of

_OPEN = "_deepimagetranslator_guide"

TEXT = """\
# From image pairs to translated folders

1. Load. File > Load folder pair takes a folder of inputs and one of targets; files of the same \
name belong together. You can also pick many files, as ever. File > Load sample images draws a set \
to try things on.
[window-main.png]

Any image will do: PNG, JPEG, TIFF, DICOM, NIfTI, 8 or 16 bit or float. A folder of DICOM slices \
is sorted by position; if it holds several series you choose one. A volume's slices are images of \
their own.

2. Keep some for validation. Data > Split validation from training keeps whole persons apart, told \
by folder, file name or DICOM patient. Or load validation images of their own.

3. Shape the network. Model > New model fills in the sizes from your images. Start with the \
preset "recommended".

4. Choose how to augment. Train > Data augmentation shows what it does to your own images. More \
variety means fewer images to label.

5. Train. F5 starts it; the monitor shows curves, predictions and the time left. You can stop and \
resume whenever you like: nothing is lost but the running epoch.
[window-monitor.png]

6. Translate. Load images for translation, look through them with the arrow keys, then Translate > \
Translate and save.
[demo.png]
# Before hours of training

Data > Check data (F4) reads every file and says what is wrong, with a button where it can be \
mended. Its table shows each pair; files without a partner stand on top. Drag a target to another \
row, press Enter to choose one, Delete to leave a pair out, Ctrl+Z to undo. Your files are never \
changed. Training opens it by itself if there is something that you have not seen yet.

Data > Values and window sets which values become black and white for the network: by the file \
type, by the training images, or a window such as that of soft tissue in CT (DICOM is in \
Hounsfield units). One choice for all images, kept with the weights.

Data > Label colours shows the colours of the targets with their counts. Name them, give them \
other colours, and let blurred edges take the nearest one.

# Keys

Right, Left, Home, End: step through the images. Wheel, + and -: zoom; 0: the whole image; drag: \
move. Ctrl+O, Ctrl+S: open and save the project. F4: check the data. F5: train. F1: this page.

# If something goes wrong

Every message says what to do. Help > Open log folder holds the details for a report.
"""


class Guide(tk.Toplevel):
    """The guide's window."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self.title("Guide")
        theme = theme_of(self)
        self._theme = theme
        scroll = ttk.Scrollbar(self)
        scroll.pack(side="right", fill="y")
        self.text = tk.Text(
            self,
            wrap="word",
            width=72,
            height=30,
            padx=theme.px(22),
            pady=theme.px(16),
            font=theme.font("text"),
            spacing1=theme.px(2),
            spacing3=theme.px(6),
            yscrollcommand=scroll.set,
        )
        scroll.configure(command=self.text.yview)
        self.text.pack(fill="both", expand=True)
        self._pictures: list[Any] = []
        self._write()
        self.text.configure(state="disabled")
        self.bind("<Escape>", lambda _event: self.destroy())
        self.bind(PALETTE_CHANGED, lambda _event: self._colour())
        self.text.focus_set()

    @classmethod
    def open(cls, parent: tk.Misc) -> Guide:
        """The guide, in front."""
        root = parent.nametowidget(".")
        guide: Guide | None = getattr(root, _OPEN, None)
        if guide is None or not guide.winfo_exists():
            guide = cls(parent)
            setattr(root, _OPEN, guide)
        guide.lift()
        return guide

    def _write(self) -> None:
        self._colour()
        self.text.tag_configure("heading", font=self._theme.font("heading"))
        for line in TEXT.splitlines():
            if line.startswith("["):
                self._show_picture(line.strip("[]"))
            elif line.startswith("# "):
                self.text.insert("end", line[2:] + "\n", "heading")
            else:
                self.text.insert("end", line + "\n")

    def _show_picture(self, name: str) -> None:
        path = paths.assets() / name
        if not path.exists():
            return
        with Image.open(path) as image:
            side = self._theme.px(420)
            picture = image.convert("RGB")
            picture.thumbnail((side, side))
        self._pictures.append(ImageTk.PhotoImage(picture, master=self))
        self.text.image_create("end", image=self._pictures[-1])
        self.text.insert("end", "\n\n")

    def _colour(self) -> None:
        palette = self._theme.palette
        self.text.configure(background=palette.field, foreground=palette.text)
