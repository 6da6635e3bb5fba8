"""Fonts, scaling, palette and ttk styles: what makes the window look as it does.

One ``Theme`` per root, made right after ``Tk()`` and before any widget. Styles stand on clam,
whose widgets scale and keep full keyboard use. Widgets that draw themselves bind
``<<PaletteChanged>>`` and read ``theme_of(self).palette`` again.
"""

from __future__ import annotations

import sys
import tkinter as tk
from tkinter import font as tkfont
from tkinter import ttk
from typing import Any

from PIL import ImageTk

from deepimagetranslator.gui.theme.icons import ICONS, draw_icon
from deepimagetranslator.gui.theme.palette import (
    DARK,
    LIGHT,
    PALETTES,
    Palette,
    palette_named,
)
from deepimagetranslator.gui.theme.styles import (
    ELEMENT_ICONS,
    configure_styles,
    create_elements,
)

__all__ = ["DARK", "LIGHT", "PALETTES", "Palette", "Theme", "palette_named", "theme_of"]

PALETTE_CHANGED = "<<PaletteChanged>>"
_ATTRIBUTE = "_deepimagetranslator_theme"
_NAME = "deepimagetranslator"
_TEXT_FONTS = ("TkDefaultFont", "TkTextFont", "TkMenuFont", "TkHeadingFont", "TkFixedFont")
_SMALL_FONTS = ("TkSmallCaptionFont", "TkTooltipFont", "TkIconFont")
_EXTRA_FONTS = {"heading": (1.15, "bold"), "bold": (1.0, "bold"), "small": (0.88, "normal")}


class Theme:
    """Scaling, fonts, palette and styles of one root.

    Args:
        root: the ``Tk``; any widget made later has the look.
        palette: "dark", "light" or "system".
        scaling: 1.0 is 96 dots an inch; None takes the screen's own.

    Attributes:
        palette: the colours in use.
        scaling: as above.
    """

    def __init__(self, root: tk.Tk, palette: str = "dark", scaling: float | None = None) -> None:
        self.root = root
        self.palette: Palette = palette_named(palette)
        self.scaling = scaling if scaling is not None else screen_scaling(root)
        self._icons: dict[tuple[str, int], ImageTk.PhotoImage] = {}
        self._fonts: dict[str, tkfont.Font] = {}
        setattr(root, _ATTRIBUTE, self)
        root.tk.call("tk", "scaling", self.scaling * 96 / 72)
        self._size_fonts()
        self.style = ttk.Style(root)
        self.style.theme_create(_NAME, parent="clam")
        self.style.theme_use(_NAME)
        create_elements(self.style, {key: self.icon(*key) for key in ELEMENT_ICONS})
        self.apply(self.palette.name)

    def px(self, length: float) -> int:
        """Pixels for a length given at 100 per cent; at least 1 unless it is 0."""
        return max(1, round(length * self.scaling)) if length else 0

    def font(self, name: str = "text") -> tkfont.Font:
        """The font "text", "heading", "bold", "small" or "fixed"."""
        return self._fonts[name]

    def icon(self, name: str, size: int = 16) -> ImageTk.PhotoImage:
        """The icon of that name, its side in pixels at 100 per cent; it follows the palette.

        Raises:
            KeyError: no such icon; ``icons.ICONS`` lists them.
        """
        key = (name, size)
        if key not in self._icons:
            assert name in ICONS, name
            picture = draw_icon(name, self.px(size), self.palette)
            self._icons[key] = ImageTk.PhotoImage(picture, master=self.root)
        return self._icons[key]

    def apply(self, name: str) -> None:
        """Switch to the palette "dark", "light" or "system", all open windows included."""
        self.palette = palette_named(name)
        for (icon, size), image in self._icons.items():
            image.paste(draw_icon(icon, self.px(size), self.palette))
        configure_styles(self.style, self.palette, self.px, self.font)
        for widget_class, options in self._plain_options().items():
            for option, value in options.items():
                self.root.option_add(f"*{widget_class}.{option}", value, "startupFile")
        self._recolour(".")

    def _plain_options(self) -> dict[str, dict[str, Any]]:
        """Options of the widgets that ttk does not have, by their class."""
        palette = self.palette
        words = {"background": palette.field, "foreground": palette.text}
        chosen = {
            "selectBackground": palette.selection,
            "selectForeground": palette.selection_text,
            "highlightBackground": palette.border,
            "highlightColor": palette.accent,
        }
        return {
            "Toplevel": {"background": palette.background},
            "Canvas": {"background": palette.pane, "highlightThickness": 0},
            "Text": words | chosen | {"insertBackground": palette.text, "relief": "flat"},
            "Listbox": words
            | chosen
            | {
                "relief": "flat",
                "borderWidth": self.px(5),
                "highlightThickness": 0,
                "activeStyle": "none",
            },
            "Menu": {
                "background": palette.raised,
                "foreground": palette.text,
                "activeBackground": palette.selection,
                "activeForeground": palette.selection_text,
                "disabledForeground": palette.disabled,
                "selectColor": palette.text,
                "relief": "raised",
                "borderWidth": 1,
                "activeBorderWidth": 0,
            },
        }

    def _recolour(self, path: str) -> None:
        """Give the open windows the new colours, and tell those that draw themselves."""
        call = self.root.tk.call
        widget_class = "Toplevel" if path == "." else str(call("winfo", "class", path))
        # Menus of a menu bar are clones that tkinter cannot name: hence by path.
        for option, value in self._plain_options().get(widget_class, {}).items():
            call(path, "configure", f"-{option.lower()}", value)
        call("winfo", "id", path)  # without an X window of its own it would not get the event
        call("event", "generate", path, PALETTE_CHANGED)
        for child in self.root.tk.splitlist(call("winfo", "children", path)):
            self._recolour(str(child))

    def _size_fonts(self) -> None:
        base = 12 if sys.platform == "win32" else 13
        pixels = -self.px(base)
        for name in _TEXT_FONTS:
            tkfont.nametofont(name, self.root).configure(size=pixels)
        for name in _SMALL_FONTS:
            tkfont.nametofont(name, self.root).configure(size=-self.px(base * 0.88))
        text = tkfont.nametofont("TkDefaultFont", self.root)
        tkfont.nametofont("TkHeadingFont", self.root).configure(weight="bold")
        self._fonts = {"text": text, "fixed": tkfont.nametofont("TkFixedFont", self.root)}
        family = text.actual("family")
        for name, (factor, weight) in _EXTRA_FONTS.items():
            self._fonts[name] = tkfont.Font(
                self.root,
                family=family,
                size=-self.px(base * factor),
                weight=weight,  # type: ignore[arg-type]
            )


def theme_of(widget: tk.Misc) -> Theme:
    """The theme of the widget's root.

    Raises:
        AttributeError: no ``Theme`` was made for that root.
    """
    theme: Theme = getattr(widget.nametowidget("."), _ATTRIBUTE)
    return theme


def screen_scaling(root: tk.Tk) -> float:
    """The screen's dots an inch over 96, between 1 and 4; macOS scales by itself."""
    if str(root.tk.call("tk", "windowingsystem")) == "aqua":
        return 1.0
    return min(4.0, max(1.0, round(root.winfo_fpixels("1i") / 96, 2)))
