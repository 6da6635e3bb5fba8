"""The look of the window: fonts, scaling, palette and ttk styles.

There is one ``Theme`` per root, created right after ``Tk()`` and before any widget. The styles are
based on clam, whose widgets scale and support the keyboard fully. Widgets that draw themselves bind
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
_EXTRA_FONTS = {
    "chapter": (1.5, "bold"),
    "heading": (1.15, "bold"),
    "bold": (1.0, "bold"),
    "small": (0.88, "normal"),
}


class Theme:
    """Scaling, fonts, palette and styles of one root.

    Args:
        root: the ``Tk``; the theme applies to all widgets that are created later.
        palette: "dark", "light" or "system".
        scaling: 1.0 is for 96 dots per inch; None takes the screen's.

    Attributes:
        palette: the current colours.
        scaling: the factor for all sizes.
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
        """Pixels for a length at 100 per cent; at least 1 unless the length is 0."""
        return max(1, round(length * self.scaling)) if length else 0

    def font(self, name: str = "text") -> tkfont.Font:
        """The font "text", "chapter", "heading", "bold", "small" or "fixed"."""
        return self._fonts[name]

    def icon(self, name: str, size: int = 16) -> ImageTk.PhotoImage:
        """An icon; its colours follow the palette.

        Args:
            name: one of ``icons.ICONS``.
            size: width and height in pixels at 100 per cent.
        """
        key = (name, size)
        if key not in self._icons:
            assert name in ICONS, name
            picture = draw_icon(name, self.px(size), self.palette)
            self._icons[key] = ImageTk.PhotoImage(picture, master=self.root)
        return self._icons[key]

    def apply(self, name: str) -> None:
        """Switch all windows to the palette "dark", "light" or "system"."""
        self.palette = palette_named(name)
        for (icon, size), image in self._icons.items():
            image.paste(draw_icon(icon, self.px(size), self.palette))
        configure_styles(self.style, self.palette, self.px, self.font)
        for widget_class, options in self._plain_options().items():
            for option, value in options.items():
                self.root.option_add(f"*{widget_class}.{option}", value, "startupFile")
        self._recolour(".")

    def _plain_options(self) -> dict[str, dict[str, Any]]:
        """Options of widgets that are not ttk widgets, by class."""
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
        """Apply the palette to a widget and its children, and send ``<<PaletteChanged>>``."""
        call = self.root.tk.call
        widget_class = "Toplevel" if path == "." else str(call("winfo", "class", path))
        # By path, since menus of a menu bar are clones that tkinter does not know.
        for option, value in self._plain_options().get(widget_class, {}).items():
            call(path, "configure", f"-{option.lower()}", value)
        call("winfo", "id", path)  # creates the X window that the event needs
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
    """The screen's dots per inch divided by 96, from 1 to 4; 1 on macOS, which scales itself."""
    if str(root.tk.call("tk", "windowingsystem")) == "aqua":
        return 1.0
    return min(4.0, max(1.0, round(root.winfo_fpixels("1i") / 96, 2)))
