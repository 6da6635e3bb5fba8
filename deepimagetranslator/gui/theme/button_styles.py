"""The ttk styles of buttons and menu buttons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from tkinter import font as tkfont
from tkinter import ttk
from typing import Any

from deepimagetranslator.gui.theme.palette import Palette

Px = Callable[[float], int]
FontNamed = Callable[[str], tkfont.Font]
Layout = Any
_FLAT_BUTTON: Layout = [
    (
        "Button.border",
        {
            "sticky": "nswe",
            "children": [
                (
                    "Button.padding",
                    {"sticky": "nswe", "children": [("Button.label", {"sticky": "nswe"})]},
                )
            ],
        },
    )
]
_CAPTION = ("Menubutton.label", {"side": "left", "expand": "1", "sticky": "nswe"})
_ARROW = ("Drawn.downarrow", {"side": "right", "sticky": ""})
_AROUND = ("Menubutton.padding", {"expand": "1", "sticky": "we", "children": [_ARROW, _CAPTION]})
_MENU_BUTTON: Layout = [("Menubutton.border", {"sticky": "nswe", "children": [_AROUND]})]


def configure_buttons(style: ttk.Style, palette: Palette, px: Px, font: FontNamed) -> None:
    """Give every kind of button its colours, sizes and layout."""
    for name, face in _faces(palette).items():
        _button(style, name, face, palette, px)
        # Without clam's dotted line, since the edge shows the keyboard focus.
        style.layout(name, _MENU_BUTTON if name == "TMenubutton" else _FLAT_BUTTON)
    style.configure("Accent.TButton", font=font("bold"))
    style.configure("Card.TButton", font=font("bold"))
    style.configure("Row.TButton", anchor="w")
    style.map(
        "Tool.TButton",
        background=[
            ("disabled", palette.background),
            ("pressed", palette.pressed),
            ("selected", palette.field),
            ("active", palette.hover),
        ],
    )


@dataclass(frozen=True)
class _Face:
    """The look of a button. Colours are "#rrggbb".

    Attributes:
        rest, hover, pressed: the surface normally, under the pointer, pressed.
        words: the text.
        edge, focus, off_edge: the edge normally, with the keyboard focus, disabled.
        padding: space beside and above the text, in pixels at 100 per cent.
        width: in characters; a negative number is a minimum.
    """

    rest: str
    hover: str
    pressed: str
    words: str
    edge: str
    focus: str
    off_edge: str
    padding: tuple[float, float] = (14, 5)
    width: int = -9


def _faces(palette: Palette) -> dict[str, _Face]:
    plain = _Face(
        palette.raised,
        palette.hover,
        palette.pressed,
        palette.text,
        edge=palette.border,
        focus=palette.accent,
        off_edge=palette.disabled,
    )
    accent = replace(
        plain,
        rest=palette.accent,
        hover=palette.accent_hover,
        pressed=palette.accent,
        words=palette.accent_text,
        edge=palette.accent,
        focus=palette.text,
    )
    tool = replace(
        plain,
        rest=palette.background,
        edge=palette.background,
        off_edge=palette.background,
        padding=(6, 4),
        width=0,
    )
    return {
        "TButton": plain,
        "Accent.TButton": accent,
        "Tool.TButton": tool,
        "TMenubutton": plain,
        "Card.TButton": replace(plain, padding=(10, 10), width=0),
        "Row.TButton": replace(tool, edge=palette.border, padding=(8, 6)),
    }


def _button(style: ttk.Style, name: str, face: _Face, palette: Palette, px: Px) -> None:
    style.configure(
        name,
        background=face.rest,
        foreground=face.words,
        bordercolor=face.edge,
        lightcolor=face.rest,
        darkcolor=face.rest,
        padding=tuple(map(px, face.padding)),
        width=face.width,
        anchor="center",
        relief="raised",
        shiftrelief=0,
    )
    surface = [
        ("disabled", palette.background),
        ("pressed", face.pressed),
        ("active", face.hover),
    ]
    ring: list[Any] = [("focus", "!disabled", face.focus), *surface]
    style.map(
        name,
        background=surface,
        lightcolor=ring,
        darkcolor=ring,
        bordercolor=[("disabled", face.off_edge), ("focus", face.focus)],
        foreground=[("disabled", palette.disabled)],
    )
