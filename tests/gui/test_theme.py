"""The theme: contrast, scaling, icons, and switching the palette of open windows."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

import pytest

from deepimagetranslator.gui.theme.icons import ICONS, draw_icon
from deepimagetranslator.gui.theme.palette import (
    DARK,
    LIGHT,
    PALETTES,
    Palette,
    palette_named,
)
from deepimagetranslator.gui.theme.theme import Theme, theme_of

BOTH = pytest.mark.parametrize("palette", [DARK, LIGHT], ids=lambda palette: palette.name)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@BOTH
def test_words_can_be_read_on_their_ground(palette: Palette) -> None:
    grounds = [palette.background, palette.field, palette.raised, palette.hover, palette.pane]
    for ground in grounds:
        assert contrast(palette.text, ground) >= 4.5
    for words in (palette.muted, palette.error, palette.warning):
        assert contrast(words, palette.background) >= 4.5
    for ground in (palette.accent, palette.accent_hover):
        assert contrast(palette.accent_text, ground) >= 4.5
    assert contrast(palette.selection_text, palette.selection) >= 4.5


@BOTH
def test_what_is_no_word_stands_out_too(palette: Palette) -> None:
    for colour in (palette.accent, *palette.series):
        assert contrast(colour, palette.background) >= 3
        assert contrast(colour, palette.pane) >= 3
    assert contrast(palette.error, palette.field) >= 3


def test_the_dark_palette_has_the_greys_of_2021() -> None:
    assert (DARK.background, DARK.field, DARK.text) == ("#4f4f4f", "#1f1f1f", "#ffffff")


def test_the_systems_palette_is_one_of_ours() -> None:
    assert palette_named("system") in PALETTES.values()


@pytest.mark.parametrize("name", ICONS)
@BOTH
def test_every_icon_shows_something(name: str, palette: Palette) -> None:
    picture = draw_icon(name, 16, palette)
    assert picture.size == (16, 16)
    assert picture.getchannel("A").getextrema()[1] > 200


@pytest.mark.parametrize("scaling", [1.0, 1.5, 2.0])
def test_everything_grows_with_the_scaling(bare_root: tk.Tk, scaling: float) -> None:
    theme = Theme(bare_root, "light", scaling)
    entry = ttk.Entry(bare_root)
    tree = ttk.Treeview(bare_root)
    line = theme.font().metrics("linespace")
    assert theme.px(10) == 10 * scaling
    assert theme.px(0) == 0
    assert theme.icon("warning").width() == 16 * scaling
    assert line == pytest.approx(15 * scaling, abs=4)
    assert entry.winfo_reqheight() >= line + 2 * theme.px(4)
    assert int(theme.style.lookup("Treeview", "rowheight")) > line
    tree.destroy()


def test_a_switch_reaches_open_windows(root: tk.Tk) -> None:
    theme = theme_of(root)
    window = tk.Toplevel(root)
    text, canvas, menu = tk.Text(window), tk.Canvas(window), tk.Menu(window)
    label = ttk.Label(window)
    told: list[str] = []
    canvas.bind("<<PaletteChanged>>", lambda _event: told.append(theme_of(canvas).palette.name))
    root.config(menu=tk.Menu(root))
    root.update()
    icon = theme.icon("warning")
    theme.apply("light")
    assert theme_of(label) is theme
    assert theme.icon("warning") is icon
    assert told == ["light"]
    assert window.cget("background") == root.cget("background") == LIGHT.background
    assert text.cget("background") == LIGHT.field
    assert str(menu.cget("foreground")) == LIGHT.text
    assert theme.style.lookup("TLabel", "foreground") == LIGHT.text
    assert tk.Listbox(window).cget("background") == LIGHT.field


def test_without_a_theme_there_is_an_error(bare_root: tk.Tk) -> None:
    with pytest.raises(AttributeError):
        theme_of(bare_root)
