"""Dialogs open over the window in use or beside it, and the guide is a page with headings."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

import pytest

from deepimagetranslator.gui.guide import Guide
from deepimagetranslator.gui.widgets.in_front import place_over

Pump = Callable[..., None]


@pytest.mark.parametrize(
    ("aside", "width", "left"),
    [(False, 400, 100), (True, 400, 600), (True, 100_000, 0)],
    ids=["in the middle", "beside it", "as far as the screen has room"],
)
def test_a_dialog_about_images_leaves_them_in_sight(
    root: tk.Tk, pump: Pump, aside: bool, width: int, left: int
) -> None:
    root.geometry("600x400+0+0")
    pump(root, lambda: root.winfo_width() == 600 and root.winfo_rootx() == 0)
    width = min(width, root.winfo_screenwidth() - 300)
    window = tk.Toplevel(root)
    window.geometry(f"{width}x300")
    place_over(window, ".", width, 300, 40, aside)
    pump(root, lambda: window.winfo_width() == width)
    expected = left or root.winfo_screenwidth() - width
    pump(root, lambda: window.winfo_rootx() == expected)
    window.destroy()


def test_the_guide_has_headings_of_two_levels_and_pictures_that_can_be_read(root: tk.Tk) -> None:
    guide = Guide.open(root)
    root.update()
    assert Guide.open(root) is guide
    chapters, sections = (len(guide.text.tag_ranges(tag)) // 2 for tag in ("chapter", "section"))
    assert chapters >= 4 and sections >= 10
    text = guide.text.get("1.0", "end")
    assert "#" not in text and "[" not in text
    assert [picture.width() for picture in guide._pictures][:2] == [640, 640]
    assert guide.winfo_height() <= 0.9 * root.winfo_screenheight()
    guide.destroy()
