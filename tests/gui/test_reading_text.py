"""A text to be read: it cannot be changed, and follows the palette."""

from __future__ import annotations

import tkinter as tk

from deepimagetranslator.gui.guide import Guide
from deepimagetranslator.gui.study.summary_view import NONE_YET, SummaryView
from deepimagetranslator.gui.theme.theme import theme_of


def test_a_summary_is_shown_in_place_of_the_one_before(root: tk.Tk) -> None:
    view = SummaryView(root)
    view.show("")
    assert view.text.get("1.0", "end").strip() == NONE_YET
    view.show("# Study\n\nOne sentence.\n\n| who | Dice |\n| --- | ---: |\n| anna | 0.9 |\n")
    text = view.text.get("1.0", "end")
    assert text.split() == ["Study", "One", "sentence.", "who", "Dice", "anna", "0.9"]
    assert "heading" in view.text.tag_names("1.0")
    view.text.insert("1.0", "more")
    assert view.text.get("1.0", "end") == text


def test_guide_and_summary_follow_the_palette(root: tk.Tk) -> None:
    theme = theme_of(root)
    view, guide = SummaryView(root), Guide.open(root)
    before = theme.palette.name
    for name in ("light", "dark", before):
        theme.apply(name)
        root.update()
        for text in (view.text, guide.text):
            assert text.cget("background") == theme.palette.field
            assert text.cget("foreground") == theme.palette.text
            assert text.cget("state") == "disabled"
    guide.destroy()
